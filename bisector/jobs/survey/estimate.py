"""Estimate the work of a sweep from the caches and from the durations of earlier probes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bisector.build.toolchain import Toolchain
from bisector.git.object_store import content_key
from bisector.patch import relevance
from bisector.probing.context import Context
from bisector.probing.executors import default_jobs
from bisector.record import journal
from bisector.record.events import Event, Probed, Started
from bisector.record.words import Job
from bisector.record.work_estimate import Estimate
from bisector.search.costs import TEST_SECONDS, Costs, Memory
from bisector.system.slots import cores
from bisector.system.workspace import Workspace
from bisector.testing.oracle import TIMED_OUT

_MIN_BUILDS = 3  # the fewest measured builds that are used


@dataclass(frozen=True)
class MeasuredTimes:
    """The wall seconds of a full build and of a test, from ``builds`` builds on this machine.

    If ``builds`` is 0, the build's seconds were measured on another machine.
    """

    build_seconds: float
    test_seconds: float
    builds: int


def estimate(
    context: Context,
    commits: Sequence[str],
    order: Sequence[str],
    runs: int,
    name: str,
    fresh: bool,
) -> Estimate:
    """The work of testing the revisions *order*, in this order, *runs* times each.

    *commits* is the range that they belong to. *name* is the job, whose journal may have results.
    *fresh*: cached verdicts and that journal are ignored.
    """
    history, toolchain = context.history, context.toolchains.search
    content = {rev: content_key(history.store, history.tree_id(rev)) for rev in order}
    memory = context.memory(order, toolchain, fresh)
    path = context.workspace.root / "hunts" / name / "journal"
    kept = not fresh and journal.format_of(path) == journal.FORMAT  # else it is set aside
    events = journal.read(path)[0] if kept else []
    probed = {event.revision for event in events if isinstance(event, Probed)}
    known = {content[revision] for revision in order if revision in memory.verdicts | probed}
    built = {content[revision] for revision in order if revision in memory.binaries} - known
    costs = _build_costs(context, commits, order, content)
    left = sum(cost for key, cost in costs.items() if key not in known | built)
    pace = measured(context.workspace, type(toolchain), context.oracle.name)
    scale, builds = pace.build_seconds / toolchain.cost.full, pace.builds
    took = {
        content[p.revision]: p.build_seconds for p in _probes_with_build(events, toolchain.name)
    }
    if len(took) >= _MIN_BUILDS:  # the job was interrupted: its own builds predict best
        scale, builds = sum(took.values()) / sum(costs[key] for key in took), len(took)
    return Estimate(
        revisions=len(order),
        contents=len(costs),
        known=len(known),
        built=len(built),
        build_seconds=left * scale,
        test_seconds=(len(costs) - len(known)) * runs * pace.test_seconds,
        cores=cores(),
        measured=builds,
    )


def _build_costs(
    context: Context, commits: Sequence[str], order: Sequence[str], content: Mapping[str, str]
) -> dict[str, float]:
    """The seconds of each content's build on the machine on which Costs was measured, by key."""
    rebuilding = relevance.rebuilding(context.history, commits)
    costs = Costs(commits, rebuilding, Memory(), context.toolchains.search.cost, default_jobs())
    seconds: dict[str, float] = {}
    for revision in order:
        if content[revision] not in seconds:
            seconds[content[revision]] = costs.seconds(revision) - TEST_SECONDS
            costs.built(revision)
    return seconds


def _probes_with_build(events: Iterable[Event], toolchain: str) -> list[Probed]:
    """The probes for which the toolchain named *toolchain* built a binary."""
    probes = (event for event in events if isinstance(event, Probed))
    return [probed for probed in probes if probed.build_seconds and probed.toolchain == toolchain]


def _timed_out(probed: Probed) -> bool:
    failure = probed.failure  # which older journals do not have
    return probed.reason == TIMED_OUT or (failure is not None and failure.kind.is_hang)


def measured(workspace: Workspace, toolchain: type[Toolchain], scenario: str) -> MeasuredTimes:
    """The pace of builds by *toolchain* and of tests of *scenario* in the workspace's journals."""
    hunts = [journal.read(path)[0] for path in workspace.root.glob("hunts/*/journal")]
    return pace_of(hunts, toolchain, scenario)


def pace_of(
    journals: Sequence[Sequence[Event]], toolchain: type[Toolchain], scenario: str
) -> MeasuredTimes:
    """The pace of builds by *toolchain* and of tests of *scenario* in *journals* (medians).

    The builds of sweeps are left out, since most of them are incremental, and so are tests that
    exceeded a time limit: their times are those of the limits.
    """
    builds, tests = [], []
    for events in journals:
        if not any(isinstance(event, Started) and event.job is Job.SWEEP for event in events):
            builds += [p.build_seconds for p in _probes_with_build(events, toolchain.name)]
        probes = (p for p in events if isinstance(p, Probed) and p.scenario == scenario)
        tests += [p.test_seconds for p in probes if p.test_seconds and not _timed_out(p)]
    test = median(tests) if tests else TEST_SECONDS
    if len(builds) < _MIN_BUILDS:
        return MeasuredTimes(toolchain.cost.full, test, 0)
    return MeasuredTimes(median(builds), test, len(builds))
