"""Archives of trees: complete for a build, without objects of the base, and verified."""

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
    """The receiver's store."""
    return pygit2.init_repository(str(tmp_path / "other"), bare=True)


def pack(store: pygit2.Repository, tree: str, base: str = "") -> Archive:
    return Packer(str(store.path)).pack([tree], base)


def names(packed: Archive) -> set[str]:
    return {name for _, name, _ in packed.objects}


def blob(text: str) -> str:
    return str(pygit2.hash(text.encode()))


def test_only_what_a_build_reads_of_the_tree_is_sent(
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


def test_objects_of_the_base_are_not_sent(clone: Clone, other: pygit2.Repository) -> None:
    first = clone.commit(FILES)
    base, tree = clone.tree({}, first), clone.tree({"src/y.c": "int y;\n"}, first)
    unpack(other, pack(clone.git, base))
    more = pack(clone.git, tree, base)
    src = str((clone.git[tree].peel(pygit2.Tree) / "src").id)
    assert names(more) == {tree, src, blob("int y;\n")}
    unpack(other, more)
    assert content_key(other, tree) == content_key(clone.git, tree)


def test_without_the_base_nothing_is_unpacked(clone: Clone, other: pygit2.Repository) -> None:
    """Otherwise the store would have an incomplete tree."""
    first = clone.commit(FILES)
    base, tree = clone.tree({}, first), clone.tree({"src/y.c": "int y;\n"}, first)
    unpack(other, pack(clone.git, tree, base))
    assert tree not in other


def test_an_unknown_base_is_ignored(clone: Clone) -> None:
    tree = clone.tree(FILES, clone.commit({}))
    assert names(pack(clone.git, tree, "0" * 40)) == names(pack(clone.git, tree))


def test_files_of_a_folder_that_is_now_built_are_sent(
    clone: Clone, other: pygit2.Repository
) -> None:
    """The receiver has the folder's tree, but not its files."""
    first = clone.commit({"doc/sub/a.c": "int a;\n"})
    base = clone.tree({}, first)
    tree = clone.tree({"doc/sub/a.c": None, "src/sub/a.c": "int a;\n"}, first)
    unpack(other, pack(clone.git, base))
    assert blob("int a;\n") not in other
    unpack(other, pack(clone.git, tree, base))
    assert blob("int a;\n") in other


def test_a_tree_is_sent_after_its_entries(clone: Clone) -> None:
    """After an interrupted transfer, an incomplete tree must not be in the store."""
    tree = clone.tree(FILES, clone.commit({}))
    assert pack(clone.git, tree).objects[-1][:2] == ("tree", tree)


@pytest.mark.parametrize("content", [zlib.compress(b"int evil;"), b"no archive"])
def test_an_object_whose_hash_is_not_its_id_is_refused(
    other: pygit2.Repository, content: bytes
) -> None:
    with pytest.raises(WorkspaceProblem, match="damaged"):
        unpack(other, Archive("", (("blob", blob("int good;"), content),)))


@pytest.mark.parametrize("room", [0, 1 << 20])
def test_a_packers_result_does_not_depend_on_its_cache(
    clone: Clone, other: pygit2.Repository, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr(tree_archive, "_CACHE_BYTES", room)
    first = clone.commit(FILES)
    trees = [clone.tree({"src/y.c": f"int y{n};\n"}, first) for n in (1, 2, 1)]
    packer = Packer(str(clone.git.path))
    assert [packer.pack([tree]) for tree in trees] == [pack(clone.git, tree) for tree in trees]


def test_objects_common_to_several_trees_are_compressed_once(
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
        packer.pack([tree])
    assert compressed.count(b"int deep;\n") == 1
