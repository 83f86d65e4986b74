"""Searching a transition: what is known, several at once, and with chance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from bisector.errors import NoTransitionSeen, ProbeFailed
from bisector.jobs.hunt.transition import (
    ANY_FALSE_ALARM,
    FALSE_ALARM,
    Finder,
    SearchRange,
)
from bisector.patch import relevance
from bisector.probing.executors import Task
from bisector.record.events import Found, Probed
from bisector.record.verdict import Verdict
from bisector.record.words import Change
from bisector.search.bisection import Search
from bisector.system.workspace import Workspace
from bisector.testing.oracles.vtest_case import VTestCase
from tests.support.clone import Clone
from tests.support.hunting import BAD, GOOD, Scripted, World, bad_in, flaky_in


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    return World(clone, workspace, tmp_path / "journal")


def finder(world: World, prober: Scripted) -> Finder:
    commits = prober.context.history.range(world.range).commits
    return Finder(prober, commits, relevance.of(prober.context.history, commits))


def find(
    world: World, prober: Scripted, what: Change = Change.INTRODUCTION, *, flaky: bool = False
) -> Found:
    where = SearchRange(what, world.commits[0], world.commits[23])
    return finder(world, prober).find(where, "", flaky)


def numbers(world: World, commits: Sequence[str]) -> list[int]:
    return [world.commits.index(commit) for commit in commits]


@pytest.mark.parametrize("jobs", [1, 2, 5])
@pytest.mark.parametrize("first", [1, 7, 12, 23])
def test_the_introduction_is_found_however_many_are_asked_at_once(
    world: World, jobs: int, first: int
) -> None:
    prober = world.prober(bad_in(range(first, 24)))
    prober.machine.jobs = jobs
    found = find(world, prober)
    assert numbers(world, found.revisions) == [first]
    assert numbers(world, found.parents) == [first - 1]
    assert found.confidence == 1.0
    assert len(prober.asked) == len(set(prober.asked)) <= 5 * jobs


def test_a_fix_is_found_likewise(world: World) -> None:
    found = find(world, world.prober(bad_in(range(9))), Change.FIX)
    assert (found.what, numbers(world, found.revisions)) == (Change.FIX, [9])


def test_what_is_known_is_not_asked(world: World) -> None:
    prober = world.prober(bad_in(range(7, 24)))
    for number in (6, 7):
        prober.ask(world.commits[number], "end")
    assert numbers(world, find(world, prober).revisions) == [7]
    assert prober.asked == [6, 7]


def test_what_cannot_be_tested_stays_in_the_answer(world: World) -> None:
    found = find(world, world.prober(bad_in(range(7, 24), untestable=[5, 6])))
    assert numbers(world, found.revisions) == [5, 6, 7]
    assert found.parents == (world.commits[6],)


def test_at_its_end_nothing_is_under_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even when the machine fails in the middle."""
    prober = world.prober(bad_in(range(7, 24)))
    prober.machine.jobs = 3
    find(world, prober)
    assert prober.machine._waiting == []

    world.path = world.path.with_name("other")
    prober = world.prober(bad_in(range(7, 24)))
    prober.machine.jobs = 3

    def fail(tasks: Sequence[Task]) -> None:
        _, task = prober.machine._waiting.pop(0)
        task.future.set_exception(ProbeFailed("no room"))

    monkeypatch.setattr(prober.machine, "wait", fail)
    with pytest.raises(ProbeFailed):
        find(world, prober)
    assert prober.machine._waiting == []


def test_a_flaky_test_is_not_repeated_on_what_does_not_build(world: World) -> None:
    truth = bad_in(range(7, 24))
    prober = world.prober(
        lambda n, run: Verdict.UNBUILDABLE if n in range(9, 14) else truth(n, run)
    )
    prober.machine.tests = 8
    assert numbers(world, find(world, prober, flaky=True).revisions) == [7]
    assert all(prober.asked.count(number) <= 1 for number in range(9, 14))
    assert any(number in prober.asked for number in range(9, 14))
    assert prober.asked.count(6) > 1
    assert prober.machine._waiting == []


# --- what is seen meanwhile -----------------------------------------------------------------------


def test_who_watches_sees_how_much_is_left(world: World) -> None:
    said: list[str] = []
    find(world, world.prober(bad_in(range(9, 24)), said.append))
    assert "; 23 candidates, about 5 probes left" in said[0]
    assert "; 3 candidates, about 2 probes left" in said[-1]


def test_where_nobody_does_nothing_is_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[Search] = []

    def count(search: Search) -> int:
        counted.append(search)
        return 0

    monkeypatch.setattr(Search, "steps_left", count)
    find(world, world.prober(bad_in(range(9, 24)), None))
    assert counted == []
    world.path = world.path.with_name("other")
    find(world, world.prober(bad_in(range(9, 24)), lambda text: None))
    assert counted


# --- with chance ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "stretch"), [(Change.INTRODUCTION, range(9, 24)), (Change.FIX, range(9))]
)
def test_with_chance_the_answer_has_a_confidence(
    world: World, what: Change, stretch: range
) -> None:
    prober = world.prober(flaky_in(stretch, 0.6))
    found = find(world, prober, what, flaky=True)
    assert numbers(world, found.revisions) == [9]
    assert 0.99 <= found.confidence < 1
    asked = [(e.revision, e.run) for e in world.events if isinstance(e, Probed)]
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize(
    ("what", "always", "end", "word"),
    [
        (Change.INTRODUCTION, GOOD, 23, "good"),
        (Change.INTRODUCTION, BAD, 0, "bad"),
        (Change.FIX, GOOD, 0, "good"),
        (Change.FIX, BAD, 23, "bad"),
    ],
)
def test_where_nothing_changes_it_says_which_end_is_not_what_it_was_taken_for(
    world: World, what: Change, always: object, end: int, word: str
) -> None:
    prober = world.prober(lambda n, r: BAD if always is BAD else GOOD)
    said = rf"no {what} between .*: with P = 0\.99\d? {world.commits[end][:10]} is {word} as well"
    with pytest.raises(NoTransitionSeen, match=said) as caught:
        find(world, prober, what, flaky=True)
    assert caught.value.exit_code == 2


def test_a_signature_is_hardly_ever_seen_by_luck(world: World) -> None:
    """Passing by luck is the same error, on either side of the change."""
    seeker = finder(world, world.prober(bad_in(range(0))))
    introduction, fix = seeker._noise(Change.INTRODUCTION), seeker._noise(Change.FIX)
    assert introduction.false_new == fix.false_old == FALSE_ALARM
    assert introduction.false_old == fix.false_new
    world.oracle = VTestCase("any", "digest", "any.vtc")
    assert (
        finder(world, world.prober(bad_in(range(0))))._noise(Change.FIX).false_old
        == ANY_FALSE_ALARM
    )
