"""bench/scale: how hunts and sweeps take to more workers, and where that ends."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import mean

from bench import growth
from bench.growth import Figures, Span
from bench.machines import Machines
from bench.measure import ROOT, checked, empty_workspace, measure
from bench.table import table
from bisector.errors import BisectorError
from bisector.git.tree_archive import Packer
from bisector.probing import setup
from bisector.probing.dask.client import Cluster
from bisector.probing.dask.scheduler import Scheduler
from bisector.probing.prober import Prober
from bisector.probing.setup import Options
from bisector.record.journal import Journal
from bisector.search import sweep_plan
from bisector.system.workspace import Workspace

WORKERS = (0, 1, 2, 4)  # 0: no cluster
CREWS = (1, 4, 16, 64, 256, 1000)
SIZES = (10, 100, 1000, 10000)
HUNTS = 5  # simulated ones of each kind
LAG = 64  # how many commits a worker's next tree is from its last, if so many work
NEIGHBOURS = 256  # commits of which trees are packed, beyond those
LINE = 125_000_000  # bytes a second of the client's network: a gigabit
ABOUT = """Three tables:

  measured  a sweep of --count revisions of RANGE (default v2.9..master), evenly spread, without a
            cluster and on 1, 2 and 4 workers of this machine, everybody's workspace being empty
  client    one binary tested --asks times by one worker: what the client does for a probe
  reckoned  by these figures, a sweep and a hunt on up to 1,000 workers, each a machine like this
            one, which share nothing but the client and its line of 1 Gbit/s

A quarter of an hour on two cores, which should have nothing else to do."""


@dataclass(frozen=True)
class Sweep:
    """A sweep on so many workers (0: none): seconds by the clock, and those of each probe."""

    workers: int
    seconds: float
    probes: tuple[float, ...]


@dataclass(frozen=True)
class Client:
    """What the client does, in seconds for a probe: processor time, and what a probe waits for it.

    Archives in bytes and in seconds of packing: a whole tree, and what one lacks who has the tree
    of LAG commits before, in a sweep of all commits.
    """

    processor: float
    waiting: float
    whole: int
    packing_whole: float
    part: float
    packing_part: float


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    asked = _parser().parse_args(argv)
    options = Options(repo=asked.repo, toolchain="fast", confirm="none")
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as root:
            tools = Workspace.open().root / "tools"
            workspace = partial(_workspace, Path(root), tools)
            sweeps = [_sweep(asked, number, workspace) for number in WORKERS]
            client = _client(asked, options, workspace)
    except BisectorError as error:
        print(f"bench/scale: {error}", file=sys.stderr)
        return error.exit_code
    figures = figures_of(sweeps, client)
    print("\n\n".join([measured(sweeps), clients(client), *reckoned(figures)]))
    if asked.json:
        content = {"sweeps": [asdict(one) for one in sweeps], "client": asdict(client)}
        asked.json.write_text(json.dumps(content, indent=2) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "bench/scale", description=ABOUT, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--repo", required=True, metavar="CLONE", help="of HAProxy")
    parser.add_argument("--count", type=int, default=24, metavar="N", help="revisions (24)")
    parser.add_argument("--asks", type=int, default=200, metavar="N", help="tests (200)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("range", nargs="?", default="v2.9..master", metavar="RANGE")
    return parser


def _workspace(root: Path, tools: Path, name: str) -> Workspace:
    return empty_workspace(root / name, tools)


def _sweep(asked: argparse.Namespace, workers: int, workspace: Callable[[str], Workspace]) -> Sweep:
    """Sweep on so many workers."""
    client, answer = workspace(f"client-{workers}"), workspace("answers").root / f"{workers}.json"
    history = setup.find_history(
        Options(repo=asked.repo), client, lambda what: None, lambda what: None
    )
    every = sweep_plan.stride_for(len(history.range(asked.range).commits) + 1, asked.count)
    words = [sys.executable, "-m", "bisector", "sweep", asked.range, "--repo", asked.repo]
    words += ["--every", str(every), "--toolchain", "fast", "--json", str(answer)]
    env = {"PYTHONPATH": str(ROOT), "BISECTOR_WORKSPACE": str(client.root)}
    with ExitStack() as stack:
        if workers:
            machines = stack.enter_context(Machines())
            for number in range(workers):
                machines.work(workspace(f"worker-{workers}-{number}"))
            words += ["--cluster", machines.address]
        print(f"bench/scale: a sweep on {workers or 'no'} workers", file=sys.stderr)
        done = checked(measure(words, cwd=client.root, env=env), "bisector sweep", 0, 1)
    probes = json.loads(answer.read_text())["probes"]
    taken = (one["build_seconds"] + one["test_seconds"] for one in probes if not one["known"])
    return Sweep(workers, done.wall, tuple(taken))


def _client(
    asked: argparse.Namespace, options: Options, workspace: Callable[[str], Workspace]
) -> Client:
    """Ask one worker so many times about one binary, and pack trees."""
    print(f"bench/scale: {asked.asks} tests by one worker", file=sys.stderr)
    own = workspace("asking")
    history = setup.find_history(options, own, lambda what: None, lambda what: None)
    commits = history.range(asked.range).commits
    bench = setup.find_bench(options, own, history, setup.find_test(options))
    journal = Journal(own.folder("hunts", "scale") / "journal")
    with Machines() as machines:
        machines.work(workspace("asked"))
        with Cluster(own, Scheduler(machines.address), lambda what: None) as executor:
            prober = Prober(bench, journal, executor, lambda what: None, fresh=True)
            prober.ask(commits[-1], "scale")  # it is built
            clock, processor = time.monotonic(), time.process_time()
            for run in range(1, asked.asks + 1):
                (told,) = prober.ask_all([prober.start(commits[-1], "scale", run)])
                clock += told.test_seconds
            waited, processor = time.monotonic() - clock, time.process_time() - processor
    packer = Packer(str(history.store_path))
    trees = [history.tree_id(one) for one in commits[-LAG - NEIGHBOURS :]]
    ((whole, packing),) = _packed(packer, [(trees[0], "")])
    parts = _packed(packer, zip(trees[LAG:], trees, strict=False))
    return Client(
        processor / asked.asks,
        waited / asked.asks,
        whole,
        packing,
        round(mean(size for size, _ in parts)),
        mean(seconds for _, seconds in parts),
    )


def _packed(packer: Packer, pairs: Iterable[tuple[str, str]]) -> list[tuple[int, float]]:
    """The size of each tree's archive for who has the other one, and the seconds that it takes."""
    found = []
    for tree, base in pairs:
        begun = time.process_time()
        found.append((packer.pack(tree, base).size, time.process_time() - begun))
    return found


