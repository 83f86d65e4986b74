"""Which functions commits change: found by text, without a diff."""

from __future__ import annotations

import pygit2
from pygit2.enums import FileMode

from bisector.git.history import History
from bisector.patch import function_changes
from bisector.patch.function_changes import Function, weights
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

TWO = """\
static int first(int a,
                 int b)
{
	if (a) {
		return b;
	}
	return 1;
}

struct x { int y; };

int second(void)
{
	return 2;
}
"""
HEADER = "static inline int small(void)\n{\n\treturn 1;\n}\n"


def changes(
    clone: Clone, workspace: Workspace, commits: list[str], *wanted: Function
) -> list[set[str]]:
    """The names of the *wanted* functions that each of *commits* changes."""
    history = History.open(clone.path, workspace)
    found = function_changes.changed(history, commits, wanted)
    return [{name for _, name in found.get(commit, ())} for commit in commits]


def with_file(history: History, tree: str, path: str, blob: pygit2.Oid) -> str:
    """A tree of the private store: *tree* with *blob* at *path*."""
    index = pygit2.Index()
    index.read_tree(history.store[tree].peel(pygit2.Tree))
    index.add(pygit2.IndexEntry(path, blob, FileMode.BLOB))
    return str(index.write_tree(history.store))


A, B = ("src/a.c", "first"), ("src/a.c", "second")


def test_a_commit_changes_the_functions_whose_text_it_changes(
    clone: Clone, workspace: Workspace
) -> None:
    clone.commit({"src/a.c": TWO})
    commits = [
        clone.commit({"src/a.c": TWO.replace("return b", "return a")}),
        clone.commit({"src/a.c": TWO}),
        clone.commit({"src/a.c": TWO.replace("return 2", "return 3")}),
        clone.commit({"src/a.c": "/* more */\n" + TWO.replace("return 2", "return 3")}),
        clone.commit({"src/a.c": TWO.replace("return 1", "return 4")}),
        clone.commit({"src/b.c": TWO}),
    ]
    first, second = {"first"}, {"second"}
    assert changes(clone, workspace, commits, A, B) == [
        first,
        first,
        second,
        set(),
        first | second,
        set(),
    ]
    assert changes(clone, workspace, commits, A)[2:] == [set(), set(), first, set()]


def test_a_new_function_and_one_that_goes_are_changed(clone: Clone, workspace: Workspace) -> None:
    clone.commit({"src/a.c": "int other;\n"})
    commits = [clone.commit({"src/a.c": TWO}), clone.commit({"src/a.c": None})]
    assert changes(clone, workspace, commits, A, B) == [{"first", "second"}] * 2


def test_an_inline_function_is_looked_for_in_headers_and_known_files(
    clone: Clone, workspace: Workspace
) -> None:
    clone.commit({"include/haproxy/x.h": HEADER, "src/a.c": HEADER, "src/b.c": HEADER})
    other = HEADER.replace("1", "2")
    commits = [
        clone.commit({"include/haproxy/x.h": other}),
        clone.commit({"src/a.c": other}),
        clone.commit({"src/b.c": other}),
    ]
    assert changes(clone, workspace, commits, ("", "small"), A) == [{"small"}, {"small"}, set()]
    assert changes(clone, workspace, commits, A) == [set(), set(), set()]


def test_what_only_the_test_executes_weighs_more_if_it_is_rare_or_all_that_is_changed() -> None:
    usual, rare, often = ("src/a.c", "main"), ("src/a.c", "rare"), ("src/a.c", "often")
    touched = {
        "1": frozenset([usual]),
        "2": frozenset([rare, usual]),
        "3": frozenset([often]),
        "4": frozenset([often]),
        "5": frozenset([often]),
        "6": frozenset([rare]),
        "7": frozenset([rare, often]),
    }
    found = weights(touched, [rare, often])
    assert found.keys() == {"2", "3", "4", "5", "6", "7"}
    assert found["7"] > found["6"] > found["3"] == found["4"] == found["5"]
    assert found["6"] > found["2"]


def test_an_inline_function_of_the_test_weighs_wherever_it_is() -> None:
    touched = {"1": frozenset([("include/x.h", "small")]), "2": frozenset([("src/a.c", "big")])}
    assert weights(touched, [("", "small")]) == {"1": 1.0}


def test_commits_that_touch_a_source_and_all_functions_that_they_change(
    clone: Clone, workspace: Workspace
) -> None:
    first = clone.commit({"src/a.c": TWO})
    both = clone.commit({"src/a.c": TWO + "\n", "src/b.c": TWO})
    other = clone.commit({"src/b.c": HEADER})
    history = History.open(clone.path, workspace)
    assert function_changes.touching(history, [both, other], {"src/a.c"}) == {both}
    assert function_changes.touching(history, [first, both, other], ()) == frozenset()
    assert dict(function_changes.every(history, [both, other])) == {
        both: {("src/b.c", "first"), ("src/b.c", "second")},
        other: {("src/b.c", "first"), ("src/b.c", "second"), ("src/b.c", "small")},
    }


def test_what_differs_between_two_trees_also_of_the_store(
    clone: Clone, workspace: Workspace
) -> None:
    first = clone.commit({"src/a.c": TWO, "addons/promex/b.c": TWO})
    history = History.open(clone.path, workspace)
    before = history.tree_id(first)
    blob = history.store.create_blob(TWO.replace("return 2", "return 3").encode())
    after = with_file(history, before, "src/a.c", blob)
    assert str(after) not in clone.git
    assert function_changes.between(history.store, before, after) == {B}
    both = with_file(history, after, "addons/promex/b.c", blob)
    found = function_changes.between(history.store, before, both)
    assert found == {B, ("addons/promex/b.c", "second")}
    assert function_changes.between(history.store, before, before) == frozenset()
