"""The job of `backport`: port a fix to branches, test it there, and write the results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pygit2

from bisector.errors import UsageProblem, WouldOverwrite
from bisector.git.history import History
from bisector.jobs import catalog, runner
from bisector.jobs.backport import advice, later
from bisector.jobs.backport.attempt import BackportPlan
from bisector.jobs.backport.branches import Backport
from bisector.jobs.backport.fix import Fix
from bisector.jobs.judge import Suite, find_suites
from bisector.jobs.queue.mentions import Mention
from bisector.jobs.queue.source import Line, find_line
from bisector.jobs.runner import Execution
from bisector.patch import deliver, quilt_files
from bisector.patch.cherry_pick import Picked, Picker
from bisector.probing.executors import TESTS_A_CORE
from bisector.probing.prober import Prober
from bisector.probing.setup import Asked
from bisector.record.patch_events import Ported
from bisector.record.words import Job
from bisector.system.slots import cores
from bisector.system.workspace import Workspace

# Part of the job's name. Raise it when a change of the code gives another answer to the same
# question, so that a finished journal is not reused.
_RULES = 5


@dataclass(frozen=True)
class Delivery:
    """The output of a backport, and the reg-tests to run.

    ``out`` is the folder for files for `git am`, ``create`` a name for branches to create in the
    user's clone ('' for none), ``reg_tests`` are folders of the branches' own reg-tests.
    """

    out: Path | None = None
    create: str = ""
    reg_tests: tuple[str, ...] = ()


def backport(
    asked: Asked, what: str, onto: Sequence[str], delivery: Delivery, execution: Execution
) -> runner.JobResult:
    """Try the patch or revision *what* on the branches *onto*, and deliver what works.

    WouldOverwrite is returned as the result's ``problem``. Raises UsageProblem, PatchProblem and
    what a probe raises.
    """
    history = asked.history
    fix = Fix.find(what, history)
    plan = _plan(asked, fix, onto, delivery)
    context = asked.context
    names = [branch.name for branch in plan.branches]
    started = runner.started_job(
        Job.BACKPORT,
        context,
        fix.series,
        execution,
        ", ".join(names),
        len(names),
    )
    about = (_RULES, fix.revision, fix.home, fix.message, plan.branches, plan.claims, plan.repairs)
    job = catalog.job_id(Job.BACKPORT, context, fix.series, plan.suites, *about, delivery)
    execution = replace(execution, tests=TESTS_A_CORE * cores())

    def work(prober: Prober) -> None:
        Backport(plan, prober, execution.watcher.progress).run()

    result = runner.carry_out(context, job, started, execution, work)
    try:
        hand_over(plan, history, [event for event in result.events if isinstance(event, Ported)])
    except WouldOverwrite as problem:
        return replace(result, problem=problem)
    return result


def _plan(asked: Asked, fix: Fix, onto: Sequence[str], delivery: Delivery) -> BackportPlan:
    """The plan of a backport. All errors of the user are raised here, before anything is built."""
    options, history = asked.options, asked.history
    branches = find_branches(history, onto)
    out, created = delivery.out and delivery.out.absolute(), dict[str, str]()
    if out is not None or delivery.create:
        fix.require_authors()
    if delivery.create:
        names = [branch.name for branch in branches]
        created = deliver.branch_names(delivery.create, names, history.clone)
    suites = find_suites(options, asked.test)
    named = options.scenario is not None or options.own_test is not None
    if not named:
        suites = tuple(replace(suite, wanted=True) for suite in suites)
    said = later.find_mentions(history, fix)
    claims = (*_claims(asked.workspace, history, suites), *origin(history, fix, said))
    home = find_line(history, fix.home).version
    pairs = tuple(created.items())
    return BackportPlan(
        fix,
        home,
        branches,
        suites,
        claims,
        out,
        pairs,
        delivery.reg_tests,
        named,
        later.repairs(fix, said),
    )


def find_branches(history: History, names: Sequence[str]) -> tuple[Line, ...]:
    """The branches that the user named, each once. Raises NoSuchRevision, UsageProblem."""
    if not names:
        raise UsageProblem("no branch to port to", "name one with --onto, or all with --maintained")
    return tuple(find_line(history, name) for name in dict.fromkeys(names))


def _claims(
    workspace: Workspace, history: History, suites: Sequence[Suite]
) -> Iterator[tuple[str, str, str]]:
    """(scenario, introducing commit, fix) for each wanted scenario, as BackportPlan.claims."""
    for suite in suites:
        if suite.wanted and suite.known is not None:
            names = catalog.find_claims(workspace, history, suite.scenario, suite.known)
            introduced, fixed = (
                history.resolve(name).id if name and history.knows(name) else "" for name in names
            )
            yield suite.scenario, introduced, fixed


def origin(
    history: History, fix: Fix, said: Sequence[Mention] = ()
) -> Iterator[tuple[str, str, str]]:
    """The claim in the fix's message, if its introducing commit is an ancestor of the fix.

    *said* are the earlier commits that the message names in other ways than an origin.
    """
    for name in (advice.origin(fix.message), *later.culprits(fix, said)):
        if name and history.knows(name):
            commit = history.resolve(name).id
            if history.objects.descendant_of(fix.home, commit):
                yield "", commit, fix.revision
                return


def hand_over(plan: BackportPlan, history: History, ported: Sequence[Ported]) -> None:
    """Write the files and create the branches that *ported* names.

    Raises WouldOverwrite if other ones with these names exist.
    """
    for row in ported:
        if row.files:
            assert plan.out is not None
            # the author is the committer, so that a repeated job writes the same files
            commits = _picked_again(plan.fix, history, row, None)
            if quilt_files.is_package(history, row.revision):
                out = plan.package_folder(row.branch)
                wanted = quilt_files.files(history, row.revision, commits, out)
                quilt_files.write(wanted, history, row.revision)
            else:
                deliver.write_patches(history.store, commits, plan.out, row.branch)
        if row.created:
            commits = _picked_again(plan.fix, history, row, history.identity)
            tip = commits[-1] if commits else row.revision
            deliver.create_branch(history.store, history.clone, row.created, tip)


def _picked_again(
    fix: Fix, history: History, row: Ported, committer: pygit2.Signature | None
) -> tuple[str, ...]:
    """The commits (full hashes) that the job tested on a branch, made by *committer*."""
    picked = fix.onto(Picker(history.store, committer), row.prerequisite_ids, row.revision)
    assert isinstance(picked, Picked)  # it applied when the job tested it
    return picked.commits
