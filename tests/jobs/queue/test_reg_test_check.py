"""The reg-tests for a fix: chosen by what it changes, in trees that only the store has."""

from __future__ import annotations

import pygit2
from pygit2.enums import FileMode

from bisector.git.history import History
from bisector.jobs.queue.coverage_map import CoverageMap
from bisector.jobs.queue.reg_test_check import Choice, choose
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

SOURCE = "int one(void)\n{\n\treturn 1;\n}\n\nint two(void)\n{\n\treturn 2;\n}\n"
COVERAGE = CoverageMap({"reg-tests/a.vtc": frozenset([("src/a.c", "one")])}, {})
ONE, TWO = ("src/a.c", "one"), ("src/a.c", "two")


def chosen(clone: Clone, workspace: Workspace, source: str) -> Choice:
    """The choice for a tip whose src/a.c becomes *source*, in a tree of the private store."""
    tip = clone.commit({"src/a.c": SOURCE})
    history = History.open(clone.path, workspace)
    index = pygit2.Index()
    index.read_tree(history.read(tip).tree)
    blob = history.store.create_blob(source.encode())
    index.add(pygit2.IndexEntry("src/a.c", blob, FileMode.BLOB))
    after = str(index.write_tree(history.store))
    return choose(history, history.tree_id(tip), after, COVERAGE)


def test_a_change_to_what_a_test_executes_chooses_it(clone: Clone, workspace: Workspace) -> None:
    found = chosen(clone, workspace, SOURCE.replace("return 1", "return 3"))
    assert found == Choice(frozenset([ONE]), ("reg-tests/a.vtc",))


def test_a_change_to_another_function_chooses_none(clone: Clone, workspace: Workspace) -> None:
    found = chosen(clone, workspace, SOURCE.replace("return 2", "return 3"))
    assert found == Choice(frozenset([TWO]), ())


def test_a_change_to_no_function_chooses_none(clone: Clone, workspace: Workspace) -> None:
    assert chosen(clone, workspace, "/* text */\n" + SOURCE) == Choice(frozenset(), ())
