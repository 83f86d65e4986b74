"""The journals of hunts: one process at a time, how they are listed, and what they prove."""

from __future__ import annotations

import fcntl
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from bisector.errors import BisectorError, HuntBusy, NoSuchHunt
from bisector.git.history import History
from bisector.jobs.catalog import find_claims, find_hunt, hunts, journal_of
from bisector.probing.options import Options
from bisector.probing.setup import find_test
from bisector.record.events import Confirmed, Ended, Event, Noted
from bisector.record.journal import Journal, read
from bisector.record.words import Change, Job
from bisector.report.terminal import hunt_state
from bisector.system.workspace import Workspace
from bisector.testing.scenario import Known
from tests.support import judged
from tests.support.clone import Clone
from tests.support.records import FIXED, INTRODUCED, PROVEN, STARTED

# --- what a proven hunt found ---------------------------------------------------------------------


def test_a_proven_hunt_takes_precedence_over_the_scenario(
    clone: Clone, workspace: Workspace
) -> None:
    clone.line(2)
    history = History.open(clone.path, workspace)
    test = find_test(Options())

    def hunted(name: str, *events: Event) -> None:
        with journal_of(workspace, name, fresh=False) as journal:
            for event in (*events, Ended("answered", ())):
                journal.append(event)

    def claims() -> tuple[str, str]:
        return find_claims(workspace, history, test.oracle.name, test.known)

    asked = replace(STARTED, repository=str(history.path))
    assert claims() == (test.known.suspect, test.known.fix)
    hunted("unproven", asked, INTRODUCED, FIXED)
    assert claims() == (test.known.suspect, test.known.fix)
    hunted("proven", asked, INTRODUCED, FIXED, *PROVEN)
    assert claims() == (INTRODUCED.revisions[-1], FIXED.revisions[-1])
    hunted("elsewhere", replace(asked, repository="/x", at=2.0), INTRODUCED, *PROVEN[:1])
    assert claims() == (INTRODUCED.revisions[-1], FIXED.revisions[-1])


def test_a_hunt_with_another_test_of_the_same_name_claims_nothing(
    clone: Clone, workspace: Workspace
) -> None:
    clone.line(2)
    history = History.open(clone.path, workspace)
    asked = replace(STARTED, repository=str(history.path), scenario="x.vtc", test="one")
    with journal_of(workspace, "proven", fresh=False) as journal:
        for event in (asked, INTRODUCED, FIXED, *PROVEN, Ended("answered", ())):
            journal.append(event)
    known = Known()
    assert find_claims(workspace, history, "x.vtc", known, "another") == ("", "")
    assert find_claims(workspace, history, "x.vtc", known, "one") != ("", "")


@pytest.fixture
def hunted(clone: Clone, workspace: Workspace) -> Hunted:
    return Hunted(clone, workspace)


class Hunted:
    """A history of ten commits, in which the scenario has the suspect 2 and the fix 7."""

    def __init__(self, clone: Clone, workspace: Workspace) -> None:
        self.commits = clone.line(10)
        self.workspace = workspace
        self.history = History.open(clone.path, workspace)
        self.known = Known(suspect=self.commits[2], fix=self.commits[7])
        self._at = 0.0

    def hunt(self, old: int, new: int, **found: int) -> None:
        """A proven hunt over *old*..*new*, newer than those before, that found these."""
        self._at += 1
        place, ends = str(self.history.path), (self.commits[old], self.commits[new])
        asked = replace(STARTED, repository=place, at=self._at, old=ends[0], new=ends[1])
        with journal_of(self.workspace, f"hunt-{self._at}", fresh=False) as journal:
            journal.append(asked)
            for what, number in found.items():
                revision = (self.commits[number],)
                journal.append(replace(INTRODUCED, what=Change(what), revisions=revision))
                journal.append(Confirmed(what, True, 5, ""))
            journal.append(Ended("answered", ()))

    def claims(self) -> tuple[int | None, int | None]:
        """The introducing commit and the fix, by number."""
        numbers = {commit: number for number, commit in enumerate(self.commits)}
        introduced, fixed = find_claims(self.workspace, self.history, STARTED.scenario, self.known)
        return numbers.get(introduced), numbers.get(fixed)


