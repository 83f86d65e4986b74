"""Picks on top of each other, each with what it needs."""

from __future__ import annotations

from collections.abc import Callable

from bisector.jobs.queue.series import Refused, SeriesMaker, Step
from bisector.record.words import How
from tests.support.queues import OTHER, C, Lines, line


def maker(
    lines: Lines, there: tuple[str, ...] = (), refused: Callable[[str], bool] = lambda one: False
) -> SeriesMaker:
    return SeriesMaker(lines.history, lines.source(), there, refused)


def test_a_pick_is_the_new_tip(lines: Lines) -> None:
    fix = lines.main({C: line(3, "fixed();")}, "BUG/MINOR: lamp: fix")
    series = maker(lines)
    assert series.tip == lines.base
    step = series.add(fix, {})
    assert step == Step(series.tip, (), How.EXACT)
    assert (series.picks, series.there) == ({fix: series.tip}, {fix})


def test_the_same_picks_have_the_same_hashes(lines: Lines) -> None:
    fix = lines.main({C: line(3, "fixed();")}, "BUG/MINOR: lamp: fix")
    one, other = maker(lines), maker(lines)
    assert one.add(fix, {}) == other.add(fix, {})


def test_commits_that_are_given_come_first_in_the_order_of_the_line(lines: Lines) -> None:
    one = lines.main({OTHER: "int one;\n"}, "MINOR: door: one")
    two = lines.main({OTHER: "int two;\n"}, "MINOR: door: two")
    fix = lines.main({C: line(3, "fixed();")}, "BUG/MINOR: lamp: fix")
    series = maker(lines)
    step = series.add(fix, {two: "second", one: "first"})
    assert isinstance(step, Step)
    assert [(need.revision, need.why) for need in step.needs] == [(one, "first"), (two, "second")]
    assert [*series.picks] == [one, two, fix]


def test_given_commits_that_are_there_are_left_out(lines: Lines) -> None:
    one = lines.main({OTHER: "int one;\n"}, "MINOR: door: one")
    fix = lines.main({C: line(3, "fixed();")}, "BUG/MINOR: lamp: fix")
    step = maker(lines, there=(one,)).add(fix, {one: "first"})
    assert isinstance(step, Step)
    assert step.needs == ()


def test_a_change_that_is_there_needs_no_pick(lines: Lines) -> None:
    fix = lines.main({C: line(3, "fixed();")}, "BUG/MINOR: lamp: fix")
    own = lines.stable({C: line(3, "fixed();"), OTHER: "int more;\n"}, "MINOR: lamp: both")
    series = maker(lines)
    assert series.add(fix, {}) == Step("", (), How.ALREADY)
    assert (series.tip, series.picks, series.there) == (own, {}, {fix})


def test_nothing_is_picked_of_what_is_refused(lines: Lines) -> None:
    one = lines.main({C: line(3, "one();")}, "MINOR: lamp: one")
    fix = lines.main({C: line(3, "fixed();")}, "BUG/MINOR: lamp: fix")
    series = maker(lines, refused=lambda commit: commit == one)
    step = series.add(fix, {})
    assert isinstance(step, Refused)
    assert step.conflict
    assert [need.revision for need in step.lacks] == [one]
    assert (series.tip, series.picks, series.there) == (lines.base, {}, set())


def test_documentation_that_conflicts_is_left_out(lines: Lines) -> None:
    lines.stable({"doc/lamp.txt": "own\n"}, "DOC: lamp: own")
    fix = lines.main({"doc/lamp.txt": "x\n", C: line(3, "fixed();")}, "BUG/MINOR: lamp: fix")
    step = maker(lines).add(fix, {})
    assert isinstance(step, Step)
    assert step.left_out == ("doc/lamp.txt",)


def test_names_that_a_pick_brought_are_there_for_the_next(lines: Lines) -> None:
    new = lines.main({"src/new.c": "int lamp_new(void)\n{\n\treturn 1;\n}\n"}, "MINOR: new")
    fix = lines.main({C: line(3, "lamp_new();")}, "BUG/MINOR: lamp: fix")
    series = maker(lines)
    series.add(new, {})
    step = series.add(fix, {})
    assert isinstance(step, Step)
    assert step.needs == ()


def test_of_documentation_that_conflicts_alone_it_is_said_what_it_clashes_with(
    lines: Lines,
) -> None:
    needed = lines.main({"doc/lamp.txt": "one\n"}, "DOC: lamp: one")
    fix = lines.main({"doc/lamp.txt": "two\n"}, "DOC: lamp: two")
    step = maker(lines).add(fix, {})
    assert isinstance(step, Refused)
    assert [one.revision for one in step.lacks] == [needed]
