"""What is missing is named as the machine's own distribution calls it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bisector.system import packages
from bisector.system.libraries import KINDS
from bisector.system.packages import ALPINE, ARCH, DEBIAN, FAMILIES, FEDORA, Family

# ID and ID_LIKE as the distributions' os-release files have them
SYSTEMS = {
    "Debian": ({"ID": "debian"}, DEBIAN),
    "Ubuntu": ({"ID": "ubuntu", "ID_LIKE": "debian"}, DEBIAN),
    "Mint": ({"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, DEBIAN),
    "Fedora": ({"ID": "fedora"}, FEDORA),
    "RHEL": ({"ID": "rhel", "ID_LIKE": "fedora"}, FEDORA),
    "Rocky": ({"ID": "rocky", "ID_LIKE": "rhel centos fedora"}, FEDORA),
    "Alpine": ({"ID": "alpine"}, ALPINE),
    "postmarketOS": ({"ID": "postmarketos", "ID_LIKE": "alpine"}, ALPINE),
    "Arch": ({"ID": "arch"}, ARCH),
    "Manjaro": ({"ID": "manjaro", "ID_LIKE": "arch"}, ARCH),
    "NixOS": ({"ID": "nixos"}, None),
    "no os-release": ({}, None),
}


@pytest.fixture(autouse=True)
def _root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def be(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let this machine be a system of SYSTEMS."""
    monkeypatch.setattr(packages, "os_release", lambda: SYSTEMS[name][0])


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_distribution_is_told_by_its_id_and_what_it_is_like(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    be(monkeypatch, name)
    assert packages.family() is SYSTEMS[name][1]


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("Debian", "apt-get install -y gcc libc6-dev libcrypt-dev libssl-dev"),
        ("Ubuntu", "apt-get install -y gcc libc6-dev libcrypt-dev libssl-dev"),
        ("Fedora", "dnf install -y gcc glibc-devel libxcrypt-devel openssl-devel"),
        ("Alpine", "apk add gcc musl-dev linux-headers openssl-dev"),
        ("Arch", "pacman -S --needed --noconfirm gcc glibc libxcrypt openssl"),
        ("NixOS", ""),
    ],
)
def test_the_command_has_the_distributions_own_names(
    monkeypatch: pytest.MonkeyPatch, name: str, command: str
) -> None:
    be(monkeypatch, name)
    wanted = packages.packages_of("gcc", "libc", "crypt", "openssl")
    assert packages.install_command(wanted) == command


def test_another_user_than_root_needs_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    be(monkeypatch, "Fedora")
    assert packages.advice(["gcc"]) == "run: sudo dnf install -y gcc"


def test_on_an_unknown_system_debians_names_are_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    be(monkeypatch, "NixOS")
    wanted = packages.packages_of("zlib", "lua")
    assert packages.advice(wanted) == "install what Debian calls zlib1g-dev, liblua5.4-dev"


def test_what_a_distribution_lacks_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    be(monkeypatch, "Alpine")
    assert packages.packages_of("systemd", "zlib", "sanitizers") == ("zlib-dev",)
    assert packages.advice(packages.packages_of("systemd")).startswith("this distribution has no")


@pytest.mark.parametrize("name", KINDS)
def test_a_library_that_is_fetched_is_in_the_table_by_the_same_names(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    be(monkeypatch, "Debian")
    kind = KINDS[name]
    assert packages.packages_of(name) == (kind.package,)
    assert packages.of_header(kind.header) == name
    assert {packages.of_library(library) for library in kind.names} == {name}


@pytest.mark.parametrize(
    ("header", "library", "software"),
    [
        ("openssl/ssl.h", "ssl", "openssl"),
        ("pcre2.h", "pcre2-8", "pcre2"),
        ("lua.h", "lua5.4", "lua"),
        ("zlib.h", "z", "zlib"),
        ("systemd/sd-daemon.h", "systemd", "systemd"),
        ("crypt.h", "crypt", "crypt"),
        ("wurfl/wurfl.h", "wurfl", ""),
    ],
)
def test_headers_and_libraries_lead_to_the_same_software(
    header: str, library: str, software: str
) -> None:
    assert packages.of_header(header) == packages.of_library(library) == software


def test_every_header_and_library_is_of_software_in_the_table() -> None:
    named = {*packages._HEADERS.values(), *packages._LIBRARIES.values()}
    assert named <= packages._PACKAGES.keys()


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.manager)
def test_a_name_is_one_word_of_what_package_managers_allow(family: Family) -> None:
    column = FAMILIES.index(family)
    words = [word for row in packages._PACKAGES.values() for word in row[column].split()]
    assert words
    assert all(Path(word).name == word and word.islower() for word in words)
