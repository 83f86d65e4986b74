"""bench/noise: the smallest change of each metric that this machine can tell, by time."""

from __future__ import annotations

import argparse
import math
import random
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.table import table
from bisector.errors import BisectorError
from bisector.jobs.metric.measuring import Measurer
from bisector.jobs.metric.reference import compared_with
from bisector.probing import setup
from bisector.probing.executors import Local
from bisector.probing.options import Options
from bisector.probing.prober import Prober
from bisector.record.journal import Journal
from bisector.record.words import Purpose
from bisector.search.change_search import ChangeSearch
from bisector.system.workspace import Workspace
from bisector.testing.metrics import METRICS

COMMITS = 40  # of the range in which a change is searched
MINUTES = (1, 5, 15)
EFFECTS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
SEARCHES, FOUND = 20, 0.95  # that many of them must find the commit
MOST_RUNS = 120  # of a simulated search: to choose one takes some 20 ms
ABOUT = f"""Measure one revision of HAProxy several times with each metric, then simulate searches
for a change in {COMMITS} commits with noise as it was measured: the smallest change of
{", ".join(f"{effect:.1%}" for effect in EFFECTS)} whose commit {FOUND:.0%} of {SEARCHES} searches
find within {", ".join(map(str, MINUTES))} minutes of measuring, and in {MOST_RUNS} runs at most.
Builds are not counted."""


@dataclass(frozen=True)
class Noise:
    """Of a metric: the deviation of a run's logarithm, and the seconds that a run takes."""

    metric: str
    deviation: float
    seconds: float
    values: int  # in a run


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, simulate, print, and return the exit status."""
    asked = _parser().parse_args(argv)
    try:
        rows = [_line(noise) for noise in measured(asked)]
    except BisectorError as error:
        print(f"bench/noise: {error}", file=sys.stderr)
        return error.exit_code
    title = ("metric", "deviation", "seconds", *(f"in {minutes} min" for minutes in MINUTES))
    print(table([title, *rows]))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench/noise", description=ABOUT)
    parser.add_argument("--repo", required=True, metavar="CLONE", help="of HAProxy")
    parser.add_argument("--runs", type=int, default=6, metavar="N", help="of each metric (6)")
    parser.add_argument("--toolchain", default="release", help="(%(default)s)")
    parser.add_argument("--load", metavar="PROFILE", help="(the default one)")
    parser.add_argument("--metric", action="append", choices=METRICS, help="only this one")
    parser.add_argument("revision", nargs="?", default="HEAD", metavar="REV")
    return parser


def measured(asked: argparse.Namespace) -> Iterator[Noise]:
    """The noise of each metric."""
    workspace = Workspace.open()
    for metric in asked.metric or METRICS:
        options = Options(
            repo=asked.repo,
            own_test=("metric", metric),
            extras=(("load", asked.load),) if asked.load else (),
            toolchain=asked.toolchain,
        )
        print(f"{metric}: measuring", file=sys.stderr)
        yield _noise(workspace, options, asked.revision, metric, asked.runs)


def _noise(workspace: Workspace, options: Options, name: str, metric: str, runs: int) -> Noise:
    test = setup.find_test(options)
    history = setup.find_history(options, workspace, _ignore, _ignore)
    context = setup.find_context(options, workspace, history, test)
    revision = history.resolve(name).id
    with workspace.scratch() as scratch, Local(workspace, 1) as executor:
        prober = Prober(context, Journal(Path(scratch, "journal")), executor, None, fresh=True)
        toolchain = context.toolchains.search
        with compared_with(prober, revision, toolchain) as oracle:
            measurer = Measurer(prober, toolchain, oracle)
            probes = [
                probed
                for _ in range(runs)
                for probed in measurer.measure([revision], Purpose.PROBE)
            ]
    logs = [[math.log(sample) for sample in one.samples] for one in probes if one.samples]
    deviation = statistics.stdev(statistics.fmean(each) for each in logs) if len(logs) > 1 else 0.0
    return Noise(metric, deviation, measurer.seconds, len(logs[0]) if logs else 0)


def _ignore(text: str) -> None:
    """Take no note."""


def _line(noise: Noise) -> tuple[str, ...]:
    smallest = (smallest_effect(noise, 60.0 * minutes) for minutes in MINUTES)
    shown = (f"{effect:.1%}" if effect else "-" for effect in smallest)
    return (noise.metric, f"{noise.deviation:.2%}", f"{noise.seconds:.1f}", *shown)


def smallest_effect(noise: Noise, seconds: float) -> float:
    """The smallest of EFFECTS that enough searches find in that time; 0 if it is none of them."""
    runs = min(MOST_RUNS, int(seconds / noise.seconds))
    return next((effect for effect in EFFECTS if _is_found(noise, effect, runs)), 0.0)


def _is_found(noise: Noise, effect: float, runs: int) -> bool:
    """Whether enough simulated searches find the commit with so many runs."""
    wrong = 0
    for seed in range(SEARCHES):
        chance = random.Random(seed)
        at = chance.randint(1, COMMITS)
        level = _levels(effect, at, noise.deviation, chance)
        wrong += _searched(level, effect, runs) != at
        if wrong > (1 - FOUND) * SEARCHES:
            return False
    return True


def _levels(
    effect: float, at: int, deviation: float, chance: random.Random
) -> Callable[[int], float]:
    """A made-up measurement of a commit by its number."""

    def measure(position: int) -> float:
        return (1 + effect * (position >= at)) * math.exp(chance.gauss(0, deviation))

    return measure


def _searched(measure: Callable[[int], float], effect: float, runs: int) -> int:
    """The commit that a search finds, 0 for none."""
    search = ChangeSearch([1.0] * COMMITS, effect)
    for _ in range(runs):
        position = search.choose()
        if position is None:
            break
        search.record(position, [measure(position)])
    if search.measured < 2:
        return 0
    change = search.change()
    return change.first if change and change.first == change.last else 0


if __name__ == "__main__":
    sys.exit(main())
