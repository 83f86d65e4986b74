"""Which HAProxy it was and how it was built, by what its `-vv` says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bisector.build.features import FEATURES

_LINE = r"^[ \t>]*{name}[ \t]*= *(.*)$"
_OPTION = re.compile(r"\b(USE_\w+)=(\S*)")
# 3.0.11, 3.0.11-1+deb13u1, or from a clone: 3.5-dev5-50872d-38, with the commit
_VERSION = re.compile(
    r"^[ \t>]*HA-?Proxy version (\d+\.\d+(?:\.\d+|-dev\d+))(?:-([0-9a-f]{6,40})-\d+)?", re.M
)
_DEFINE = re.compile(r"(?<!\S)-D\S+")

# What needs a library that is not in distributions, or that another option excludes here.
_NOT_HERE = re.compile(
    r"USE_(?:STATIC_\w+|PCRE|PCRE_JIT|OPENSSL_(?:AWSLC|WOLFSSL)|51DEGREES|DEVICEATLAS|WURFL|OT\w*)"
)


@dataclass(frozen=True)
class Reported:
    """Options of a build: ``features`` by name, other make ``variables``.

    ``left_out`` are options that cannot be had here. ``revisions`` are names of what it was built
    from, the most exact first: a commit's, the release's.
    """

    features: frozenset[str] = frozenset()
    variables: Mapping[str, str] | None = None
    left_out: tuple[str, ...] = ()
    revisions: tuple[str, ...] = ()


def parse(text: str) -> Reported | None:
    """The options in *text*, which has the output of `haproxy -vv`; None if it has none."""
    target, options = _value(text, "TARGET"), _value(text, "OPTIONS")
    if target is None or options is None:
        return None
    found = of_options(dict(_OPTION.findall(options)))
    debug = _value(text, "DEBUG") or ""
    defines = " ".join([*debug.split(), *_DEFINE.findall(_value(text, "CFLAGS") or "")])
    more = {"DEBUG": defines} if defines else {}
    variables = {"TARGET": target, **(found.variables or {}), **more}
    return replace(found, variables=variables, revisions=_revisions(text))


def of_options(given: Mapping[str, str]) -> Reported:
    """What the make variables *given* stand for: features where they are known as such."""
    left_out = tuple(name for name, value in given.items() if value and _NOT_HERE.fullmatch(name))
    names = {name.removeprefix("USE_") for name, value in given.items() if value not in ("", "0")}
    others = {
        name: value
        for name, value in given.items()
        if name not in left_out and name.removeprefix("USE_") not in names & FEATURES.keys()
    }
    return Reported(frozenset(names & FEATURES.keys()), others, left_out)


def _revisions(text: str) -> tuple[str, ...]:
    """The names of the revisions that the first line of the output may stand for."""
    found = _VERSION.search(text)
    if found is None:
        return ()
    return (*filter(None, [found[2]]), f"v{found[1]}")


def _value(text: str, name: str) -> str | None:
    """The value of the line `NAME = VALUE`; None if there is no such line."""
    found = re.search(_LINE.format(name=name), text, re.M)
    return found[1].strip() if found else None
