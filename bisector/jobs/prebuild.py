"""The job of `prebuild`: build every different source of a range, ahead of the hunts over it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

import pygit2

from bisector.build.build_ahead import build_ahead, parts
from bisector.build.prebuilt import Prebuilt, Source, Writer
from bisector.build.toolchain import Toolchain
from bisector.build.toolchains.fast import Fast
from bisector.git.history import History, Range
from bisector.jobs.runner import Watcher, notifier
from bisector.jobs.survey.estimate import measured
from bisector.patch import relevance
from bisector.probing import setup, toolchains
from bisector.probing.dask import builders
from bisector.probing.dask.scheduler import Scheduler
from bisector.probing.options import AUTO
from bisector.probing.setup import Asked
from bisector.record import prebuilding as record
from bisector.record.events import Noted
from bisector.record.prebuilding import Prebuilding
from bisector.search.costs import TEST_SECONDS, Costs, Memory
from bisector.system.sandbox import Sandbox
from bisector.system.slots import Slot, cores
from bisector.system.workspace import Workspace

_COST_CORES = 2  # on so many processors BuildCost was measured
_SHOWN_SECONDS = 0.5  # between two lines of progress


@dataclass(frozen=True)
class PrebuildPlan:
    """The ``sources`` that are to be built, oldest first, and what that is to take.

    ``keys`` are those of all sources of the range. Workers of ``cluster`` build them, if there is
    one, else this machine.
    """

    workspace: Workspace
    history: History
    toolchain: Toolchain
    sandbox: Sandbox | None
    sandbox_remark: str
    sources: tuple[Source, ...]
    keys: frozenset[str]
    work: Prebuilding
    cluster: Scheduler | None = None


def plan(
    asked: Asked,
    range_text: str,
    jobs: int,
    other: Path | None = None,
    cluster: Scheduler | None = None,
) -> PrebuildPlan:
    """What is to be built for *range_text*, *jobs* sources at a time (0: one a processor).

    With a *cluster*, its workers build. What *other*, the file of another workspace, has of it is
    taken from there. Raises BisectorErrors.
    """
    options, workspace, history = asked.options, asked.workspace, asked.history
    name = Fast.name if options.toolchain == AUTO else options.toolchain
    toolchain = toolchains.find_equipped(options, workspace, name, asked.note, asked.test)
    box = setup.find_sandbox(options, workspace, (toolchain,))
    span = history.range(range_text)
    different = _different(history, (span.old.id, *span.commits), toolchain)
    if other:
        taken = Prebuilt(workspace).take(other, [source.key for source in different.values()])
        asked.note(f"{taken} prebuilt sources taken from {other}")
    planned = _plan(workspace, history, toolchain, box, span, different, jobs)
    return on_workers(planned, cluster) if cluster else planned


def plan_of(
    workspace: Workspace,
    history: History,
    toolchain: Toolchain,
    sandbox: tuple[Sandbox | None, str],
    span: Range,
    jobs: int,
) -> PrebuildPlan:
    """What is to be built of *span* by *toolchain* in *sandbox*, which comes with a remark."""
    different = _different(history, (span.old.id, *span.commits), toolchain)
    return _plan(workspace, history, toolchain, sandbox, span, different, jobs)


def _plan(
    workspace: Workspace,
    history: History,
    toolchain: Toolchain,
    sandbox: tuple[Sandbox | None, str],
    span: Range,
    different: Mapping[str, Source],
    jobs: int,
) -> PrebuildPlan:
    """The same; *different* are the sources of *span*, each by its first commit."""
    commits = (span.old.id, *span.commits)
    there = Prebuilt(workspace).keys()
    missing = {commit: source for commit, source in different.items() if source.key not in there}
    jobs = jobs or cores()
    work = Prebuilding(
        range=span.text,
        toolchain=toolchain.name,
        total=len(different),
        missing=len(missing),
        seconds=_seconds(workspace, history, commits, tuple(missing), toolchain, jobs),
        jobs=min(jobs, len(missing)),
    )
    return PrebuildPlan(
        workspace,
        history,
        toolchain,
        *sandbox,
        tuple(missing.values()),
        frozenset(source.key for source in different.values()),
        work,
    )


def on_workers(plan: PrebuildPlan, cluster: Scheduler) -> PrebuildPlan:
    """*plan* for the workers of *cluster*, each of which is taken to be like this machine.

    Raises ClusterLost.
    """
    workers = max(1, builders.count_workers(cluster))
    seconds = plan.work.seconds * plan.work.jobs / cores() / workers
    work = replace(
        plan.work, seconds=seconds, jobs=min(workers, plan.work.missing), on_workers=True
    )
    return replace(plan, work=work, cluster=cluster)


def run(plan: PrebuildPlan, watcher: Watcher) -> record.Prebuilt:
    """Carry out *plan*; what is finished is kept if it is interrupted.

    Raises EnvironmentProblems.
    """
    progress = _Progress(len(plan.sources), watcher)
    if plan.cluster:
        store, notice = plan.history.store_path, notifier(watcher)
        builders.build(
            plan.workspace, plan.cluster, plan.toolchain, store, plan.sources, notice, progress.add
        )
    else:
        if plan.sandbox_remark:
            watcher.handle(Noted(plan.sandbox_remark))
        _build_here(plan, progress)
    prebuilt = Prebuilt(plan.workspace)
    problems = Counter(problem for key, problem in prebuilt.problems().items() if key in plan.keys)
    return record.Prebuilt(problems, prebuilt.size, prebuilt.file)


def _build_here(plan: PrebuildPlan, progress: _Progress) -> None:
    """Build all sources of *plan* in threads, each with a build tree of its own."""
    each = parts(plan.sources, max(1, -(-len(plan.sources) // max(1, plan.work.jobs))))
    share = max(1, cores() // max(1, plan.work.jobs))
    slots = [Slot(share, sandbox=plan.sandbox) for _ in each]
    with ThreadPoolExecutor(max(1, len(each)), thread_name_prefix="prebuild") as pool:
        try:
            running = [
                pool.submit(_build, plan, part, slot, progress)
                for part, slot in zip(each, slots, strict=True)
            ]
            for finished in wait(running, return_when=FIRST_EXCEPTION).done:
                finished.result()
        finally:  # also Ctrl-C and an error: nothing may keep running
            for slot in slots:
                slot.cancel()


def _build(plan: PrebuildPlan, sources: Sequence[Source], slot: Slot, progress: _Progress) -> None:
    """Build *sources* one after the other, until *slot* is cancelled."""
    store = pygit2.Repository(str(plan.history.store_path))
    writer = Writer(Prebuilt(plan.workspace))
    for source in sources:
        slot.stop.check()
        build_ahead(plan.workspace, store, plan.toolchain, source, writer, slot)
        progress.add(1)


class _Progress:
    """Shows from time to time how many of *total* sources are left, and for how long."""

    def __init__(self, total: int, watcher: Watcher) -> None:
        self._total = total
        self._watcher = watcher
        self._lock = threading.Lock()
        self._done = 0
        self._begin = self._shown = time.monotonic()

    def add(self, count: int) -> None:
        """Count so many sources that have been built."""
        with self._lock:
            self._done += count
            now, left = time.monotonic(), self._total - self._done
            if now - self._shown < _SHOWN_SECONDS:
                return
            self._shown = now
            minutes = (now - self._begin) / self._done * left / 60
            text = f"{self._done} of {self._total} sources built, {minutes:.0f} min left"
            self._watcher.progress(text)


def _different(history: History, commits: Sequence[str], toolchain: Toolchain) -> dict[str, Source]:
    """The different sources among *commits*, each by the first commit that has it."""
    found: dict[str, tuple[str, Source]] = {}
    for commit in commits:
        source = Source.of(history.store, history.tree_id(commit), toolchain)
        found.setdefault(source.key, (commit, source))
    return dict(found.values())


def _seconds(
    workspace: Workspace,
    history: History,
    commits: Sequence[str],
    missing: Sequence[str],
    toolchain: Toolchain,
    jobs: int,
) -> float:
    """The estimated seconds to build *missing* of *commits*, *jobs* at a time."""
    costs = Costs(commits, relevance.rebuilding(history, commits), Memory(), toolchain.cost, 1)
    total = 0.0
    for commit in missing:
        total += costs.seconds(commit) - TEST_SECONDS
        costs.built(commit)
    pace = measured(workspace, type(toolchain), "")
    return total * pace.build_seconds / toolchain.cost.full * _COST_CORES / jobs
