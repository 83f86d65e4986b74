"""What every job has in common: a journal that ends it, or from which it goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bisector.errors import NoWitness, UsageProblem
from bisector.jobs.runner import Execution, JobResult, carry_out
from bisector.probing.dask.scheduler import Scheduler
from bisector.probing.prober import Prober
from bisector.record.events import ANSWERED, Ended, Event, Noted, Reduced
from bisector.system.workspace import Workspace
from tests.support import old_journal as old
from tests.support.clone import Clone
from tests.support.hunting import Silent, World
from tests.support.records import GOOD, STARTED, probed

REDUCED = Reduced("c" * 40, 2, ("src/a.c @@ -1 +1 @@",), "diff")
END = Ended(ANSWERED, ())


class Job:
    """Work that appends an event, and counts how often it was done."""

    def __init__(self, clone: Clone, workspace: Workspace, path: Path) -> None:
        self.context = World(clone, workspace, path).context()
        self.done = 0
        self.execution = Execution("bisector", Silent())

    def __call__(self, *events: Event, wanted: type[Event] = Ended) -> JobResult:
        def work(prober: Prober) -> None:
            self.done += 1
            for event in events:
                prober.journal.note(event)

        return carry_out(self.context, "job", STARTED, self.execution, work, wanted)


@pytest.fixture
def job(clone: Clone, workspace: Workspace, tmp_path: Path) -> Job:
    return Job(clone, workspace, tmp_path / "journal")


def test_what_is_answered_is_not_done_again(job: Job) -> None:
    assert job(END).events == job(END).events == (STARTED, END)
    assert job.done == 1


@pytest.mark.parametrize("said", [(), (Ended("both ends are bad", ()),), (REDUCED,)])
def test_what_is_not_answered_goes_on(job: Job, said: tuple[Event, ...]) -> None:
    job(*said)
    job(END)
    assert job.done == 2


def test_an_answer_without_what_is_wanted_now_goes_on_once(job: Job) -> None:
    job(END)
    for _ in range(2):
        assert job(REDUCED, END, wanted=Reduced).events == (STARTED, END, REDUCED)
    assert job.done == 2
    job(END)
    assert job.done == 2


def test_a_journal_of_another_version_is_set_aside_and_a_note_says_so(job: Job) -> None:
    path = old.write(job.context.workspace, "job", *old.HUNT)
    events = job(END).events
    aside = path.with_name("journal.before")
    note = Noted(f"the journal of another version of bisector was set aside: {aside}")
    assert events == (STARTED, note, END)
    assert aside.read_bytes() == b"".join(old.HUNT)
    assert job(END).events == events, "once"
    assert job.done == 1


def test_that_there_is_no_answer_is_part_of_the_outcome(job: Job) -> None:
    def work(prober: Prober) -> None:
        raise NoWitness("none")

    outcome = carry_out(job.context, "job", STARTED, Execution("bisector", Silent()), work)
    assert isinstance(outcome.problem, NoWitness)
    assert outcome.events == (STARTED,)


def test_with_same_toolchain_other_tools_answers_are_not_gone_on_from(job: Job) -> None:
    """Not even reported, where they led to an answer; the client's own are."""
    own, foreign = probed("a", GOOD), probed("b", GOOD, foreign="c")
    cluster = Scheduler("127.0.0.1:1", same=True)
    job(own, END)
    job.execution = Execution("bisector", Silent(), cluster=cluster)
    assert job(END).events == (STARTED, own, END)
    job.execution = Execution("bisector", Silent(), fresh=True)
    job(foreign, END)
    job.execution = Execution("bisector", Silent(), cluster=cluster)
    with pytest.raises(UsageProblem, match="from workers with other tools: add --fresh"):
        job(END)
    job.execution = Execution("bisector", Silent(), cluster=replace(cluster, same=False))
    assert job(END).events == (STARTED, foreign, END)
