"""Reduce the introducing commit to the hunks that cause the bug, by delta debugging."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pygit2

from bisector.errors import PatchProblem
from bisector.jobs.hunt.proof import CONFIRM_RUNS, MOST_RUNS
from bisector.patch import load
from bisector.patch.apply import ApplyConflict, apply_to
from bisector.patch.model import Patch, Series, only_hunks
from bisector.probing.prober import Prober
from bisector.record.events import Confirmed, Event, Found, Noted, Reduced
from bisector.record.verdict import Verdict
from bisector.record.words import Change, Purpose
from bisector.search.ddmin import Minimum, TrialResult, ddmin

BUDGET = 100  # trials; to reduce ten hunks takes about twenty

_ANSWERS = {Verdict.BAD: TrialResult.FAIL, Verdict.GOOD: TrialResult.PASS}


def reduce(prober: Prober, found: Sequence[Found], flaky: bool) -> Reduced | Noted:
    """The hunks of the introducing commit that cause the bug, or why they are not looked for.

    *found* are the results of the hunt; the prober's journal has their confirmations.
    """
    introduced = next((change for change in found if change.what is Change.INTRODUCTION), None)
    if introduced is None:
        return Noted("no hunks to reduce: the commit that introduced the bug is not in the range")
    if reason := _unproven(introduced, prober.journal.events):
        return Noted(f"the introducing commit is not reduced to hunks: {reason}")
    store = prober.context.history.store
    try:
        commit = store[introduced.revisions[0]].peel(pygit2.Commit)
        patch = load.from_commit(store, commit)
    except PatchProblem as problem:
        return Noted(f"the introducing commit is not reduced to hunks: {problem}")
    return _Reduction(prober, introduced, patch, flaky).run()


def _unproven(introduced: Found, events: Sequence[Event]) -> str:
    """Why the introduction is not one commit that is proven; '' if it is."""
    if len(introduced.revisions) > 1:
        return f"it is one of {len(introduced.revisions)}"
    confirmed = [e for e in events if isinstance(e, Confirmed) and not e.bug]
    proofs = [e for e in confirmed if e.what == Change.INTRODUCTION]
    return "" if proofs and proofs[-1].proven else "it is not proven"


class _Reduction:
    """Finds a smallest set of the culprit's hunks that makes its parent bad."""

    def __init__(self, prober: Prober, introduced: Found, patch: Patch, flaky: bool) -> None:
        self._prober = prober
        self._culprit, self._parent = introduced.revisions[0], introduced.parents[0]
        self._patch = patch
        self._flaky = flaky
        self._trials = 0

    def run(self) -> Reduced:
        """Reduce the hunks, then probe the result with a real toolchain."""
        everything = tuple(range(len(self._patch.hunks)))
        if not everything or self._try(everything) is not TrialResult.FAIL:
            return self._reduced((), ["all of its hunks together do not bring the bug"])
        least = ddmin(everything, self._try)
        return self._reduced(least.items, [*self._doubts(least), *self._contradicted(least.items)])

    def _try(self, hunks: tuple[int, ...]) -> TrialResult:
        """Probe the parent with these *hunks* (indexes); FAIL if it is bad."""
        self._trials += 1
        tree = self._tree(hunks)
        if tree is None or self._trials > BUDGET:
            return TrialResult.UNRESOLVED
        purpose = f"{len(hunks)} of {len(self._patch.hunks)} {Purpose.HUNKS}"
        verdicts = self._run(tree, purpose, range(1))
        if self._flaky and verdicts == [Verdict.GOOD]:
            verdicts += self._run(tree, purpose, range(1, CONFIRM_RUNS))
        other = (verdict for verdict in verdicts if verdict is not Verdict.GOOD)
        return _ANSWERS.get(next(other, Verdict.GOOD), TrialResult.UNRESOLVED)

    def _run(self, tree: str, purpose: str, runs: range) -> list[Verdict]:
        tickets = [self._prober.start_tree(self._parent, tree, purpose, run=run) for run in runs]
        return [probed.verdict for probed in self._prober.ask_all(tickets)]

    def _tree(self, hunks: Sequence[int]) -> str | None:
        """The id of the parent's tree with these *hunks*; None if they conflict."""
        series = Series((only_hunks(self._patch, hunks),))
        applied = apply_to(self._prober.context.history, self._parent, series)
        return None if isinstance(applied, ApplyConflict) else str(applied.tree)

    def _doubts(self, least: Minimum[int]) -> Iterator[str]:
        """Why a smaller set may cause the bug, too."""
        if self._trials > BUDGET:
            yield f"fewer may suffice: the search ended after {BUDGET} trials"
        elif least.undecided:
            yield (
                f"fewer may suffice: without one of {len(least.undecided)} the others conflict, do "
                "not compile or cannot be tested"
            )
        elif self._flaky:
            yield "fewer may suffice: the test is flaky"

    def _contradicted(self, hunks: Sequence[int]) -> Iterator[str]:
        """The verdict of the real toolchain on these *hunks*, if it is not BAD."""
        tree, toolchain = self._tree(hunks), self._prober.toolchains.proof
        assert tree and toolchain  # the hunks were probed, and the introduction is proven
        purpose = Purpose.CONFIRM.about(f"the {Purpose.HUNKS}")
        for run in range(MOST_RUNS if self._flaky else 1):
            ticket = self._prober.start_tree(
                self._parent, tree, purpose, run=run, toolchain=toolchain
            )
            (probed,) = self._prober.ask_all([ticket])
            if probed.verdict is Verdict.BAD:
                return
        yield f"with {toolchain.name} they are {probed.verdict}: {probed.reason}"

    def _reduced(self, hunks: Sequence[int], problems: Sequence[str]) -> Reduced:
        headers = [
            f"{file.path} {hunk.header}" for file in self._patch.files for hunk in file.hunks
        ]
        files = only_hunks(self._patch, hunks).files if hunks else ()
        return Reduced(
            revision=self._culprit,
            total=len(headers),
            kept=tuple(headers[hunk] for hunk in hunks),
            diff=b"".join(file.text for file in files).decode("utf-8", "replace"),
            problem="; ".join(problems),
        )
