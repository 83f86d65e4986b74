"""Which hunks of the introducing commit bring the bug: it often does more than one thing."""

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

BUDGET = 100  # trials; the least of ten hunks takes about twenty

_ANSWERS = {Verdict.BAD: TrialResult.FAIL, Verdict.GOOD: TrialResult.PASS}


def reduce(prober: Prober, found: Sequence[Found], flaky: bool) -> Reduced | Noted:
    """The least of the introducing commit that brings the bug, or why there is nothing to reduce.

    *found* is what the hunt found; what its proof came to is in the prober's journal.
    """
    introduced = next((one for one in found if one.what is Change.INTRODUCTION), None)
    if introduced is None:
        return Noted("no hunks to reduce: the commit that introduced the bug is not in the range")
    if why := _open(introduced, prober.journal.events):
        return Noted(f"the introducing commit is not reduced to hunks: {why}")
    store = prober.bench.history.store
    try:
        commit = store[introduced.revisions[0]].peel(pygit2.Commit)
        patch = load.from_commit(store, commit)
    except PatchProblem as problem:
        return Noted(f"the introducing commit is not reduced to hunks: {problem}")
    return _Reduction(prober, introduced, patch, flaky).run()


def _open(introduced: Found, events: Sequence[Event]) -> str:
    """What keeps the introduction from being one commit that is proven, or nothing."""
    if len(introduced.revisions) > 1:
        return f"it is one of {len(introduced.revisions)}"
    proofs = [e for e in events if isinstance(e, Confirmed) and e.what == Change.INTRODUCTION]
    return "" if proofs and proofs[-1].proven else "it is not proven"


class _Reduction:
    """Tries the culprit's hunks on its parent's tree: which of them does it take?"""

    def __init__(self, prober: Prober, introduced: Found, patch: Patch, flaky: bool) -> None:
        self._prober = prober
        self._culprit, self._parent = introduced.revisions[0], introduced.parents[0]
        self._patch = patch
        self._flaky = flaky
        self._asked = 0

    def run(self) -> Reduced:
        """Reduce them, and have a real toolchain look at what is left."""
        everything = tuple(range(len(self._patch.hunks)))
        if not everything or self._answer(everything) is not TrialResult.FAIL:
            return self._reduced((), ["all of its hunks together do not bring the bug"])
        least = ddmin(everything, self._answer)
        return self._reduced(least.items, [*self._doubts(least), *self._contradicted(least.items)])

    def _answer(self, hunks: tuple[int, ...]) -> TrialResult:
        """What becomes of the parent with these hunks."""
        self._asked += 1
        tree = self._tree(hunks)
        if tree is None or self._asked > BUDGET:
            return TrialResult.UNRESOLVED
        purpose = f"{len(hunks)} of {len(self._patch.hunks)} {Purpose.HUNKS}"
        verdict = Verdict.GOOD
        for run in range(CONFIRM_RUNS if self._flaky else 1):
            ticket = self._prober.start_tree(self._parent, tree, purpose, run=run)
            verdict = self._prober.ask_all([ticket])[0].verdict
            if verdict is not Verdict.GOOD:
                break
        return _ANSWERS.get(verdict, TrialResult.UNRESOLVED)

    def _tree(self, hunks: Sequence[int]) -> str | None:
        """The parent's tree with these hunks; None where one needs another."""
        series = Series((only_hunks(self._patch, hunks),))
        done = apply_to(self._prober.bench.history, self._parent, series)
        return None if isinstance(done, ApplyConflict) else str(done.tree)

    def _doubts(self, least: Minimum[int]) -> Iterator[str]:
        """Why there may be fewer."""
        if self._asked > BUDGET:
            yield f"fewer may do, {BUDGET} trials were not enough to tell"
        elif least.undecided:
            yield (
                f"fewer may do: without one of {len(least.undecided)} the others conflict, do not "
                "compile or cannot be tested"
            )
        elif self._flaky:
            yield "fewer may do, as the test is flaky"

    def _contradicted(self, hunks: Sequence[int]) -> Iterator[str]:
        """What a real toolchain has against the result of the fast one."""
        tree, chain = self._tree(hunks), self._prober.chains.proof
        assert tree and chain  # they were probed, and what is not proven is not reduced
        purpose = Purpose.CONFIRM.about(f"the {Purpose.HUNKS}")
        for run in range(MOST_RUNS if self._flaky else 1):
            ticket = self._prober.start_tree(self._parent, tree, purpose, run=run, chain=chain)
            (told,) = self._prober.ask_all([ticket])
            if told.verdict is Verdict.BAD:
                return
        yield f"with {chain.name} they are {told.verdict}: {told.reason}"

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
