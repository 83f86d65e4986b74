"""What a fix lacks: commits that changed its lines, and commits that brought its names."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bisector.jobs.queue.prerequisites import MOST_BY_LINES, Lacking, Supplies
from bisector.jobs.queue.series import COMMITTER
from bisector.patch.cherry_pick import Picker
from tests.support.queues import OTHER, C, Lines, line

NEW = "int lamp_new(void)\n{\n\treturn 1;\n}\n"


def lacking(
    lines: Lines,
    fix: str,
    there: tuple[str, ...] = (),
    refused: Callable[[str], bool] = lambda one: False,
) -> Lacking:
    history, source = lines.history, lines.source()
    supplies = Supplies(history, source, Picker(history.store, COMMITTER), refused)
    return Lacking(supplies, fix, source.branch.tip, (), there)


def clashing(lines: Lines, kind: str) -> tuple[str, str]:
    """A commit of this kind, and a fix that changes the same line."""
    needed = lines.main({C: line(3, "one();")}, f"{kind}: lamp: one")
    return needed, lines.main({C: line(3, "fixed();")}, "BUG/MINOR: lamp: fix")


def test_a_fix_that_applies_needs_nothing(lines: Lines) -> None:
    fix = lines.main({C: line(3, "fixed();")}, "BUG/MINOR: lamp: fix")
    found = lacking(lines, fix)
    assert found.search().commits == ()
    assert found.clashing == ()
    assert found.why == {}


def test_other_lines_of_the_file_are_not_needed(lines: Lines) -> None:
    content = line(9, "one();")
    lines.main({C: content}, "MINOR: lamp: one")
    fix = lines.main({C: line(2, "fixed();", content)}, "BUG/MINOR: lamp: fix")
    assert lacking(lines, fix).search().commits == ()


@pytest.mark.parametrize("kind", ["MINOR", "CLEANUP", "BUG/MINOR"])
def test_a_small_change_of_the_lines_is_taken(lines: Lines, kind: str) -> None:
    needed, fix = clashing(lines, kind)
    assert lacking(lines, fix).search().commits == (needed,)


@pytest.mark.parametrize("kind", ["MAJOR", "MEDIUM", "REORG", "OPTIM", "IMPORT"])
def test_a_rework_of_the_lines_is_not(lines: Lines, kind: str) -> None:
    needed, fix = clashing(lines, kind)
    found = lacking(lines, fix)
    assert found.search().commits is None
    assert found.clashing == (needed,), "but it is named"


def test_a_refused_commit_is_not_taken(lines: Lines) -> None:
    needed, fix = clashing(lines, "MINOR")
    found = lacking(lines, fix, refused=lambda commit: commit == needed)
    assert found.search().commits is None
    assert found.clashing == (needed,)


def test_no_more_than_a_few_are_taken_for_lines(lines: Lines) -> None:
    needed = [
        lines.main({C: line(3, f"c{number}();")}, f"MINOR: lamp: {number}")
        for number in range(MOST_BY_LINES + 1)
    ]
    fix = lines.main({C: line(3, "fixed();")}, "BUG/MINOR: lamp: fix")
    assert lacking(lines, needed[-1]).search().commits == tuple(needed[:-1])
    assert lacking(lines, fix).search().commits is None
    assert lacking(lines, fix).clashing == tuple(reversed(needed))


def test_what_clashes_in_documentation_is_named_and_not_picked(lines: Lines) -> None:
    lines.main({"doc/lamp.txt": "one\n"}, "DOC: lamp: one")
    needed = lines.main({"doc/lamp.txt": "two\n"}, "DOC: lamp: two")
    found = lacking(lines, lines.main({"doc/lamp.txt": "three\n"}, "DOC: lamp: three"))
    assert found.search().commits is None
    assert needed in found.clashing


@pytest.mark.parametrize("kind", ["MAJOR", "IMPORT"])
def test_a_huge_change_is_not_picked_for_a_name(lines: Lines, kind: str) -> None:
    needed = lines.main({"src/new.c": NEW}, f"{kind}: lamp: new")
    found = lacking(lines, lines.main({C: line(3, "lamp_new();")}, "BUG/MINOR: lamp: fix"))
    assert found.search().commits is None
    assert found.clashing == (needed,)


def test_the_commit_that_brought_a_name_is_taken_even_if_it_is_a_rework(lines: Lines) -> None:
    needed = lines.main({"src/new.c": NEW}, "MEDIUM: lamp: new")
    fix = lines.main({C: line(3, "lamp_new();")}, "BUG/MINOR: lamp: fix")
    found = lacking(lines, fix)
    assert found.search().commits == (needed,)
    assert found.why == {needed: "it brought lamp_new"}


def test_names_are_needed_in_turn(lines: Lines) -> None:
    first = lines.main({OTHER: f"int door;\n{NEW}"}, "MINOR: door: new")
    second = lines.main(
        {"src/new.c": "int lamp_two(void)\n{\n\treturn lamp_new();\n}\n"}, "MINOR: lamp: two"
    )
    fix = lines.main({C: line(3, "lamp_two();")}, "BUG/MINOR: lamp: fix")
    assert lacking(lines, fix).search().commits == (first, second)


def test_a_name_that_is_there_or_that_the_fix_brings_is_not_needed(lines: Lines) -> None:
    needed = lines.main({"src/new.c": NEW}, "MINOR: lamp: new")
    fix = lines.main({C: line(3, "lamp_new();")}, "BUG/MINOR: lamp: fix")
    own = lines.main({OTHER: f"int door;\n{NEW.replace('new', 'own')}"}, "BUG/MINOR: door: own")
    assert lacking(lines, fix, there=(needed,)).search().commits == ()
    assert lacking(lines, own).search().commits == ()


def test_a_name_in_a_comment_is_not_needed(lines: Lines) -> None:
    lines.main({"src/new.c": NEW}, "MINOR: lamp: new")
    fix = lines.main({C: line(3, "fixed(); /* not lamp_new */")}, "BUG/MINOR: lamp: fix")
    assert lacking(lines, fix).search().commits == ()
