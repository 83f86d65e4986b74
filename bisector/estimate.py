"""What a sweep is going to take: what is to be built, how long that took before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bisector import journal, relevance
from bisector.costs import FULL_SECONDS, TEST_SECONDS, Costs
from bisector.events import Event, Probed, Started
from bisector.executors import default_jobs
from bisector.lanes import cores
from bisector.prober import Bench
from bisector.store import content_key
from bisector.workspace import Workspace

_ENOUGH = 3  # builds from which a pace can be told


@dataclass(frozen=True)
class Pace:
    """How long a whole build and a test take, by so many ``builds`` that were measured here.

    Where ``builds`` is 0, both are what they were on another machine.
    """

    build_seconds: float
    test_seconds: float
    builds: int


@dataclass(frozen=True)
class Estimate:
    """So many ``revisions`` of so many ``contents``, of which some are ``known`` or ``built``.

    The seconds are of what is left to be done, on so many ``cores``; ``measured`` is how many
    builds on this machine they rest on.
    """

    revisions: int
    contents: int
    known: int
    built: int
    build_seconds: float
    test_seconds: float
    cores: int
    measured: int


def estimate(
    bench: Bench, commits: Sequence[str], order: Sequence[str], runs: int, name: str, fresh: bool
) -> Estimate:
    """What it takes to test the revisions of *order*, in this order, *runs* times each.

    *commits* is the range that they are of, *name* the journal in which some may have been.
    """
    history, chain = bench.history, bench.chains.search
    memory = bench.memory(order, chain, fresh)
    content = {one: content_key(history.store, history.tree_id(one)) for one in order}
    events = [] if fresh else journal.read(bench.workspace.root / "hunts" / name / "journal")[0]
    told = {event.revision for event in events if isinstance(event, Probed)}
    known = {content[one] for one in order if one in memory.verdicts or one in told}
    built = {content[one] for one in order if one in memory.binaries} - known
    rebuilding = relevance.rebuilding(history, commits)
    costs = Costs(commits, rebuilding, memory, chain.name, default_jobs())
    seen, reckoned = {*known, *built}, 0.0
    for revision in order:
        if content[revision] not in seen:
            seen.add(content[revision])
            reckoned += costs.seconds(revision) - TEST_SECONDS
            costs.built(revision)
    pace = measured(bench.workspace, chain.name, bench.oracle.name)
    return Estimate(
        revisions=len(order),
        contents=len(seen),
        known=len(known),
        built=len(built),
        build_seconds=reckoned * pace.build_seconds / FULL_SECONDS[chain.name],
        test_seconds=(len(seen) - len(known)) * runs * pace.test_seconds,
        cores=cores(),
        measured=pace.builds,
    )


def measured(workspace: Workspace, chain: str, scenario: str) -> Pace:
    """How long builds by *chain* and the tests of *scenario* took in the workspace's hunts."""
    hunts = [journal.read(path)[0] for path in workspace.root.glob("hunts/*/journal")]
    return pace_of(hunts, chain, scenario)


def pace_of(journals: Sequence[Sequence[Event]], chain: str, scenario: str) -> Pace:
    """The same of *journals*.

    A sweep's builds go on from their neighbours', so whole ones are those of the other jobs.
    """
    builds, tests = [], []
    for events in journals:
        probes = [one for one in events if isinstance(one, Probed) and not one.known]
        tests += [one.test_seconds for one in probes if one.scenario == scenario]
        if not any(isinstance(one, Started) and one.job == "sweep" for one in events):
            builds += [one.build_seconds for one in probes if one.toolchain == chain]
    builds, tests = [one for one in builds if one], [one for one in tests if one]
    if len(builds) < _ENOUGH:
        return Pace(FULL_SECONDS[chain], median(tests) if tests else TEST_SECONDS, 0)
    return Pace(median(builds), median(tests) if tests else TEST_SECONDS, len(builds))