def test_the_scenario_fills_in_what_no_proven_hunt_found(hunted: Hunted) -> None:
    hunted.hunt(4, 9, fix=8)
    assert hunted.claims() == (2, 8)
    hunted.hunt(0, 5, introduction=3)
    assert hunted.claims() == (3, 8), "and an older hunt knows it better"


def test_the_scenarios_fix_stays_a_claim_where_the_bug_is_still_there_before_it(
    hunted: Hunted,
) -> None:
    hunted.hunt(0, 5, introduction=3)
    assert hunted.claims() == (3, 7)


def test_a_claim_of_the_scenario_that_a_hunt_contradicts_is_dropped(hunted: Hunted) -> None:
    """The bug was there at the old end, before the suspect; or at the new one, after the fix."""
    hunted.hunt(1, 9, fix=8)
    assert hunted.claims() == (None, 8)
    hunted.hunt(0, 9, introduction=3)
    assert hunted.claims() == (3, None)


def test_a_claim_that_the_history_lacks_is_dropped_beside_a_hunt(hunted: Hunted) -> None:
    hunted.known = Known(suspect="0123456789", fix="nonesuch")
    hunted.hunt(4, 9, fix=8)
    assert hunted.claims() == (None, 8)


# --- journals -------------------------------------------------------------------------------------


def test_a_hunt_resumes_from_its_journal(workspace: Workspace) -> None:
    for number in range(2):
        with journal_of(workspace, "one", fresh=False) as journal:
            assert len(journal.events) == number
            journal.append(Noted(str(number)))
    with journal_of(workspace, "other", fresh=False) as journal:
        assert journal.events == []


def test_a_hunt_belongs_to_one_process_at_a_time(workspace: Workspace) -> None:
    with (
        journal_of(workspace, "one", fresh=False),
        pytest.raises(HuntBusy, match="under way"),
        journal_of(workspace, "one", fresh=True),
    ):
        raise AssertionError("two have the same hunt")
    with journal_of(workspace, "other", fresh=False), journal_of(workspace, "one", fresh=False):
        pass


def test_a_hunt_that_failed_is_released(workspace: Workspace) -> None:
    with pytest.raises(BisectorError), journal_of(workspace, "one", fresh=False):
        raise BisectorError("x")
    with journal_of(workspace, "one", fresh=False):
        pass


def test_a_fresh_hunt_sets_the_older_journal_aside(workspace: Workspace) -> None:
    with journal_of(workspace, "one", fresh=True) as journal:
        journal.append(Noted("older"))
    with journal_of(workspace, "one", fresh=True) as journal:
        assert journal.events == []
        journal.append(Noted("newer"))
        path = journal.path
    (aside,) = path.parent.glob("journal.*")
    assert read(aside)[0] == [Noted("older")]
    assert read(path)[0] == [Noted("newer")]


def test_only_the_last_journal_set_aside_is_kept(workspace: Workspace) -> None:
    for text in ("oldest", "older", "newest"):
        with journal_of(workspace, "one", fresh=True) as journal:
            journal.append(Noted(text))
            path = journal.path
    (aside,) = path.parent.glob("journal.*")
    assert read(aside)[0] == [Noted("older")]
    assert read(path)[0] == [Noted("newest")]


# --- how hunts stand ------------------------------------------------------------------------------

DOUBTED = replace(PROVEN[0], proven=False, doubt="run 3 differs")
STATES: dict[str, list[Event]] = {
    "interrupted": [STARTED, INTRODUCED],
    "no answer": [STARTED, Ended("both ends are bad", ())],
    "proven": [STARTED, INTRODUCED, FIXED, *PROVEN, Ended("answered", ())],
    "not proven": [STARTED, INTRODUCED, DOUBTED, Ended("answered", ())],
    "verified": [replace(STARTED, job=Job.VERIFY), judged.fixes("v3.0.0"), Ended("answered", ())],
    "not verified": [replace(STARTED, job=Job.VERIFY), Ended("answered", ())],
    "backported": [replace(STARTED, job=Job.BACKPORT), judged.PORTED[0], Ended("answered", ())],
    "swept": [replace(STARTED, job=Job.SWEEP), Ended("answered", ())],
    "affected": [replace(STARTED, job=Job.AFFECTED), Ended("answered", ())],
}

