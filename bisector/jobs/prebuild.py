"""The job of `prebuild`: build every different source of a range, ahead of the hunts over it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import pygit2

from bisector.build import compiling, linking
from bisector.build.prebuilt import Prebuilt, Source, Writer
from bisector.build.toolchain import Toolchain
from bisector.build.toolchains.fast import Fast
from bisector.git.history import History, Range
from bisector.jobs.runner import Watcher
from bisector.jobs.survey.estimate import measured
from bisector.patch import relevance
from bisector.probing import setup, toolchains
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

    ``keys`` are those of all sources of the range.
    """

    workspace: Workspace
    history: History
    toolchain: Toolchain
    sandbox: Sandbox | None
    sandbox_remark: str
    sources: tuple[Source, ...]
    keys: frozenset[str]
    work: Prebuilding


def plan(asked: Asked, range_text: str, jobs: int, other: Path | None = None) -> PrebuildPlan:
    """What is to be built for *range_text*, *jobs* sources at a time (0: one a processor).

    What *other*, the file of another workspace, has of it is taken from there. Raises
    BisectorErrors.
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
    return _plan(workspace, history, toolchain, box, span, different, jobs)


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


def run(plan: PrebuildPlan, watcher: Watcher) -> record.Prebuilt:
    """Carry out *plan*; what is finished is kept if it is interrupted.

    Raises EnvironmentProblems.
    """
    if plan.sandbox_remark:
        watcher.handle(Noted(plan.sandbox_remark))
    work = _Work(plan, watcher)
    parts = list(_parts(plan.sources, plan.work.jobs))
    with ThreadPoolExecutor(max(1, len(parts)), thread_name_prefix="prebuild") as pool:
        try:
            running = [pool.submit(work.build, part) for part in parts]
            for finished in wait(running, return_when=FIRST_EXCEPTION).done:
                finished.result()
        finally:  # also Ctrl-C and an error: nothing may keep running
            work.cancel()
    prebuilt = Prebuilt(plan.workspace)
    problems = Counter(problem for key, problem in prebuilt.problems().items() if key in plan.keys)
    return record.Prebuilt(problems, prebuilt.size, prebuilt.file)


class _Work:
    """Builds sources in several threads, each in a build tree of its own."""

    def __init__(self, plan: PrebuildPlan, watcher: Watcher) -> None:
        self._plan = plan
        self._watcher = watcher
        self._slots: list[Slot] = []
        self._lock = threading.Lock()
        self._done = 0
        self._ended = False
        self._begin = self._shown = time.monotonic()

    def build(self, sources: Sequence[Source]) -> None:
        """Build *sources* one after the other, and keep their objects."""
        plan = self._plan
        slot = Slot(max(1, cores() // plan.work.jobs), sandbox=plan.sandbox)
        self._slots.append(slot)
        store = pygit2.Repository(str(plan.history.store_path))
        writer = Writer(Prebuilt(plan.workspace))
        for source in sources:
            if self._ended:
                return
            with compiling.compiled(
                plan.workspace,
                store,
                source.tree,
                plan.toolchain,
                source.key,
                slot,
                linking.recording(plan.toolchain),
            ) as made:
                link = linking.recorded(made.folder)
                if made.problem or link is None:
                    writer.add_problem(source, made.problem or "make did not use its LD")
                else:
                    writer.add(source, link, made.folder)
                    made.draft.unlink()
            self._tell()

    def cancel(self) -> None:
        """End all builds that are under way; none begins, even if this is interrupted, too."""
        self._ended = True
        for slot in self._slots:
            slot.cancel()

    def _tell(self) -> None:
        """Count a source, and show from time to time how many are left and for how long."""
        with self._lock:
            self._done += 1
            now, left = time.monotonic(), len(self._plan.sources) - self._done
            if now - self._shown < _SHOWN_SECONDS:
                return
            self._shown = now
            minutes = (now - self._begin) / self._done * left / 60
            text = (
                f"{self._done} of {len(self._plan.sources)} sources built, {minutes:.0f} min left"
            )
            self._watcher.progress(text)


def _different(history: History, commits: Sequence[str], toolchain: Toolchain) -> dict[str, Source]:
    """The different sources among *commits*, each by the first commit that has it."""
    found: dict[str, tuple[str, Source]] = {}
    for commit in commits:
        source = Source.of(history.store, history.tree_id(commit), toolchain)
        found.setdefault(source.key, (commit, source))
    return dict(found.values())


def _parts(sources: Sequence[Source], count: int) -> Iterator[Sequence[Source]]:
    """*sources* in *count* parts; neighbours stay together, as they share most objects."""
    size = max(1, -(-len(sources) // max(1, count)))
    return (sources[at : at + size] for at in range(0, len(sources), size))


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
