"""A merge of the changed contents finds what a merge of whole trees does."""

from __future__ import annotations

from collections.abc import Mapping

import pygit2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pygit2.enums import FileMode

from bisector.patch.three_way import AS_GIT, MergedTree, merge_trees
from tests.support.clone import Clone

PATHS = ("src/a.c", "src/deep/b.c", "top.c", "doc/d.txt", "src/a_c")
LINES = [f"line {number}\n" for number in range(8)]
Files = Mapping[str, str | None]

CONTENTS = st.lists(st.sampled_from(range(8)), max_size=2, unique=True).map(
    lambda changed: "".join("new\n" if n in changed else line for n, line in enumerate(LINES))
)
TREES = st.dictionaries(st.sampled_from(PATHS), CONTENTS, min_size=3)


def tree(clone: Clone, files: Files) -> pygit2.Tree:
    return clone.git[clone.tree(files)].peel(pygit2.Tree)


def whole(clone: Clone, base: pygit2.Tree, ours: pygit2.Tree, theirs: pygit2.Tree) -> pygit2.Index:
    return clone.git.merge_trees(base, ours, theirs, file_flags=AS_GIT)


@given(base=TREES, ours=TREES, theirs=TREES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_trees(
    clone: Clone, base: dict[str, str], ours: dict[str, str], theirs: dict[str, str]
) -> None:
    sides = tuple(tree(clone, one) for one in (base, {**base, **ours}, {**base, **theirs}))
    merged, expected = merge_trees(clone.git, *sides), whole(clone, *sides)
    if expected.conflicts is None:
        assert merged == MergedTree(expected.write_tree(clone.git))
        return
    paths = {str(entry.path) for sides in expected.conflicts for entry in sides if entry}
    if isinstance(merged, MergedTree):
        assert set(merged.left_out) == paths == {"doc/d.txt"}
    else:
        assert {conflict.path for conflict in merged} == paths


def test_a_renamed_file_is_followed(clone: Clone) -> None:
    content = "".join(LINES)
    base, ours = tree(clone, {"src/new.c": content}), tree(clone, {"src/old.c": content})
    theirs = tree(clone, {"src/new.c": content.replace("line 3", "fixed")})
    merged = merge_trees(clone.git, base, ours, theirs)
    assert merged == MergedTree(whole(clone, base, ours, theirs).write_tree(clone.git))
    assert merged.tree == tree(clone, {"src/old.c": content.replace("line 3", "fixed")}).id


@pytest.mark.parametrize("change", [{"src/a.c": None}, {"src/b.c": "new\n"}])
def test_files_are_removed_and_added(clone: Clone, change: Files) -> None:
    files = {"src/a.c": "one\n", "top.c": "two\n"}
    base, ours = tree(clone, files), tree(clone, {**files, "src/own.c": "own\n"})
    after = {path: text for path, text in {**files, **change}.items() if text is not None}
    merged = merge_trees(clone.git, base, ours, tree(clone, after))
    assert merged == MergedTree(tree(clone, {**after, "src/own.c": "own\n"}).id)


def test_the_mode_of_the_branch_stays(clone: Clone) -> None:
    content = "".join(LINES)
    base = tree(clone, {"src/a.c": content})
    folder = clone.git.TreeBuilder(base["src"].peel(pygit2.Tree))
    folder.insert("a.c", base["src/a.c"].id, FileMode.BLOB_EXECUTABLE)
    root = clone.git.TreeBuilder(base)
    root.insert("src", folder.write(), FileMode.TREE)
    ours = clone.git[root.write()].peel(pygit2.Tree)
    theirs = tree(clone, {"src/a.c": content.replace("line 3", "fixed")})
    merged = merge_trees(clone.git, base, ours, theirs)
    assert isinstance(merged, MergedTree)
    entry = clone.git[merged.tree].peel(pygit2.Tree)["src/a.c"]
    assert entry.filemode == FileMode.BLOB_EXECUTABLE
    assert entry.id == theirs["src/a.c"].id