Record = Callable[..., Journal]


@pytest.fixture
def record(workspace: Workspace) -> Record:
    """Write a hunt's journal, as a process that has ended since."""

    def write(name: str, *events: Event) -> Journal:
        with journal_of(workspace, name, fresh=False) as journal:
            for event in events:
                journal.append(event)
            return journal

    return write


def test_without_hunts_there_is_nothing_to_list(workspace: Workspace) -> None:
    assert list(hunts(workspace)) == []


@pytest.mark.parametrize("state", STATES)
def test_a_hunts_state_is_what_its_journal_says(
    workspace: Workspace, record: Record, state: str
) -> None:
    record("one", *STATES[state])
    ((name, busy, summary),) = hunts(workspace)
    assert (name, hunt_state(busy, summary)) == ("one", state)
    assert summary.started == STATES[state][0]


@pytest.mark.parametrize("state", STATES)
def test_a_hunt_in_use_is_under_way_whatever_its_journal_says(
    workspace: Workspace, record: Record, state: str
) -> None:
    record("one", *STATES[state])
    with journal_of(workspace, "one", fresh=False):
        assert [hunt_state(busy, summary) for _, busy, summary in hunts(workspace)] == ["under way"]
    assert [hunt_state(busy, summary) for _, busy, summary in hunts(workspace)] == [state]


def test_listing_the_hunts_twice_at_once_shows_none_as_busy(
    workspace: Workspace, record: Record
) -> None:
    record("one", STARTED)
    with (workspace.root / "hunts/one/lock").open() as looked_at:
        fcntl.flock(looked_at, fcntl.LOCK_SH)
        assert [busy for _, busy, _ in hunts(workspace)] == [False]


LOOKERS = 3


def _look_and_look(workspace: Workspace, first: float) -> None:
    while time.monotonic() < first + 1.5:
        list(hunts(workspace))


def test_listing_the_hunts_never_blocks_a_hunt(workspace: Workspace, record: Record) -> None:
    record("one", STARTED)
    start = time.monotonic()
    fork = multiprocessing.get_context("fork")
    lookers = [fork.Process(target=_look_and_look, args=(workspace, start)) for _ in range(LOOKERS)]
    for looker in lookers:
        looker.start()
    while any(looker.is_alive() for looker in lookers):
        with journal_of(workspace, "one", fresh=False):
            pass
    assert [looker.exitcode for looker in lookers] == [0] * LOOKERS


def test_the_newest_hunt_comes_first(workspace: Workspace, record: Record) -> None:
    for name, at in {"b": 2.0, "c": 3.0, "a": 1.0}.items():
        record(name, replace(STARTED, at=at))
    assert [name for name, _, _ in hunts(workspace)] == ["c", "b", "a"]


def test_a_hunt_is_found_by_how_its_name_begins(workspace: Workspace, record: Record) -> None:
    for name, at in {"abc1": 2.0, "abd2": 3.0, "e": 1.0}.items():
        record(name, replace(STARTED, at=at))
    path, summary = find_hunt(workspace, "abc")
    assert (path, summary.started.at) == (workspace.root / "hunts/abc1/journal", 2.0)
    assert path.exists()
    assert find_hunt(workspace, "")[1].started.at == 3.0


@pytest.mark.parametrize(
    ("name", "what"),
    [("x", "no hunt 'x'"), ("ab", "2 hunts begin with 'ab'"), ("", "no hunts yet")],
)
def test_a_name_that_fits_no_hunt_or_several_is_an_error(
    workspace: Workspace, record: Record, name: str, what: str
) -> None:
    for one in ("abc", "abd") if name else ():
        record(one, STARTED)
    with pytest.raises(NoSuchHunt, match=f"{what}: 'bisector hunts' lists them"):
        find_hunt(workspace, name)


def test_a_journal_that_was_set_aside_or_lacks_its_start_is_not_listed(
    workspace: Workspace, record: Record
) -> None:
    record("never", Noted("x"))
    record("one", STARTED)
    with journal_of(workspace, "one", fresh=True):
        pass
    assert list(hunts(workspace)) == []
