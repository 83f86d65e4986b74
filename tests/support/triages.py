"""Triages over a small history with a stable branch, on a machine that knows the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from bisector.jobs.runner import Execution
from bisector.jobs.triage.triage import triage
from bisector.patch.model import Series
from bisector.probing.options import Options, Test
from bisector.probing.probe import Probe
from bisector.probing.setup import Asked
from bisector.record.summary import Summary, summarize
from bisector.record.triage_events import Carried
from bisector.record.verdict import Result
from bisector.record.words import Change
from bisector.system.workspace import Workspace
from bisector.testing.scenario import Known
from tests.support.clone import Clone
from tests.support.hunting import Machine, Silent, Truth, World

PICK = 27  # on the branch 3.0, of 16
RELEASE = 29  # v3.0.1
TIP = 30


class Stopping(Machine):
    """A machine that is interrupted after so many answers."""

    answers = 10_000

    def _answer(self, request: Probe) -> Result:
        if not self.answers:
            raise KeyboardInterrupt
        self.answers -= 1
        return super()._answer(request)


class Triaged(World):
    """The history of World, with a branch 3.0 from v3.0.0 (12) on: 24 to 30, 27 is a pick of 16."""

    def __init__(self, clone: Clone, workspace: Workspace, path: Path) -> None:
        super().__init__(clone, workspace, path)
        clone.git.references.create("refs/heads/3.0", self.commits[12])
        for number in range(24, TIP + 1):
            trailer = f"\n\n(cherry picked from commit {self.commits[16]})" * (number == PICK)
            subject = f"MINOR: x: change {number}{trailer}"
            change = {"src/z.c": str(number)}
            self.commits.append(clone.commit(change, subject=subject, branch="3.0"))
        clone.tag("v3.0.1", self.commits[RELEASE])
        self.noted: list[str] = []

    def triage(
        self,
        truth: Truth,
        *words: str,
        options: Options | None = None,
        series: Series | None = None,
        reg_tests: tuple[str, ...] = (),
        answers: int = 10_000,
        prepare: Callable[[Machine], None] = lambda machine: None,
    ) -> Summary:
        """One session of a triage, over the journals of those before."""
        asked = Asked(self.workspace, options or Options(), lambda text: None, self.noted.append)
        context = self.context()
        test = Test(self.oracle, "title", Known(), {}, flaky=asked.options.flaky)
        vars(asked).update(history=context.history, context=context, test=test, series=series)
        machine = Stopping(context.history, self.commits, truth)
        machine.answers = answers
        prepare(machine)
        self.machine = machine
        execution = Execution("bisector triage", Silent(), executor=machine)
        self.result = triage(asked, words, reg_tests, execution)
        summary = summarize(self.result.events)
        assert summary
        return summary

    def proven(self, summary: Summary) -> dict[Change, int]:
        """What was found and proven, by number."""
        return {
            one.found.what: self.commits.index(one.revision)
            for one in summary.findings
            if one.proven
        }


def verdicts(summary: Summary) -> dict[str, str]:
    return {one.release: str(one.verdict) for one in summary.releases}


def spread(carried: Iterable[Carried], what: Change) -> dict[str, str]:
    """The first release with a change by the name of the revision, where it is there."""
    return {one.line: one.release for one in carried if one.what is what and one.commit}
