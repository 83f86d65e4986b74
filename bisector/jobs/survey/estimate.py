"""What a sweep is going to take: what is to be built, how long that took before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bisector.build.toolchain import Toolchain
from bisector.git.object_store import content_key
from bisector.patch import relevance
from bisector.probing.context import Bench
from bisector.probing.executors import default_jobs
from bisector.record import journal
from bisector.record.events import Event, Probed, Started
from bisector.record.words import Job
from bisector.record.work_estimate import Estimate
from bisector.search.costs import TEST_SECONDS, Costs, Memory
from bisector.system.slots import cores
from bisector.system.workspace import Workspace

_ENOUGH = 3  # builds from which a pace can be told


@dataclass(frozen=True)
class Pace:
    """How long a whole build and a test take, by so many ``builds`` that were measured here.

    Where ``builds`` is 0, both are what they were on another machine.
    """

    build_seconds: float
    test_seconds: float
    builds: int


def estimate(
    bench: Bench, commits: Sequence[str], order: Sequence[str], runs: int, name: str, fresh: bool
) -> Estimate:
    """What it takes to test the revisions of *order*, in this order, *runs* times each.

    *commits* is the range that they are of, *name* the journal in which some may have been.
    """
    history, chain = bench.history, bench.chains.search
    content = {one: content_key(history.store, history.tree_id(one)) for one in order}
    memory = bench.memory(order, chain, fresh)
    path = bench.workspace.root / "hunts" / name / "journal"
    kept = not fresh and journal.format_of(path) == journal.FORMAT  # else it is set aside
    events = journal.read(path)[0] if kept else []
    told = {event.revision for event in events if isinstance(event, Probed)}
    known = {content[one] for one in order if one in memory.verdicts or one in told}
    built = {content[one] for one in order if one in memory.binaries} - known
    costs = _build_costs(bench, commits, order, content)
    left = sum(cost for key, cost in costs.items() if key not in known | built)
    pace = measured(bench.workspace, type(chain), bench.oracle.name)
    scale, builds = pace.build_seconds / chain.cost.full, pace.builds
    took = {content[one.revision]: one.build_seconds for one in _built(events, chain.name)}
    if len(took) >= _ENOUGH:  # it was begun: nothing tells more than its own builds
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
    bench: Bench, commits: Sequence[str], order: Sequence[str], content: Mapping[str, str]
) -> dict[str, float]:
    """The seconds that each content's build takes on the machine of Costs, by its key."""
    rebuilding = relevance.rebuilding(bench.history, commits)
    costs = Costs(commits, rebuilding, Memory(), bench.chains.search.cost, default_jobs())
    found: dict[str, float] = {}
    for revision in order:
        if content[revision] not in found:
            found[content[revision]] = costs.seconds(revision) - TEST_SECONDS
            costs.built(revision)
    return found


def _built(events: Iterable[Event], chain: str) -> list[Probed]:
    """The probes for which *chain* built something."""
    return [
        one
        for one in events
        if isinstance(one, Probed) and one.build_seconds and one.toolchain == chain
    ]


def measured(workspace: Workspace, chain: type[Toolchain], scenario: str) -> Pace:
    """How long builds by *chain* and the tests of *scenario* took in the workspace's hunts."""
    hunts = [journal.read(path)[0] for path in workspace.root.glob("hunts/*/journal")]
    return pace_of(hunts, chain, scenario)


def pace_of(journals: Sequence[Sequence[Event]], chain: type[Toolchain], scenario: str) -> Pace:
    """The same of *journals*.

    A sweep's builds go on from their neighbours', so whole ones are those of the other jobs.
    """
    builds, tests = [], []
    for events in journals:
        if not any(isinstance(one, Started) and one.job is Job.SWEEP for one in events):
            builds += [one.build_seconds for one in _built(events, chain.name)]
        probes = (one for one in events if isinstance(one, Probed) and one.scenario == scenario)
        tests += [one.test_seconds for one in probes if one.test_seconds]
    test = median(tests) if tests else TEST_SECONDS
    if len(builds) < _ENOUGH:
        return Pace(chain.cost.full, test, 0)
    return Pace(median(builds), test, len(builds))
