"""Trees for another machine: all that a build reads, and nothing wrong or known already."""

from __future__ import annotations

import zlib
from pathlib import Path

import pygit2
import pytest

from bisector.build.build_tree import BuildTree
from bisector.errors import WorkspaceProblem
from bisector.git import tree_archive
from bisector.git.object_store import content_key
from bisector.git.tree_archive import Archive, Packer, unpack
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

FILES = {"src/x/deep.c": "int deep;\n", "doc/big/text.txt": "long\n", "README": "read\n"}


@pytest.fixture
def other(tmp_path: Path) -> pygit2.Repository:
    """The other machine's store."""
    return pygit2.init_repository(str(tmp_path / "other"), bare=True)


def pack(store: pygit2.Repository, tree: str, base: str = "") -> Archive:
    return Packer(str(store.path)).pack(tree, base)


def names(packed: Archive) -> set[str]:
    return {name for _, name, _ in packed.objects}


def blob(text: str) -> str:
    return str(pygit2.hash(text.encode()))


def test_what_comes_is_the_tree_with_all_that_a_build_reads_and_no_more(
    clone: Clone, other: pygit2.Repository, workspace: Workspace
) -> None:
    tree = clone.tree(FILES, clone.commit({}))
    unpack(other, pack(clone.git, tree))
    assert content_key(other, tree) == content_key(clone.git, tree)
    assert blob("int deep;\n") in other
    assert blob("long\n") not in other and blob("read\n") not in other

    with workspace.build_tree("any") as (folder, _):
        BuildTree(folder, other, workspace).checkout(tree, "any")
        assert (folder / "src/x/deep.c").read_text() == "int deep;\n"
        assert not (folder / "doc").exists()


def test_what_the_other_has_already_is_left_out(clone: Clone, other: pygit2.Repository) -> None:
    first = clone.commit(FILES)
    base, tree = clone.tree({}, first), clone.tree({"src/y.c": "int y;\n"}, first)
    unpack(other, pack(clone.git, base))
    more = pack(clone.git, tree, base)
    src = str((clone.git[tree].peel(pygit2.Tree) / "src").id)
    assert names(more) == {tree, src, blob("int y;\n")}
    unpack(other, more)
    assert content_key(other, tree) == content_key(clone.git, tree)


def test_what_is_left_out_must_be_there(clone: Clone, other: pygit2.Repository) -> None:
    """Else a tree would be there that cannot be built."""
    first = clone.commit(FILES)
    base, tree = clone.tree({}, first), clone.tree({"src/y.c": "int y;\n"}, first)
    unpack(other, pack(clone.git, tree, base))
    assert tree not in other


def test_a_base_that_is_not_known_here_saves_nothing(clone: Clone) -> None:
    tree = clone.tree(FILES, clone.commit({}))
    assert names(pack(clone.git, tree, "0" * 40)) == names(pack(clone.git, tree))


def test_what_was_not_built_and_is_now_comes_too(clone: Clone, other: pygit2.Repository) -> None:
    """A folder that is known by name, but was sent without its files."""
    first = clone.commit({"doc/sub/a.c": "int a;\n"})
    base = clone.tree({}, first)
    tree = clone.tree({"doc/sub/a.c": None, "src/sub/a.c": "int a;\n"}, first)
    unpack(other, pack(clone.git, base))
    assert blob("int a;\n") not in other
    unpack(other, pack(clone.git, tree, base))
    assert blob("int a;\n") in other


def test_a_tree_comes_after_all_its_parts(clone: Clone) -> None:
    """One that was killed while it unpacked must not take half a tree for a whole one."""
    tree = clone.tree(FILES, clone.commit({}))
    assert pack(clone.git, tree).objects[-1][:2] == ("tree", tree)


@pytest.mark.parametrize("content", [zlib.compress(b"int evil;"), b"no archive"])
def test_what_is_not_what_its_name_says_is_refused(
    other: pygit2.Repository, content: bytes
) -> None:
    with pytest.raises(WorkspaceProblem, match="damaged"):
        unpack(other, Archive("", (("blob", blob("int good;"), content),)))


@pytest.mark.parametrize("room", [0, 1 << 20])
def test_a_packer_gives_the_same_whatever_it_kept(
    clone: Clone, other: pygit2.Repository, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr(tree_archive, "_ROOM", room)
    first = clone.commit(FILES)
    trees = [clone.tree({"src/y.c": f"int y{n};\n"}, first) for n in (1, 2, 1)]
    packer = Packer(str(clone.git.path))
    assert [packer.pack(tree) for tree in trees] == [pack(clone.git, tree) for tree in trees]


def test_what_trees_have_in_common_is_compressed_once(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    compressed: list[bytes] = []

    def compress(data: bytes, level: int) -> bytes:
        compressed.append(data)
        return data

    monkeypatch.setattr(zlib, "compress", compress)
    first = clone.commit(FILES)
    packer = Packer(str(clone.git.path))
    for tree in (clone.tree({}, first), clone.tree({"src/y.c": "int y;\n"}, first)):
        packer.pack(tree)
    assert compressed.count(b"int deep;\n") == 1
