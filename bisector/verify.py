"""The second job: does a patch fix what it is meant to, wherever needed, and break nothing?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bisector import conduct, revisions, session
from bisector.conduct import Outcome, Way
from bisector.errors import PatchProblem
from bisector.events import ANSWERED, Ended, Noted
from bisector.hunkwise import Hunkwise
from bisector.lanes import cores
from bisector.matrix import Judge, Suite
from bisector.outcome import Outcome as Fate
from bisector.patches import Series
from bisector.prober import Prober
from bisector.session import Options
from bisector.workspace import Workspace

TESTS_A_CORE = 4  # a test takes 0.3 s, and 0.04 s of a processor


@dataclass(frozen=True)
class Plan:
    """What is to be verified, where (full hashes), and by what."""

    series: Series
    revisions: tuple[str, ...]
    suites: tuple[Suite, ...]
    hunks: bool = False


def verify(
    workspace: Workspace, options: Options, on: Sequence[str], way: Way, *, hunks: bool = False
) -> Outcome:
    """Verify the patches at the revisions that *on* names, or where they tell most.

    Raises UsageProblem, PatchProblem and what a probe raises.
    """
    test = session.find_test(options)
    history = session.find_history(options, workspace, way.watcher.doing)
    series = session.find_series(options.patches, test.known, history)
    if series is None:
        raise PatchProblem("no patch to verify", "name it with --patch")
    if on:
        commits = revisions.named(history, on)
    else:
        commits = revisions.around(history, *session.find_claims(workspace, history, test))
    suites = session.find_suites(options, test)
    bench = session.find_bench(options, workspace, history, test)
    plan = Plan(series, tuple(commits), suites, hunks)
    started = conduct.started_job(
        "verify", bench, series, way, range=", ".join(on), commits=len(commits)
    )
    name = session.job_id("verify", bench, series, suites, commits, hunks)
    way = replace(way, tests=TESTS_A_CORE * cores())
    return conduct.carry_out(bench, name, started, way, lambda prober: _run(plan, prober))


def _run(plan: Plan, prober: Prober) -> None:
    journal = prober.journal
    if remark := prober.chains.remark:
        journal.note(Noted(remark))
    judge = Judge(prober, plan.suites)
    fixed: list[str] = []
    for told in judge.judge_all(plan.revisions, plan.series):
        for event in told:
            journal.note(event)
            if event.wanted and event.outcome is Fate.FIXES:
                fixed.append(event.revision)
    if plan.hunks:
        if fixed:
            for dropped in Hunkwise(judge, fixed[-1]).drop_each(plan.series):
                journal.note(dropped)
        else:
            journal.note(Noted("no hunk was dropped: the patch fixes none of these revisions"))
    journal.note(Ended(ANSWERED, ()))
