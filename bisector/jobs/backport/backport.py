"""The third job: can a fix be ported to other branches, is it needed there, and does it work?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pygit2

from bisector.errors import UsageProblem, WouldOverwrite
from bisector.git.history import History
from bisector.jobs import catalog, runner
from bisector.jobs.backport import advice
from bisector.jobs.backport.attempt import Branch, Plan
from bisector.jobs.backport.branches import Backport
from bisector.jobs.backport.fix import Fix
from bisector.jobs.judge import Suite, find_suites
from bisector.jobs.runner import Execution
from bisector.patch import deliver
from bisector.patch.cherry_pick import Picked, Picker
from bisector.probing.executors import TESTS_A_CORE
from bisector.probing.prober import Prober
from bisector.probing.setup import Asked
from bisector.record.patch_events import Ported
from bisector.record.words import Job
from bisector.system.slots import cores
from bisector.system.workspace import Workspace

# raised when the same question gets another answer, so that no finished journal is shown for it
_RULES = 2


@dataclass(frozen=True)
class Delivery:
    """What is to be done with what works, and what else is to be tried.

    Files for `git am` go below ``out``, branches called ``create`` into the user's clone;
    ``reg_tests`` are folders of a branch's own reg-tests, which it has to keep.
    """

    out: Path | None = None
    create: str = ""
    reg_tests: tuple[str, ...] = ()


def backport(
    asked: Asked, what: str, onto: Sequence[str], delivery: Delivery, execution: Execution
) -> runner.JobResult:
    """Try the patch or revision *what* on the branches *onto*, and hand over what works.

    That it cannot be handed over is part of the outcome. Raises UsageProblem, PatchProblem and
    what a probe raises.
    """
    history = asked.history
    plan = _plan(asked, Fix.find(what, history), onto, delivery)
    bench = asked.bench
    names = [branch.name for branch in plan.branches]
    started = runner.started_job(
        Job.BACKPORT, bench, plan.fix.series, execution, range=", ".join(names), commits=len(names)
    )
    about = (_RULES, plan.fix.revision, plan.fix.home, plan.fix.message, plan.branches, plan.claims)
    job = catalog.job_id(Job.BACKPORT, bench, plan.fix.series, plan.suites, *about, delivery)
    execution = replace(execution, tests=TESTS_A_CORE * cores())

    def work(prober: Prober) -> None:
        Backport(plan, prober, execution.watcher.progress).run()

    done = runner.carry_out(bench, job, started, execution, work)
    try:
        hand_over(plan, history, [event for event in done.events if isinstance(event, Ported)])
    except WouldOverwrite as problem:
        return replace(done, problem=problem)
    return done


def _plan(asked: Asked, fix: Fix, onto: Sequence[str], delivery: Delivery) -> Plan:
    """What is to be done, with everything that can be refused refused."""
    options, history = asked.options, asked.history
    branches = find_branches(history, onto)
    out, created = delivery.out and delivery.out.absolute(), dict[str, str]()
    if out is not None or delivery.create:
        fix.require_authors()
    if delivery.create:
        names = [branch.name for branch in branches]
        created = deliver.branch_names(delivery.create, names, history.objects)
    suites = find_suites(options, asked.test)
    named = options.scenario is not None or options.own_test is not None
    if not named:
        suites = tuple(replace(suite, wanted=True) for suite in suites)
    claims = (*_claims(asked.workspace, history, suites), *origin(history, fix))
    home = _branch(history, fix.home).version
    made = tuple(created.items())
    return Plan(fix, home, branches, suites, claims, out, made, delivery.reg_tests, named)


def find_branches(history: History, names: Sequence[str]) -> tuple[Branch, ...]:
    """The branches that the user named, each once. Raises NoSuchRevision, UsageProblem."""
    if not names:
        raise UsageProblem("no branch to port to", "name one with --onto")
    return tuple(_branch(history, name) for name in dict.fromkeys(names))


def _branch(history: History, name: str) -> Branch:
    commit = history.resolve(name).id
    tree = history.read(commit).tree
    raw = tree["VERSION"].peel(pygit2.Blob).data if "VERSION" in tree else b""
    return Branch(name, commit, advice.version_of(raw.decode("ascii", "replace"), name))


def _claims(
    workspace: Workspace, history: History, suites: Sequence[Suite]
) -> Iterator[tuple[str, str, str]]:
    """Which commits are said to have brought and fixed each scenario's bug."""
    for suite in suites:
        if suite.wanted and suite.known is not None:
            said = catalog.find_claims(workspace, history, suite.scenario, suite.known)
            known = [history.resolve(one).id if one and history.knows(one) else "" for one in said]
            yield suite.scenario, known[0], known[1]


def origin(history: History, fix: Fix) -> Iterator[tuple[str, str, str]]:
    """The commit that the fix's message says the bug came with, if the fix descends from it."""
    name = advice.origin(fix.message)
    if name and history.knows(name):
        commit = history.resolve(name).id
        if history.objects.descendant_of(fix.home, commit):
            yield "", commit, fix.revision


def hand_over(plan: Plan, history: History, ported: Sequence[Ported]) -> None:
    """Write the files and make the branches that *ported* names, unless they are there.

    Raises WouldOverwrite.
    """
    for one in ported:
        if one.files:
            # the authors commit, so that the same files come of the same question
            assert plan.out is not None
            commits = _picked_again(plan.fix, history, one, None)
            deliver.write_patches(history.store, commits, plan.out, one.branch)
        if one.created:
            commits = _picked_again(plan.fix, history, one, history.identity)
            tip = commits[-1] if commits else one.revision
            deliver.create_branch(history.store, history.objects, one.created, tip)


def _picked_again(
    fix: Fix, history: History, one: Ported, committer: pygit2.Signature | None
) -> tuple[str, ...]:
    done = fix.onto(Picker(history.store, committer), one.prerequisite_ids, one.revision)
    assert isinstance(done, Picked)  # it went in before
    return done.commits