def figures_of(sweeps: Sequence[Sweep], client: Client) -> Figures:
    """What the simulation starts from: the probes of one worker, and the client's share."""
    (alone,) = (one for one in sweeps if one.workers == 1)
    each = client.processor + client.packing_part
    return Figures(alone.probes, each, client.whole / LINE, client.part / LINE)


def measured(sweeps: Sequence[Sweep]) -> str:
    """The sweeps beside that without a cluster."""
    local = sweeps[0].seconds
    rows = [("measured", "seconds", "beside none", "mean probe")]
    for one in sweeps:
        name = f"{one.workers or 'no'} worker{'' if one.workers == 1 else 's'}"
        each = f"{mean(one.probes):.1f}"
        rows.append((name, f"{one.seconds:.1f}", f"{one.seconds / local:.2f}", each))
    return table(rows)


def clients(one: Client) -> str:
    """What the client does for a probe."""
    rows = [
        ("client, for each probe", "milliseconds", "kB"),
        ("processor", f"{one.processor * 1000:.1f}", ""),
        ("from question to answer, beyond the test", f"{one.waiting * 1000:.1f}", ""),
        ("a tree for who has none", f"{one.packing_whole * 1000:.0f}", f"{one.whole / 1000:.0f}"),
        (
            f"a tree for who has that of {LAG} commits before",
            f"{one.packing_part * 1000:.1f}",
            f"{one.part / 1000:.1f}",
        ),
    ]
    return table(rows)


def reckoned(figures: Figures) -> list[str]:
    """Sweeps and hunts on many workers."""

    def hunts(size: int, crew: int) -> Span:
        spans = [growth.hunt(size, crew, figures, str(seed)) for seed in range(HUNTS)]
        return Span(sum(one.seconds for one in spans) / HUNTS, sum(s.work for s in spans) / HUNTS)

    def sweeps(size: int, crew: int) -> Span:
        return growth.sweep(size, crew, figures)

    return [_reckoned("sweep of", sweeps), _reckoned("hunt in", hunts)]


def _reckoned(what: str, job: Callable[[int, int], Span]) -> str:
    """Minutes, and how many times as fast as one worker to whom nothing else costs time."""
    rows = [("reckoned: minutes (times as fast)", *(f"{crew} workers" for crew in CREWS))]
    rows[0] = (rows[0][0], "1 worker", *rows[0][2:])
    for size in SIZES:
        spans = [job(size, crew) for crew in CREWS]
        cells = [f"{one.seconds / 60:.1f} ({one.speedup:.1f})" for one in spans]
        rows.append((f"{what} {size}", *cells))
    return table(rows)
