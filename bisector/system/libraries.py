"""C libraries that features of HAProxy need: what they are called, and where they are here.

Compilers find those of the system by themselves. :mod:`bisector.system.debian` fetches others into
the workspace.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bisector.system.files import digest
from bisector.system.tools import machine
from bisector.system.workspace import Workspace

_PREFIXES = (Path("/usr"), Path("/usr/local"))


@dataclass(frozen=True)
class Kind:
    """A library: what it is called, and the make ``options`` of HAProxy that need it.

    It has a ``header``, ``names`` that the linker is given, and is in Debian's ``package``.
    """

    title: str
    options: tuple[str, ...]
    header: str
    names: tuple[str, ...]
    package: str


KINDS: Mapping[str, Kind] = {
    "openssl": Kind(
        "OpenSSL",
        ("USE_OPENSSL", "USE_QUIC"),
        "openssl/opensslv.h",
        ("ssl", "crypto"),
        "libssl-dev",
    ),
    "zlib": Kind("zlib", ("USE_ZLIB",), "zlib.h", ("z",), "zlib1g-dev"),
    "pcre2": Kind(
        "PCRE2",
        ("USE_PCRE2", "USE_PCRE2_JIT"),
        "pcre2.h",
        ("pcre2-8", "pcre2-posix"),
        "libpcre2-dev",
    ),
    "systemd": Kind(
        "systemd", ("USE_SYSTEMD",), "systemd/sd-daemon.h", ("systemd",), "libsystemd-dev"
    ),
}

# OpenSSL since 3.0, older ones, zlib, PCRE2
_VERSIONS = (
    re.compile(r"^# *define OPENSSL_VERSION_(?:MAJOR|MINOR|PATCH) +(\d+)", re.M),
    re.compile(r"OpenSSL (\d+)\.(\d+)\.(\d+)"),
    re.compile(r'^#define ZLIB_VERSION "(\d+)\.(\d+)', re.M),
    re.compile(r"^#define PCRE2_(?:MAJOR|MINOR)\s+(\d+)", re.M),
)


@dataclass(frozen=True)
class Library:
    """A library to compile and link with: its version, and a digest of it for cache keys.

    ``include`` and ``folder`` are where its headers and files are, '' if compilers look there.
    """

    name: str
    version: str
    identity: str
    include: str = ""
    folder: str = ""

    @property
    def numbers(self) -> tuple[int, ...]:
        """The version's numbers."""
        return tuple(map(int, re.findall(r"\d+", self.version)))


def find(workspace: Workspace, name: str) -> Library | None:
    """The library *name* of KINDS: the system's, else the fetched one."""
    kind = KINDS[name]
    for prefix in _PREFIXES:
        includes, folders = _places(prefix)
        if found := _found(name, kind, includes, folders):
            return found
    home = folder_of(workspace, name)
    include, folder = home / "include", home / "lib"
    found = _found(name, kind, [include], [folder])
    if found is None:
        return None
    return Library(name, found.version, found.identity, str(include), str(folder))


def folder_of(workspace: Workspace, name: str) -> Path:
    """The folder of the fetched library *name*, which may not exist."""
    return workspace.root / "tools" / f"{KINDS[name].package}-{machine()}"


def _places(prefix: Path) -> tuple[list[Path], list[Path]]:
    """The folders below *prefix* in which compilers look for headers, and the linker's."""
    triplet = f"{platform.machine()}-linux-gnu"
    includes = [prefix / "include", prefix / "include" / triplet]
    return includes, [prefix / "lib" / triplet, prefix / "lib64", prefix / "lib"]


def _found(name: str, kind: Kind, includes: list[Path], folders: list[Path]) -> Library | None:
    header = next((path for path in _files(includes, kind.header)), None)
    files = [next(_files(folders, f"lib{one}.so", f"lib{one}.a"), None) for one in kind.names]
    if header is None or None in files:
        return None
    text = header.read_text(encoding="utf-8", errors="replace")
    numbers = next(filter(None, (pattern.findall(text) for pattern in _VERSIONS)), [])
    flat = [part for one in numbers for part in ([one] if isinstance(one, str) else one)]
    contents = (path.read_bytes() for path in files if path)
    return Library(name, ".".join(flat[:3]), digest(text, *contents))


def _files(folders: list[Path], *names: str) -> Iterator[Path]:
    """The files with one of *names* in *folders*."""
    for folder in folders:
        for name in names:
            if (path := folder / name).is_file():
                yield path
