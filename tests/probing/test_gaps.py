"""Where the fast toolchain is not tried, as it failed there or on both sides of it."""

from __future__ import annotations

import pytest

from bisector.probing.gaps import FEWEST, Gaps, gap_remark, kind_of
from bisector.probing.ticket import Ticket
from bisector.record.events import Probed
from bisector.record.failure import Failure, FailureClass
from bisector.record.verdict import Verdict
from bisector.testing.oracles.vtest_case import VTestCase
from tests.support.records import probed
from tests.support.toolchains import GCC, TCC

ORACLE = VTestCase("any", "digest", "any.vtc")
REVISIONS = [f"{number:040x}" for number in range(10)]
PLACES = {revision: place for place, revision in enumerate(REVISIONS)}
NO_X = "src/x.c:7: error: 'X' undeclared"


def built(place: int, toolchain: str = "fast", verdict: Verdict = Verdict.GOOD) -> Probed:
    return probed(REVISIONS[place], verdict, scenario="any", toolchain=toolchain)


def failed(place: int, reason: str = NO_X, **more: object) -> Probed:
    words = {"scenario": "any", "toolchain": "fast", "reason": reason, **more}
    return probed(REVISIONS[place], Verdict.UNBUILDABLE, **words)


def tccs(places: list[int], reason: str = NO_X) -> list[Probed]:
    """The events where the fast toolchain alone fails."""
    return [event for place in places for event in (failed(place, reason), built(place, "dev"))]


def left_out(events: list[Probed]) -> list[int]:
    """The places at which the fast toolchain is not tried after *events*."""
    gaps = Gaps(events)
    tickets = [Ticket(revision, "tree", "x", 0, False, TCC, ORACLE) for revision in REVISIONS]
    return [place for place, one in enumerate(tickets) if gaps.problem(one, PLACES)]


def test_between_failures_it_is_taken_to_fail_and_beyond_them_it_is_tried() -> None:
    assert left_out(tccs([2, 4, 7])) == [2, 3, 4, 5, 6, 7]


def test_so_it_is_whatever_the_order_and_with_what_is_added_later() -> None:
    gaps = Gaps(tccs([7, 2]))
    middle = Ticket(REVISIONS[5], "tree", "x", 0, False, TCC, ORACLE)
    assert gaps.problem(middle, PLACES) == ""
    for event in tccs([4], "src/y.c:9: error: 'X' undeclared"):
        gaps.add(event)
    assert gaps.problem(middle, PLACES) == NO_X, "the first one's words, wherever it fails"


def test_too_few_failures_say_only_what_they_are_about() -> None:
    assert FEWEST == 3
    assert left_out(tccs([2, 7])) == [2, 7]


@pytest.mark.parametrize("verdict", [Verdict.GOOD, Verdict.BAD, Verdict.UNTESTABLE])
def test_a_revision_that_it_built_ends_the_stretch(verdict: Verdict) -> None:
    assert left_out([*tccs([1, 2, 4, 8]), built(6, verdict=verdict)]) == [1, 2, 3, 4, 8]


def test_failures_of_two_kinds_are_two_stretches() -> None:
    assert left_out(tccs([1, 2, 4]) + tccs([5, 6, 8], "it does not boot")) == [
        1,
        2,
        3,
        4,
        *range(5, 9),
    ]
    assert left_out(tccs([1, 3, 5]) + tccs([8], "it does not boot")) == [1, 2, 3, 4, 5, 8]


def test_what_no_compiler_builds_is_not_its_fault() -> None:
    broken = [failed(place, toolchain=name) for place in (2, 4, 7) for name in ("fast", "dev")]
    assert left_out(broken) == []
    assert left_out([failed(place) for place in (2, 4, 7)]) == [], "not known yet"


def test_another_test_and_patched_trees_say_nothing() -> None:
    other = [failed(place, scenario="other") for place in (2, 4, 7)]
    patched = [failed(place, patched=True) for place in (2, 4, 7)]
    assert left_out([*other, *patched, *(built(place, "dev") for place in (2, 4, 7))]) == []


def test_a_revision_that_is_not_among_the_job_s_stands_for_itself() -> None:
    gaps = Gaps(tccs([2, 4, 7]))
    tickets = [Ticket(REVISIONS[place], "tree", "x", 0, False, TCC, ORACLE) for place in (4, 5)]
    assert [gaps.problem(one, {}) for one in tickets] == [NO_X, ""]


def test_the_remark_names_both_toolchains_and_the_failure() -> None:
    remark = gap_remark(TCC, GCC, NO_X)
    assert remark.startswith("fast cannot build") and "dev" in remark and remark.endswith(NO_X)
    assert "\n" not in remark


def test_the_kind_of_a_failure_is_the_same_for_all_compilers_and_revisions() -> None:
    assert kind_of(failed(1, "line 7")) == kind_of(failed(2, "line 9"))
    assert kind_of(failed(1, "no x")) != kind_of(failed(1, "no y"))
    hang = Failure(FailureClass.TIMEOUT, "c1: HTTP rx timeout")
    assert kind_of(failed(1, failure=hang)) == str(hang.anywhere)
