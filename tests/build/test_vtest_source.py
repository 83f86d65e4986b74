"""VTest's source, as users name it."""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path

import pytest

from bisector.build.vtest_source import fetch
from bisector.errors import MissingProgram, UsageProblem
from tests.support.clone import Clone
from tests.support.vtest_sources import NEWER, SOURCE, written


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    path = tmp_path / "scratch"
    path.mkdir()
    return path


def test_a_folder_is_copied_without_what_was_built_there(tmp_path: Path, scratch: Path) -> None:
    folder = written(tmp_path / "source", {**SOURCE, "vtest": "old", "src/vtest.o": "old"})
    tree = fetch(str(folder), scratch)
    assert {path.name for path in tree.path.rglob("*")} == {"Makefile", "src", "vtest.c"}
    assert tree.origin.startswith("source ")
    assert (folder / "vtest").read_text() == "old"


def test_an_archive_may_have_all_in_one_folder(tmp_path: Path, scratch: Path) -> None:
    folder = written(tmp_path / "VTest2-main")
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        archive.add(folder, "VTest2-main")
    packed = fetch(str(tmp_path / "x.tar.gz"), scratch)
    assert (packed.path / "src/vtest.c").is_file()
    other = tmp_path / "other"
    other.mkdir()
    assert fetch(str(folder), other).origin == packed.origin


@pytest.mark.parametrize("how", ["{}", "{}/", "{}/.git", "file://{}"])
def test_of_a_repository_the_commit_that_is_checked_out_is_taken(
    clone: Clone, scratch: Path, how: str
) -> None:
    clone.commit(SOURCE)
    commit = clone.commit(NEWER)
    clone.git.set_head(clone.git[commit].id)  # detached, as after `git checkout COMMIT`
    written(clone.path, {"src/vtest.c": "not committed"})
    tree = fetch(how.format(clone.path), scratch)
    assert tree.origin == f"commit {commit[:12]}"
    assert (tree.path / "src/vtest.c").read_text() == NEWER["src/vtest.c"]


def test_so_is_that_of_a_bare_repository(tmp_path: Path, scratch: Path) -> None:
    bare = Clone(tmp_path / "bare.git", bare=True)
    commit = bare.commit(SOURCE)
    assert fetch(str(bare.path), scratch).origin == f"commit {commit[:12]}"


def test_the_same_source_has_the_same_name_and_another_has_another(
    tmp_path: Path, scratch: Path
) -> None:
    origins = []
    for name, files in (("a", SOURCE), ("b", SOURCE), ("c", NEWER)):
        (scratch / name).mkdir()
        origins.append(fetch(str(written(tmp_path / name, files)), scratch / name).origin)
    assert origins[0] == origins[1] != origins[2]


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("{}/gone", "gone is neither a folder nor a file nor a URL"),
        ("{}", "has no Makefile that makes vtest"),
        ("{}/Makefile", "neither a tar file"),
        ("http://example.org/x.git", "no URL for https, ssh or file"),
        ("ext::sh -c true", "neither a folder nor a file nor a URL"),
        ("git://example.org/x.git", "no URL for https, ssh or file"),
        ("file://{}/gone", "git cannot read file://.*gone: .*git repository"),
        ("-x", "-x is neither"),
    ],
)
def test_anything_else_is_refused_in_one_line(
    tmp_path: Path, scratch: Path, named: str, said: str
) -> None:
    written(tmp_path, {"Makefile": "all:\nvtest := 1\n"})
    with pytest.raises(UsageProblem, match=said) as raised:
        fetch(named.format(tmp_path), scratch)
    assert "\n" not in str(raised.value)


def test_a_folder_with_a_link_out_of_it_is_refused(tmp_path: Path, scratch: Path) -> None:
    folder = written(tmp_path / "source")
    (folder / "key").symlink_to("/etc/passwd")
    with pytest.raises(UsageProblem, match=r"source cannot be used: \./key links to"):
        fetch(str(folder), scratch)


def test_a_repository_without_a_commit_is_refused(clone: Clone, scratch: Path) -> None:
    with pytest.raises(UsageProblem, match="git cannot read"):
        fetch(str(clone.path), scratch)


def test_no_hook_of_a_repository_is_run(clone: Clone, scratch: Path, tmp_path: Path) -> None:
    clone.commit(SOURCE)
    for name in ("post-checkout", "post-upload-pack", "pre-auto-gc", "reference-transaction"):
        hook = clone.path / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/run\n")
        hook.chmod(0o755)
    fetch(str(clone.path), scratch)
    assert not (tmp_path / "run").exists()


def test_without_git_the_error_says_so(
    clone: Clone, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.commit(SOURCE)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(MissingProgram, match="no git on this machine"):
        fetch(str(clone.path), scratch)


def test_a_fifo_is_not_waited_for(tmp_path: Path, scratch: Path) -> None:
    folder = written(tmp_path / "source")
    os.mkfifo(folder / "fifo")
    with pytest.raises(UsageProblem, match="fifo is neither a file nor a folder"):
        fetch(str(folder), scratch)
