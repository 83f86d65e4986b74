"""Which make variables and libraries build a feature of HAProxy at one revision; pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from bisector.system.libraries import Library

_QUIC_LIBRARY = (3, 5)  # the first OpenSSL with an interface for QUIC
_NATIVE = "HAVE_OPENSSL_QUIC"  # stands in a revision that uses that interface
_COMPAT = "QUIC_OPENSSL_COMPAT"  # the module with which QUIC can use an OpenSSL without that

Source = Callable[[str], str]
"""Reads a file of a revision by its path; '' if there is none."""


@dataclass(frozen=True)
class Feature:
    """What a feature needs beside its make variable: a ``library``, other features."""

    library: str = ""
    needs: tuple[str, ...] = ()


FEATURES: Mapping[str, Feature] = {
    "OPENSSL": Feature("openssl"),
    "QUIC": Feature(needs=("OPENSSL",)),
    _COMPAT: Feature(needs=("QUIC", "OPENSSL")),
    "ZLIB": Feature("zlib"),
    "PCRE2": Feature("pcre2"),
    "PCRE2_JIT": Feature("pcre2", needs=("PCRE2",)),
    "SYSTEMD": Feature("systemd"),
    "PROMEX": Feature(),
}


def known(asked: Collection[str]) -> tuple[str, ...]:
    """Those of the features *asked* for that can be built here, and what they need."""
    named = {name for name in asked if name in FEATURES}
    needed = {need for name in named for need in FEATURES[name].needs}
    without_compat = (f"!{_COMPAT}",) if f"!{_COMPAT}" in asked and "QUIC" in named else ()
    return (*sorted(named | needed), *without_compat)


def libraries(names: Collection[str]) -> tuple[str, ...]:
    """The names of the libraries that features need."""
    needed = (FEATURES[name].library for name in names if name in FEATURES)
    return tuple(dict.fromkeys(filter(None, needed)))


def variables(names: Collection[str], found: Collection[Library], source: Source) -> dict[str, str]:
    """The make variables for the features *names* that a revision's Makefile knows.

    *found* are the libraries that are there; a feature without its library is left out.
    """
    makefile, there = source("Makefile"), {library.name: library for library in found}
    chosen = {name for name in names if _is_there(name, there) and _knows(makefile, name)}
    if "QUIC" in chosen and _COMPAT not in chosen and not _is_native(there["openssl"], source):
        if f"!{_COMPAT}" not in names and _knows(makefile, _COMPAT):
            chosen.add(_COMPAT)
        else:
            chosen.discard("QUIC")
    return {f"USE_{name}": "1" for name in sorted(chosen)}


def _is_there(name: str, there: Collection[str]) -> bool:
    feature = FEATURES.get(name)
    if feature is None:
        return False
    needed = libraries((name, *feature.needs))
    return all(library in there for library in needed)


def _knows(makefile: str, name: str) -> bool:
    return re.search(rf"\bUSE_{name}\b", makefile) is not None


def _is_native(openssl: Library, source: Source) -> bool:
    """Whether the revision uses the OpenSSL's own interface for QUIC."""
    is_new = openssl.numbers >= _QUIC_LIBRARY
    return is_new and _NATIVE in source("include/haproxy/openssl-compat.h")
