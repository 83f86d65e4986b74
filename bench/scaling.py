"""bench/scale: the speed of hunts and sweeps by number of workers, measured and simulated."""

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
from bisector.probing.options import Options
from bisector.probing.prober import Prober
from bisector.record.journal import Journal
from bisector.search import sweep_plan
from bisector.system.workspace import Workspace

WORKERS = (0, 1, 2, 4)  # 0: no cluster
CREWS = (1, 4, 16, 64, 256, 1000)
SIZES = (10, 100, 1000, 10000)
HUNTS = 5  # simulated hunts of each kind
LAG = 64  # commits between two successive trees of a worker, which is the number of workers
NEIGHBOURS = 256  # further commits whose trees are packed
LINE = 125_000_000  # bytes per second of the client's network: 1 Gbit/s
ABOUT = """Three tables:

  measured  a sweep of --count revisions of RANGE (default v2.9..master), evenly spaced, without a
            cluster and on 1, 2 and 4 workers on this machine, all with empty workspaces
  client    one binary tested --asks times by one worker: the client's time for a probe
  reckoned  a sweep and a hunt simulated with these figures on up to 1,000 workers, each a machine
            like this one, which share only the client and its network line of 1 Gbit/s

Takes about 15 minutes on two otherwise idle cores."""


@dataclass(frozen=True)
class Sweep:
    """A sweep on ``workers`` workers (0: no cluster); its duration and its probes' in seconds."""

    workers: int
    seconds: float
    probes: tuple[float, ...]


@dataclass(frozen=True)
class Client:
    """The client's part of a probe in seconds: processor time, and elapsed time beyond the test.

    Also the size of a tree's archive in bytes and its packing time in seconds: of a whole tree, and
    of the difference to the tree LAG commits earlier.
    """

    processor: float
    waiting: float
    whole: int
    packing_whole: float
    part: float
    packing_part: float


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit status."""
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
    """Measure a sweep on *workers* workers."""
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
    """Measure tests of one binary by one worker, and the packing of trees."""
    print(f"bench/scale: {asked.asks} tests by one worker", file=sys.stderr)
    own = workspace("asking")
    history = setup.find_history(options, own, lambda what: None, lambda what: None)
    commits = history.range(asked.range).commits
    context = setup.find_context(options, own, history, setup.find_test(options))
    journal = Journal(own.folder("hunts", "scale") / "journal")
    with Machines() as machines:
        machines.work(workspace("asked"))
        with Cluster(own, Scheduler(machines.address), lambda what: None) as executor:
            prober = Prober(context, journal, executor, lambda what: None, fresh=True)
            prober.ask(commits[-1], "scale")  # builds the binary
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
    """The archive size in bytes and packing time in seconds of each (tree, known base tree)."""
    found = []
    for tree, base in pairs:
        begun = time.process_time()
        found.append((packer.pack([tree], base).size, time.process_time() - begun))
    return found


def figures_of(sweeps: Sequence[Sweep], client: Client) -> Figures:
    """The input of the simulation: the probes of one worker, and the client's part."""
    (alone,) = (one for one in sweeps if one.workers == 1)
    each = client.processor + client.packing_part
    return Figures(alone.probes, each, client.whole / LINE, client.part / LINE)


def measured(sweeps: Sequence[Sweep]) -> str:
    """The table of measured sweeps, compared with the one without a cluster."""
    local = sweeps[0].seconds
    rows = [("measured", "seconds", "beside none", "mean probe")]
    for one in sweeps:
        name = f"{one.workers or 'no'} worker{'' if one.workers == 1 else 's'}"
        each = f"{mean(one.probes):.1f}"
        rows.append((name, f"{one.seconds:.1f}", f"{one.seconds / local:.2f}", each))
    return table(rows)


def clients(one: Client) -> str:
    """The table of the client's part of a probe."""
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
    """The tables of simulated sweeps and hunts on many workers."""

    def hunts(size: int, crew: int) -> Span:
        spans = [growth.hunt(size, crew, figures, str(seed)) for seed in range(HUNTS)]
        return Span(sum(one.seconds for one in spans) / HUNTS, sum(s.work for s in spans) / HUNTS)

    def sweeps(size: int, crew: int) -> Span:
        return growth.sweep(size, crew, figures)

    return [_reckoned("sweep of", sweeps), _reckoned("hunt in", hunts)]


def _reckoned(what: str, job: Callable[[int, int], Span]) -> str:
    """A table of minutes, and of the factor compared with one worker without other costs."""
    rows = [("reckoned: minutes (times as fast)", *(f"{crew} workers" for crew in CREWS))]
    rows[0] = (rows[0][0], "1 worker", *rows[0][2:])
    for size in SIZES:
        spans = [job(size, crew) for crew in CREWS]
        cells = [f"{one.seconds / 60:.1f} ({one.speedup:.1f})" for one in spans]
        rows.append((f"{what} {size}", *cells))
    return table(rows)
