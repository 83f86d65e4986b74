"""Make the event for a fix on one branch, from the attempt, the message and the history."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from bisector.git.history import History
from bisector.jobs.backport import advice, appraisal
from bisector.jobs.backport.appraisal import BranchAdvice, Claim
from bisector.jobs.backport.attempt import Attempt, BackportPlan
from bisector.jobs.backport.fix import picked_from
from bisector.jobs.backport.later import Repairs
from bisector.jobs.queue import by_lines, rules
from bisector.jobs.queue.rules import Facts
from bisector.jobs.queue.source import Line
from bisector.patch import deliver, line_origins, quilt_files
from bisector.patch.cherry_pick import Picked
from bisector.record.patch_events import Ported
from bisector.record.queue_events import Says
from bisector.record.verdict import Verdict
from bisector.record.words import How


class RowBuilder:
    """Makes the Ported event for each branch of a plan."""

    def __init__(self, plan: BackportPlan, history: History) -> None:
        self._plan = plan
        self._history = history
        self._picked_to = cache(lambda tip: picked_from(history, plan.fix.home, tip))
        self._repairs = Repairs(history, plan.fix.home, plan.repairs)

    def ported(self, attempt: Attempt) -> Ported:
        """The event for one branch."""
        branch, needs = attempt.branch, attempt.needs
        advised = self._advice(branch)
        first = [self._history.commit(commit) for commit in (needs and needs.commits) or ()]
        how = attempt.picked.how if attempt.picked else ()
        picked = attempt.picked if attempt.is_handed_over else None
        return Ported(
            branch=branch.name,
            revision=branch.tip,
            version=".".join(map(str, branch.version or ())),
            affected=attempt.affected,
            why=self._why(attempt),
            outcome=attempt.outcome,
            how=How.CONFLICT if attempt.conflict else ", ".join(how),
            conflict=attempt.conflict.text if attempt.conflict else "",
            prerequisites=tuple(f"{commit.short} {commit.subject}" for commit in first),
            said=advised.wanted,
            remark="; ".join(filter(None, (*attempt.lacks, self._remark(attempt, advised)))),
            files=tuple(map(str, self._files(branch, picked))),
            created=dict(self._plan.created).get(branch.name, "") if picked else "",
            prerequisite_ids=tuple(commit.id for commit in first),
            repairs=self._repairs_on(attempt),
        )

    def _remark(self, attempt: Attempt, advised: BranchAdvice) -> str:
        left_out = attempt.picked.left_out if attempt.picked else ()
        return appraisal.remark(attempt.affected, advised, attempt.needs, attempt.then, left_out)

    def _repairs_on(self, attempt: Attempt) -> tuple[str, ...]:
        """What repairs the fix, if the branch has it or may get it."""
        branch = attempt.branch
        has = attempt.is_there or self._has(branch, self._plan.fix.revision)
        if attempt.affected is Verdict.GOOD and not has:
            return ()
        return self._repairs.texts(branch.tip)

    def _why(self, attempt: Attempt) -> str:
        """What the verdict on the branch rests on."""
        why = appraisal.why(attempt.judged, list(self._claims(attempt.branch)))
        if attempt.affected is not None:
            return why
        if attempt.is_there:
            return f"its change is there already; {why}"
        if self._has(attempt.branch, self._plan.fix.revision):
            return f"{why}; by history: it is there already"
        if not any(scenario == "" for scenario, _, _ in self._plan.claims):
            return "; by lines: the branch ".join(
                filter(None, [why, self._by_lines(attempt.branch)])
            )
        return why

    def _by_lines(self, branch: Line) -> str:
        """Whether a branch has the lines that the fix changes, a hint; '' if nothing is known."""
        fix = self._plan.fix.revision
        base = self._history.merge_base(fix, branch.tip) if fix else None
        if base is None:
            return ""
        lines = line_origins.history_of(self._history, self._history.between(base, fix))
        presence = by_lines.judge(lines, self._picked_to(branch.tip))
        found = rules.is_affected(Facts(True, True, Says.NOTHING, "", presence))
        return found.text if found else ""

    def _advice(self, branch: Line) -> BranchAdvice:
        """What the fix's message says about a branch; it applies to older series only."""
        home = self._plan.home
        if branch.version is None or (home is not None and branch.version >= home):
            return BranchAdvice(applies=False)
        advised = advice.read(self._plan.fix.message)
        if advised is None:
            return BranchAdvice(applies=True)
        return BranchAdvice(True, advised.says(branch.version), advised.text)

    def _claims(self, branch: Line) -> Iterator[Claim]:
        """Which of the commits that introduced and fixed the bugs the branch has."""
        for scenario, introduced, fixed in self._plan.claims:
            if introduced:
                has_bug, has_fix = self._has(branch, introduced), self._has(branch, fixed)
                yield Claim(scenario, introduced[:10], has_bug, has_fix)

    def _has(self, branch: Line, commit: str) -> bool:
        """Whether a branch has *commit* in its history, or cherry-picked according to a message."""
        if not commit or branch.tip == commit:
            return bool(commit)
        in_history = self._history.objects.descendant_of(branch.tip, commit)
        return in_history or commit in self._picked_to(branch.tip)

    def _files(self, branch: Line, picked: Picked | None) -> list[Path]:
        """The paths of the patch files to write."""
        if self._plan.out is None or picked is None:
            return []
        if quilt_files.is_package(self._history, branch.tip):
            out = self._plan.package_folder(branch.name)
            return list(quilt_files.files(self._history, branch.tip, picked.commits, out))
        return deliver.patch_paths(self._history.store, picked.commits, self._plan.out, branch.name)
