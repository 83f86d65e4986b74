"""Where the libraries of HAProxy's features are, and how a fetched one is laid out."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from bisector.system import debian, libraries
from bisector.system.workspace import Workspace

TRIPLET = f"{platform.machine()}-linux-gnu"
OPENSSL = """\
# define OPENSSL_VERSION_MAJOR  3
# define OPENSSL_VERSION_MINOR  0
# define OPENSSL_VERSION_PATCH  19
"""


@pytest.fixture
def usr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands for /usr."""
    monkeypatch.setattr(libraries, "_PREFIXES", (tmp_path / "usr",))
    return tmp_path / "usr"


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def openssl(prefix: Path, version: str = OPENSSL, folder: str = f"lib/{TRIPLET}") -> None:
    write(prefix / "include/openssl/opensslv.h", version)
    for name in ("ssl", "crypto"):
        write(prefix / folder / f"lib{name}.so", name)


@pytest.mark.parametrize("folder", [f"lib/{TRIPLET}", "lib64", "lib"])
def test_the_systems_is_where_compilers_look(workspace: Workspace, usr: Path, folder: str) -> None:
    openssl(usr, folder=folder)
    found = libraries.find(workspace, "openssl")
    assert found
    assert (found.version, found.include, found.folder) == ("3.0.19", "", "")
    assert found.numbers == (3, 0, 19)


def test_older_openssl_has_its_version_in_one_text(workspace: Workspace, usr: Path) -> None:
    openssl(usr, '# define OPENSSL_VERSION_TEXT    "OpenSSL 1.1.1w  11 Sep 2023"\n')
    found = libraries.find(workspace, "openssl")
    assert found and found.version == "1.1.1"


@pytest.mark.parametrize("lacks", ["include/openssl/opensslv.h", f"lib/{TRIPLET}/libcrypto.so"])
def test_one_that_is_not_complete_is_none(workspace: Workspace, usr: Path, lacks: str) -> None:
    openssl(usr)
    (usr / lacks).unlink()
    assert libraries.find(workspace, "openssl") is None


def test_its_identity_is_of_its_header_and_its_files(workspace: Workspace, usr: Path) -> None:
    openssl(usr)
    first = libraries.find(workspace, "openssl")
    assert libraries.find(workspace, "openssl") == first
    write(usr / "lib" / TRIPLET / "libssl.so", "rebuilt")
    second = libraries.find(workspace, "openssl")
    assert first and second and first.identity != second.identity


def test_a_fetched_one_names_its_folders(workspace: Workspace, usr: Path) -> None:
    home = libraries.folder_of(workspace, "openssl")
    openssl(home, folder="lib")
    found = libraries.find(workspace, "openssl")
    assert found
    assert (found.include, found.folder) == (str(home / "include"), str(home / "lib"))
    openssl(usr)
    system = libraries.find(workspace, "openssl")
    assert system and system.include == "", "the system's comes first"


def test_what_packages_hold_is_laid_out_as_it_is_found(
    workspace: Workspace, usr: Path, tmp_path: Path
) -> None:
    """The header that depends on the architecture among them, and the library behind the link."""
    unpacked, home = tmp_path / "unpacked", libraries.folder_of(workspace, "openssl")
    write(unpacked / "include/openssl/opensslv.h", OPENSSL)
    write(unpacked / "include" / TRIPLET / "openssl/configuration.h")
    write(unpacked / "lib" / TRIPLET / "libssl.so.3", "it")
    (unpacked / "lib" / TRIPLET / "libssl.so").symlink_to("libssl.so.3")
    (unpacked / "lib" / TRIPLET / "libcrypto.so").symlink_to("libc.so.6")
    home.mkdir(parents=True)
    debian._arrange_library(unpacked, home)
    assert (home / "include/openssl/configuration.h").is_file()
    assert (home / "lib/libssl.so").read_text() == (home / "lib/libssl.so.3").read_text() == "it"
    installed = (home / "lib/libcrypto.so").readlink()
    assert installed == Path("/usr/lib") / TRIPLET / "libc.so.6", "what is installed is linked to"
