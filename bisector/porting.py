"""A fix on each of its branches: tried, judged, and what it needs first looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pygit2

from bisector import advice, appraisal, delivery, reg_tests
from bisector.advice import Version
from bisector.appraisal import Claim, Said
from bisector.cherry import Picked, Picker
from bisector.conflict import Conflict
from bisector.events import ANSWERED, TO_REAL, Confirmed, Ended, Judged, Noted, Ported, Turned
from bisector.matrix import Judge, Suite, verdicts
from bisector.outcome import Outcome, of_branch
from bisector.port import Fix, Needs
from bisector.prerequisites import Prerequisites
from bisector.prober import Prober
from bisector.verdict import Verdict

# who commits what is only built and tested; always the same, so that it has the same hash
_NOBODY = pygit2.Signature("bisector", "bisector@localhost", 0, 0)


@dataclass(frozen=True)
class Branch:
    """Where the fix is to go: a revision under the *name* that the user gave it."""

    name: str
    revision: str
    version: Version | None


@dataclass(frozen=True)
class Plan:
    """What is to be ported where, how it is judged, and where it is handed over.

    ``home`` is the series that the fix was made for. ``claims`` are (scenario, introducing
    commit, fix) by full hashes, '' for what nobody knows. ``created`` has (branch, name of the
    branch to be made for it).
    """

    fix: Fix
    home: Version | None
    branches: tuple[Branch, ...]
    suites: tuple[Suite, ...]
    claims: tuple[tuple[str, str, str], ...] = ()
    out: Path | None = None
    created: tuple[tuple[str, str], ...] = ()
    reg_tests: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attempt:
    """The fix on one branch: judged alone, and, where it conflicts, with what it needs first.

    ``picked`` is what was tested last, ``then`` the outcome with what it needs first.
    """

    branch: Branch
    judged: tuple[Judged, ...]
    picked: Picked | None = None
    conflict: Conflict | None = None
    needs: Prerequisites | None = None
    then: Outcome | None = None

    @property
    def outcome(self) -> Outcome:
        return of_branch([(one.outcome, one.wanted) for one in self.judged])

    @property
    def works(self) -> bool:
        """Does it fix the branch, alone or with what it needs first?"""
        return Outcome.FIXES in (self.outcome, self.then)


class Backport:
    """Carries out one plan. Its findings go to the prober's journal."""

    def __init__(self, plan: Plan, prober: Prober, progress: Callable[[str], None]) -> None:
        self.plan = plan
        self.prober = prober
        self.history = prober.bench.history
        self.journal = prober.journal
        self._progress = progress
        self._picker = Picker(self.history.store, _NOBODY)
        self._judge = Judge(prober, plan.suites)
        if any(isinstance(event, Turned) for event in self.journal.events):
            prober.distrust_fast()

    def run(self) -> None:
        """Try every branch. Raises what a probe raises; the journal keeps what was found out."""
        if remark := self.prober.chains.remark:
            self.journal.note(Noted(remark))
        revisions = [branch.revision for branch in self.plan.branches]
        with_tests, missing = reg_tests.having(self.prober, revisions, self.plan.reg_tests)
        for what in missing:
            self.journal.note(Noted(what))
        attempts = [self._try(branch) for branch in self.plan.branches]
        if contradicted := self._contradicted(attempts):
            self.prober.distrust_fast()
            text = f"a real build contradicts fast on {contradicted}: all is judged anew by it"
            self.journal.note(Turned(TO_REAL, text))
            attempts = [self._try(branch) for branch in self.plan.branches]
        for attempt in attempts:
            for event in (*attempt.judged, self._ported(attempt)):
                self.journal.note(event)
        for attempt in attempts:
            if attempt.works and attempt.branch.revision in with_tests:
                self._run_reg_tests(attempt)
        self.journal.note(Ended(ANSWERED, ()))

    def _try(self, branch: Branch) -> Attempt:
        """How the fix fares on one branch; it is left alone where it is not needed."""
        before = self._unpatched(branch)
        affected = appraisal.affected(before)
        if affected is Verdict.GOOD:
            return Attempt(branch, before)
        done = self.plan.fix.onto(self._picker, (), branch.revision)
        if isinstance(done, Picked):
            return Attempt(branch, self._tested(self._judge, branch, done), done)
        judged = self._unpatched(branch, done.summary)
        if affected is not Verdict.BAD:
            return Attempt(branch, judged, None, done)
        self._progress(f"looking for what the fix needs first on {branch.name}")
        search = Needs(self.history, self._picker, self.plan.fix, branch.revision)
        needs = search.search(lambda picked: self._outcome(branch, picked) is Outcome.FIXES)
        picked = search.picked(needs)
        then = self._outcome(branch, picked) if picked else None
        return Attempt(branch, judged, picked, done, needs, then)

    def _outcome(self, branch: Branch, done: Picked) -> Outcome:
        return Attempt(branch, self._tested(self._judge, branch, done)).outcome

    def _tested(self, judge: Judge, branch: Branch, done: Picked) -> tuple[Judged, ...]:
        tree = self._tree(branch, done)
        return tuple(judge.judge_tree(branch.revision, tree, done.how, branch.name))

    def _tree(self, branch: Branch, done: Picked) -> str:
        tip = done.commits[-1] if done.commits else branch.revision
        return str(self.history.store[tip].peel(pygit2.Tree).id)

    def _run_reg_tests(self, attempt: Attempt) -> None:
        """The branch's own reg-tests, before and after what was picked."""
        assert attempt.picked is not None  # it works
        branch, dirs = attempt.branch, self.plan.reg_tests
        tree = self._tree(branch, attempt.picked)
        for told in reg_tests.compare(self.prober, branch.revision, tree, dirs):
            self.journal.note(replace(told, branch=branch.name))

    def _unpatched(self, branch: Branch, conflict: str = "") -> tuple[Judged, ...]:
        return tuple(self._judge.judge_unpatched(branch.revision, branch.name, conflict))

    def _contradicted(self, attempts: Sequence[Attempt]) -> str:
        """Where a real toolchain, asked again about what matters most, says something else."""
        proof = self.prober.chains.proof
        if proof is None or self.prober.chains.search.is_real:
            return ""
        judge = Judge(self.prober, self.plan.suites, proof)
        for attempt in _weightiest(attempts):
            assert attempt.picked is not None  # what was tested was picked
            said = self._tested(self._judge, attempt.branch, attempt.picked)
            again = self._tested(judge, attempt.branch, attempt.picked)
            name = attempt.branch.name
            if verdicts(again) != verdicts(said):
                return name
            self.journal.note(Confirmed(name, True, 2 * len(judge.cases), "", proof.name))
        return ""

    def _ported(self, attempt: Attempt) -> Ported:
        branch, judged, needs = attempt.branch, attempt.judged, attempt.needs
        affected = appraisal.affected(judged)
        said = self._advice(branch)
        first = [self.history.commit(one) for one in (needs and needs.commits) or ()]
        how = attempt.picked.how if attempt.picked else ()
        picked = attempt.picked if attempt.works else None
        return Ported(
            branch=branch.name,
            revision=branch.revision,
            version=".".join(map(str, branch.version or ())),
            affected=affected,
            why=appraisal.why(judged, self._claims(branch)),
            outcome=attempt.outcome,
            how="conflict" if attempt.conflict else ", ".join(how),
            conflict=attempt.conflict.text if attempt.conflict else "",
            prerequisites=tuple(f"{one.short} {one.subject}" for one in first),
            said=said.wanted,
            remark=appraisal.remark(affected, said, needs, attempt.then),
            files=tuple(map(str, self._files(branch, picked))),
            created=dict(self.plan.created).get(branch.name, "") if picked else "",
        )

    def _advice(self, branch: Branch) -> Said:
        """What the fix's message says about a branch; nothing about what is no older series."""
        home = self.plan.home
        if branch.version is None or (home is not None and branch.version >= home):
            return Said(about=False)
        found = advice.read(self.plan.fix.message)
        return Said(True, found.says(branch.version), found.text) if found else Said(True)

    def _claims(self, branch: Branch) -> list[Claim]:
        """What the branch's history has of the commits that brought and fixed the bugs."""
        return [
            Claim(
                scenario, introduced[:10], self._has(branch, introduced), self._has(branch, fixed)
            )
            for scenario, introduced, fixed in self.plan.claims
            if introduced
        ]

    def _has(self, branch: Branch, commit: str) -> bool:
        if not commit or branch.revision == commit:
            return bool(commit)
        return self.history.objects.descendant_of(branch.revision, commit)

    def _files(self, branch: Branch, picked: Picked | None) -> list[Path]:
        """The files that are to be written."""
        if self.plan.out is None or picked is None:
            return []
        return delivery.files(self.history.store, picked.commits, self.plan.out, branch.name)


def _weightiest(attempts: Sequence[Attempt]) -> Iterator[Attempt]:
    """The first branch for each kind of claim about the fix, what it needs first included."""
    for outcome in (Outcome.FIXES, Outcome.BREAKS, Outcome.INEFFECTIVE):
        yield from [one for one in attempts if (one.then or one.outcome) is outcome][:1]
