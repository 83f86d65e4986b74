"""The names that distributions give to packages, and the command that installs these.

What bisector itself cannot fetch, it can at least name. The distribution is told by ID and ID_LIKE
of os-release(5).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bisector.system.tools import os_release


@dataclass(frozen=True)
class Family:
    """Distributions with the same names of packages.

    ``members`` are the values of ID or ID_LIKE that mean it. ``install`` is the command before the
    names of packages, and ``sparing`` its options that leave out what is only recommended.
    ``refresh`` is the command that updates the lists of packages; empty if ``install`` does.
    """

    members: tuple[str, ...]
    install: tuple[str, ...]
    sparing: tuple[str, ...] = ()
    refresh: tuple[str, ...] = ()

    @property
    def manager(self) -> str:
        """The program that installs packages."""
        return self.install[0]


DEBIAN = Family(
    ("debian", "ubuntu"),
    ("apt-get", "install", "-y"),
    ("--no-install-recommends",),
    ("apt-get", "update"),
)
FEDORA = Family(("fedora", "rhel", "centos"), ("dnf", "install", "-y"))
ALPINE = Family(("alpine",), ("apk", "add"), refresh=("apk", "update"))
ARCH = Family(("arch",), ("pacman", "-S", "--needed", "--noconfirm"))
FAMILIES = (DEBIAN, FEDORA, ALPINE, ARCH)

# The packages in the order of FAMILIES, separated by blanks; '' where there is none. Those for
# compiling bring the library, too.
_PACKAGES: Mapping[str, tuple[str, str, str, str]] = {
    # programs
    **{name: (name,) * 4 for name in ("gcc", "make", "bubblewrap", "coreutils")},
    "varnishtest": ("varnish",) * 4,
    "valgrind": ("valgrind",) * 4,
    "h2load": ("nghttp2-client", "nghttp2", "nghttp2", "nghttp2"),
    # the compiler's and the C library's
    "libc": ("libc6-dev", "glibc-devel", "musl-dev linux-headers", "glibc"),
    "kernel": ("linux-libc-dev", "kernel-headers", "linux-headers", "linux-api-headers"),
    "crypt": ("libcrypt-dev", "libxcrypt-devel", "musl-dev", "libxcrypt"),
    "atomic": ("gcc", "libatomic", "libatomic", "gcc-libs"),
    "sanitizers": ("gcc", "libasan libubsan", "", "gcc-libs"),
    # other libraries, that HAProxy's build options use
    "lua": ("liblua5.4-dev", "lua-devel", "lua5.4-dev", "lua"),
    "lua5.3": ("liblua5.3-dev", "", "lua5.3-dev", "lua53"),
    "pcre": ("libpcre3-dev", "pcre-devel", "pcre-dev", "pcre"),
    "pcre2": ("libpcre2-dev", "pcre2-devel", "pcre2-dev", "pcre2"),
    "openssl": ("libssl-dev", "openssl-devel", "openssl-dev", "openssl"),
    "wolfssl": ("libwolfssl-dev", "wolfssl-devel", "wolfssl-dev", "wolfssl"),
    "systemd": ("libsystemd-dev", "systemd-devel", "", "systemd-libs"),
    "zlib": ("zlib1g-dev", "zlib-devel", "zlib-dev", "zlib"),
    "slz": ("", "libslz-devel", "", ""),
}

# What has a header (a name that ends in / is a folder) or a library, by its name in _PACKAGES.
_HEADERS: Mapping[str, str] = {
    **dict.fromkeys(("pcre.h", "pcreposix.h"), "pcre"),
    **dict.fromkeys(("pcre2.h", "pcre2posix.h"), "pcre2"),
    **dict.fromkeys(("lua.h", "lauxlib.h", "lualib.h"), "lua"),
    **dict.fromkeys(("linux/", "asm/", "asm-generic/"), "kernel"),
    "openssl/": "openssl",
    "wolfssl/": "wolfssl",
    "systemd/": "systemd",
    "zlib.h": "zlib",
    "slz.h": "slz",
    "crypt.h": "crypt",
}
_LIBRARIES: Mapping[str, str] = {
    **dict.fromkeys(("pcre", "pcreposix"), "pcre"),
    **dict.fromkeys(("pcre2-8", "pcre2-16", "pcre2-32", "pcre2-posix"), "pcre2"),
    **dict.fromkeys(("ssl", "crypto"), "openssl"),
    **dict.fromkeys(("lua", "lua5.4", "lua-5.4", "lua54"), "lua"),
    **dict.fromkeys(("lua5.3", "lua-5.3", "lua53"), "lua5.3"),
    **dict.fromkeys(("c", "dl", "m", "pthread", "rt"), "libc"),
    **dict.fromkeys(("asan", "ubsan"), "sanitizers"),
    "atomic": "atomic",
    "wolfssl": "wolfssl",
    "systemd": "systemd",
    "z": "zlib",
    "slz": "slz",
    "crypt": "crypt",
}


def family() -> Family | None:
    """The family of this machine's distribution; None if it is of no known one."""
    release = os_release()
    for word in (release.get("ID", ""), *release.get("ID_LIKE", "").split()):
        for known in FAMILIES:
            if word in known.members:
                return known
    return None


def packages_of(*names: str) -> tuple[str, ...]:
    """The packages with the programs and libraries *names*, which are those of the table.

    A distribution that is not known is taken for Debian. What has no package is left out.
    """
    column = FAMILIES.index(family() or DEBIAN)
    return tuple(dict.fromkeys(word for name in names for word in _PACKAGES[name][column].split()))


def of_header(name: str) -> str:
    """The library, as packages_of() knows it, that has the header *name*; '' if it is not known."""
    return _HEADERS.get(name) or _HEADERS.get(f"{name.partition('/')[0]}/", "")


def of_library(name: str) -> str:
    """The same for a library as the linker calls it, without `lib`."""
    return _LIBRARIES.get(name, "")


def install_command(packages: Iterable[str]) -> str:
    """The line for a shell that installs *packages*; '' for a distribution that is not known."""
    known = family()
    if known is None:
        return ""
    sudo = () if os.geteuid() == 0 else ("sudo",)
    return " ".join((*sudo, *known.install, *packages))


def advice(packages: Iterable[str]) -> str:
    """What a user should do to get *packages*, in a few words."""
    wanted = tuple(packages)
    if not wanted:
        return "this distribution has no package with it"
    if command := install_command(wanted):
        return f"run: {command}"
    return f"install what Debian calls {', '.join(wanted)}"
