"""What a sandbox shows: the system's folders, and the folders around programs and tests."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

SYSTEM = ("/usr", "/nix/store", "/gnu/store")
LINKED = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")  # on most systems links to /usr
# of /etc: what compilers, the C library and OpenSSL read; other files there may be secret
_SETTINGS = (
    *("alternatives", "group", "hosts", "ld.so.cache", "localtime", "nsswitch.conf", "passwd"),
    *("protocols", "services", "ssl/certs", "ssl/openssl.cnf"),
)
_PROCESSORS = "/sys/devices/system"  # HAProxy reads the CPU topology there
SHOWN = (*SYSTEM, *(f"/etc/{name}" for name in _SETTINGS), _PROCESSORS)
"""The system's files and folders that are readable in a sandbox, besides those of LINKED."""
NAMESERVERS = "/etc/resolv.conf"  # HAProxy's default resolvers; without one, some versions crash


def home_of(program: Path) -> Path:
    """The path that has to be readable for *program* to run.

    That is its installation prefix, the folder of a script that runs `lib/` and its own name (the
    layout of `debian.fetch_vtest`), or the program itself.
    """
    folder, prefix = program.parent, program.parent.parent
    if folder.name == "bin" and not has_home(prefix):
        return prefix
    return folder if (folder / "lib" / program.name).is_file() else program


def outermost(paths: Iterable[Path]) -> tuple[str, ...]:
    """The *paths* that are not below the system's folders or another of them.

    Fewer mounts make the sandbox start faster.
    """
    wanted, system = dict.fromkeys(paths), set(map(Path, (*SYSTEM, *LINKED)))
    mounted = system | wanted.keys()
    return tuple(
        str(path) for path in wanted if path not in system and mounted.isdisjoint(path.parents)
    )


def visible(folder: Path, case: Path) -> Path:
    """The path that is readable for the test *case* in *folder*, with its companion files.

    That is the folder or the reg-tests/ folder above it; only the case if that contains $HOME.
    """
    above = (path for path in (folder, *folder.parents) if path.name == "reg-tests")
    top = next(above, folder)
    return case if has_home(top) else top


def has_home(folder: Path) -> bool:
    """Whether *folder* is $HOME or above it."""
    home = os.environ.get("HOME")
    return home is not None and Path(home).resolve().is_relative_to(folder.resolve())
