"""Names of source trees, from a folder, an archive or a package to a commit."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pygit2
import pytest

from bisector.errors import NoSuchRevision, SourceProblem
from bisector.git.history import History
from bisector.git.source_trees import WithSourceTrees
from bisector.probing.source_trees import Importer
from bisector.system import debian_package
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.packages import SOURCE, archive, package, patch

PATCHES = {
    "patches/series": "first.patch\nsecond.patch\n",
    "patches/first.patch": patch("src/x.c", "1\n", "2\n", "Description: one\n"),
    "patches/second.patch": patch("src/x.c", "2\n", "3\n", "Description: two\n"),
}
RULES = "build:\n\tmake USE_OPENSSL=1 USE_SLZ=1 USE_OT=1 CFLAGS=-O3\n"
UPSTREAM = {**SOURCE, "src/x.c": "1\n", "src/y.c": "new\n"}


@pytest.fixture
def history(clone: Clone, workspace: Workspace) -> WithSourceTrees:
    """A clone with the release from which the trees differ in src/y.c."""
    clone.tag("v3.0.0", clone.commit({"VERSION": "3.0.1\n", "src/x.c": "1\n"}))
    clone.tag("v3.0.1", clone.commit({"src/z.c": "\n"}))
    base = History.open(clone.path, workspace)
    return WithSourceTrees(base, Importer(workspace, True, lambda text: None).find)


def folder(path: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    return path


def subjects(history: History, name: str) -> list[str]:
    """Of the commits from the release on."""
    start = history.resolve("v3.0.1").id
    return [history.commit(c).subject for c in history.between(start, history.resolve(name).id)]


def test_a_folder_and_an_archive_give_the_same_source(
    history: WithSourceTrees, tmp_path: Path
) -> None:
    tree = folder(tmp_path / "haproxy", UPSTREAM)
    tar = archive(tmp_path / "haproxy-3.0.1.tar.gz", UPSTREAM, "haproxy-3.0.1")
    names = [str(tree), str(tar), os.path.relpath(tree)]
    assert len({history.tree_id(history.resolve(name).id) for name in names}) == 1
    assert subjects(history, str(tar)) == ["HAProxy 3.0.1: haproxy-3.0.1.tar.gz"]
    assert history.remarks[0] == (
        f"{names[-1]}: HAProxy 3.0.1, taken for a child of v3.0.0: 5 of 6 files are the same"
    )


def test_a_package_is_its_source_and_each_of_its_patches(
    history: WithSourceTrees, tmp_path: Path
) -> None:
    dsc = str(package(tmp_path / "p", {**PATCHES, "rules": RULES}, UPSTREAM))
    tip = history.resolve(dsc).id
    assert subjects(history, dsc)[-3:] == ["HAProxy 3.0.1: haproxy 3.0.1-1", "one", "two"]
    assert history.read(tip).tree["src/x.c"].peel(pygit2.Blob).data == b"3\n"
    assert history.release(tip) == "haproxy 3.0.1-1"
    place, options = history.remarks
    assert place.endswith("files are the same; with the 2 patches of debian/patches/series")
    assert options == (
        f"{dsc}: built as its debian/rules says, with USE_OPENSSL=1 USE_SLZ=1; "
        "without USE_OT, CFLAGS"
    )


def test_patches_that_quilt_has_applied_are_not_applied_again(
    history: WithSourceTrees, tmp_path: Path
) -> None:
    below = {f"debian/{name}": text for name, text in PATCHES.items()}
    half = {**UPSTREAM, **below, "src/x.c": "2\n", ".pc/applied-patches": "first.patch\n"}
    tip = history.resolve(str(folder(tmp_path / "half", half))).id
    assert history.read(tip).tree["src/x.c"].peel(pygit2.Blob).data == b"3\n"
    assert history.remarks[0].endswith("; with the 2 patches of debian/patches/series")


def test_a_patch_that_does_not_apply_is_named(history: WithSourceTrees, tmp_path: Path) -> None:
    other = {**PATCHES, "patches/second.patch": patch("src/x.c", "8\n", "9\n")}
    dsc = package(tmp_path / "p", other, UPSTREAM)
    with pytest.raises(SourceProblem, match=r"\.dsc: debian/patches/second.patch does not apply"):
        history.resolve(str(dsc))


def test_releases_that_are_not_known_are_said(history: WithSourceTrees, tmp_path: Path) -> None:
    tree = folder(tmp_path / "haproxy", {**UPSTREAM, "VERSION": "2.8.3\n"})
    with pytest.raises(NoSuchRevision):
        history.resolve("2.8.3")
    history.resolve(str(tree))
    assert history.remarks[0].endswith("HAProxy 2.8.3, and no release in this clone is like it")


@pytest.mark.parametrize("name", ["", "nosuch", "x" * 5000, "a\0b", "v3.0.0/../x"])
def test_any_other_text_is_no_revision(history: WithSourceTrees, name: str) -> None:
    with pytest.raises(NoSuchRevision):
        history.resolve(name)


@pytest.mark.parametrize("name", ["./nosuch", "/nosuch/x.tar.gz", "nosuch.dsc"])
def test_a_path_that_is_not_there_is_said(history: WithSourceTrees, name: str) -> None:
    with pytest.raises(SourceProblem, match=f"there is no {name}: name a folder"):
        history.resolve(name)


def test_what_is_no_source_of_haproxy_is_refused(history: WithSourceTrees, tmp_path: Path) -> None:
    text = folder(tmp_path / "a", {"VERSION": "1"}) / "VERSION"
    os.mkfifo(tmp_path / "pipe")
    for path, said in (
        (tmp_path / "a", "is no source of HAProxy: it has no Makefile"),
        (text, "cannot be used: neither a tar file"),
        (tmp_path / "pipe", "is neither a file nor a folder"),
    ):
        with pytest.raises(SourceProblem if path != text else Exception, match=said):
            history.resolve(str(path))


def test_a_tarball_that_leads_out_of_its_folder_is_refused(
    history: WithSourceTrees, tmp_path: Path
) -> None:
    tar = archive(tmp_path / "x.tar.gz", {**UPSTREAM, "../../out": ""}, "haproxy")
    with pytest.raises(Exception, match=r"haproxy/../../out leads out of it"):
        history.resolve(str(tar))
    assert tarfile.is_tarfile(tar)


@pytest.mark.parametrize("name", ["debian:", "debian:haproxy", "debian:../x/y", "debian:a/b/c"])
def test_a_name_of_a_package_has_a_suite(history: WithSourceTrees, name: str) -> None:
    with pytest.raises(SourceProblem, match="write debian:PACKAGE/SUITE"):
        history.resolve(name)


def test_a_package_of_debian_is_fetched(
    history: WithSourceTrees, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsc = package(tmp_path / "p", PATCHES, UPSTREAM)
    asked: list[tuple[str, bool]] = []

    def fetch(workspace: Workspace, name: str, *, offline: bool) -> Path:
        asked.append((name, offline))
        return dsc

    monkeypatch.setattr(debian_package, "fetch", fetch)
    tip = history.resolve("debian:haproxy/trixie").id
    assert history.release(tip) == "haproxy 3.0.1-1"
    assert asked == [("debian:haproxy/trixie", True)]
