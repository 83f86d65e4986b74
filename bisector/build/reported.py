"""How a HAProxy was built, by what its `-vv` says: options to build other revisions like it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bisector.build.features import FEATURES

_LINE = r"^[ \t>]*{name}[ \t]*= *(.*)$"
_OPTION = re.compile(r"\b(USE_\w+)=(\S*)")
_DEFINE = re.compile(r"(?<!\S)-D\S+")

# What needs a library that is not in distributions, or that another option excludes here.
_NOT_HERE = re.compile(
    r"USE_(?:STATIC_\w+|PCRE|PCRE_JIT|OPENSSL_(?:AWSLC|WOLFSSL)|51DEGREES|DEVICEATLAS|WURFL|OT\w*)"
)


@dataclass(frozen=True)
class Reported:
    """Options of a build: ``features`` by name, other make ``variables``.

    ``left_out`` are options that cannot be had here.
    """

    features: frozenset[str] = frozenset()
    variables: Mapping[str, str] | None = None
    left_out: tuple[str, ...] = ()


def parse(text: str) -> Reported | None:
    """The options in *text*, which has the output of `haproxy -vv`; None if it has none."""
    target, options = _value(text, "TARGET"), _value(text, "OPTIONS")
    if target is None or options is None:
        return None
    found = of_options(dict(_OPTION.findall(options)))
    debug = _value(text, "DEBUG") or ""
    defines = " ".join([*debug.split(), *_DEFINE.findall(_value(text, "CFLAGS") or "")])
    more = {"DEBUG": defines} if defines else {}
    return replace(found, variables={"TARGET": target, **(found.variables or {}), **more})


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


def _value(text: str, name: str) -> str | None:
    """The value of the line `NAME = VALUE`; None if there is no such line."""
    found = re.search(_LINE.format(name=name), text, re.M)
    return found[1].strip() if found else None
