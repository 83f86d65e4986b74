"""Files beside a configuration are copied, others are not looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.testing.new import named_files
from bisector.testing.new.named_files import NamedFiles

KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n"


def test_a_file_is_found_by_its_path_or_its_name(tmp_path: Path) -> None:
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps/a.map").write_text("a b\n")
    (tmp_path / "b.lst").write_text("10.0.0.1\n")
    files = NamedFiles(tmp_path)
    line = "acl x path,map(maps/a.map,z) -m found -i -f /etc/haproxy/b.lst"
    assert files.line(line) == (
        "acl x path,map(${testdir}/a.map,z) -m found -i -f ${testdir}/b.lst"
    )
    assert files.files == {"a.map": "a b\n", "b.lst": "10.0.0.1\n"}
    assert files.problems == []


def test_an_empty_file_stands_in_for_a_map_and_a_line_goes_that_needs_more(tmp_path: Path) -> None:
    files = NamedFiles(tmp_path)
    assert files.line("acl x src -f no.lst") == "acl x src -f ${testdir}/no.lst"
    assert files.line("errorfile 503 /etc/haproxy/503.http") == ""
    assert files.line("lua-load x.lua arg") == ""
    assert files.files == {"no.lst": ""}
    missing = "is not beside the configuration"
    assert files.problems == [
        f"no.lst {missing}; an empty file stands in for it",
        f"503.http {missing}",
        f"x.lua {missing}",
    ]


def test_lua_and_error_files_are_taken(tmp_path: Path) -> None:
    (tmp_path / "x.lua").write_text("-- x\n")
    files = NamedFiles(tmp_path)
    assert files.line("lua-load /etc/x.lua arg") == "lua-load ${testdir}/x.lua arg"
    assert files.files == {"x.lua": "-- x\n"}


@pytest.mark.parametrize("content", [KEY.encode(), b"\xff\xfe"], ids=["key", "binary"])
def test_what_is_no_text_or_has_a_key_is_not_taken(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.lua").write_bytes(content)
    files = NamedFiles(tmp_path)
    assert files.line("lua-load x.lua") == ""
    assert files.files == {}
    assert len(files.problems) == 1


def test_a_certificate_with_a_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_text(KEY)
    (tmp_path / "b.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    files = NamedFiles(tmp_path)
    files.certificate("/etc/ssl/a.pem")
    files.certificate("b.pem")
    assert files.problems == ["a.pem has a private key in it, and was not taken"]


def test_nothing_outside_of_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("s")
    folder = tmp_path / "conf"
    folder.mkdir()
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    files = NamedFiles(folder)
    for name in ("../secret.txt", str(tmp_path / "secret.txt"), "link.txt"):
        files.line(f"acl x src -f {name}")
    assert set(files.files.values()) == {""}


def test_a_large_file_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named_files, "MAX_BYTES", 2)
    (tmp_path / "x.lst").write_text("abc")
    files = NamedFiles(tmp_path)
    files.line("acl x src -f x.lst")
    assert files.files == {"x.lst": ""}
