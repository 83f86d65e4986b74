"""The files of a source tree: all of upstream's, and nothing from outside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bisector.errors import SourceProblem
from bisector.system import source_files
from bisector.system.archives import Member
from tests.support.packages import archive


def write(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


def test_a_folder_is_read_with_its_modes_and_links(tmp_path: Path) -> None:
    folder = write(tmp_path, "src/a.c", "run")
    (folder / "run").chmod(0o755)
    os.symlink("../src/", folder / "src" / "link")  # noqa: PTH211 - with a last slash
    assert source_files.of_folder(folder) == {
        "run": Member(b"run", executable=True),
        "src/a.c": Member(b"src/a.c"),
        "src/link": Member(b"../src/", is_link=True),
    }


def test_what_a_build_git_and_quilt_left_is_no_source(tmp_path: Path) -> None:
    left = ("haproxy", "src/a.o", ".build_opts", ".git/config", ".pc/applied-patches", "a.c.orig")
    folder = write(tmp_path, "src/a.c", "src/haproxy", *left)
    assert set(source_files.of_folder(folder)) == {"src/a.c", "src/haproxy"}


@pytest.mark.parametrize("target", ["/etc/passwd", "../x", "../../x", "d/../x", "a/../../x"])
def test_a_link_that_may_lead_out_is_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(SourceProblem, match=r"link links to .*: which may lead out of it"):
        source_files.of_folder(tmp_path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceProblem, match="pipe is neither a file nor a folder"):
        source_files.of_folder(tmp_path)


def test_a_folder_of_something_else_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_files, "MAX_ENTRIES", 1)
    with pytest.raises(SourceProblem, match=r"has more than .* or 1 files"):
        source_files.of_folder(write(tmp_path, "a", "b"))


def test_the_folder_that_has_all_files_of_an_archive_is_left_out(tmp_path: Path) -> None:
    tar = archive(tmp_path / "x.tar.gz", {"VERSION": "1", "src/a.c": "2", ".git/x": ""}, "haproxy")
    assert set(source_files.of_archive(tar)) == {"VERSION", "src/a.c"}
    assert set(source_files.of_archive(tar, whole=True)) == {"haproxy/VERSION", "haproxy/src/a.c"}
    bare = archive(tmp_path / "y.tar.gz", {"VERSION": "1", "src/a.c": "2"})
    assert set(source_files.of_archive(bare)) == {"VERSION", "src/a.c"}
