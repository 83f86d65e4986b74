"""bench/overhead: the time of a probe by stage, and the time beyond make and VTest."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.measure import ROOT, checked, empty_workspace, measure
from bench.stages import MAKE, VTEST, Clock
from bench.table import table
from bisector.build.toolchains.fast import Fast
from bisector.errors import BisectorError
from bisector.git.history import History, Range
from bisector.patch import relevance
from bisector.probing import setup
from bisector.probing.executors import Task
from bisector.probing.options import NONE, Options
from bisector.probing.probe import Probe, probe
from bisector.probing.prober import Prober
from bisector.record.journal import Journal
from bisector.record.verdict import Result
from bisector.system.slots import Slot
from bisector.system.workspace import Workspace

STARTS = 10
OTHER = "other"  # locks, temporary folders
TARGET = 0.25  # seconds beyond make and VTest
ABOUT = f"""Probe revisions of RANGE (default v2.9..master), evenly spread, one after another in an
empty workspace, then the parent of the last one, which differs from it in .c files only: an
incremental build. Times are seconds by stage, each without the stages that it calls. The target for
everything beyond make and VTest is {TARGET} s. Run it on an otherwise idle machine."""


@dataclass(frozen=True)
class Row:
    """One probe: its verdict, and its duration in seconds by stage."""

    revision: str
    name: str
    verdict: str
    stages: Mapping[str, float]

    @property
    def total(self) -> float:
        return sum(self.stages.values())

    @property
    def beyond(self) -> float:
        """Seconds outside make and VTest."""
        return self.total - sum(self.stages.get(stage, 0.0) for stage in (MAKE, VTEST))


class Inline:
    """An Executor that runs each probe immediately, in the calling thread."""

    jobs = tests = 1

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def submit(self, request: Probe) -> Task:
        """Run the probe; the returned task is complete."""
        slot = Slot()
        future: Future[Result] = Future()
        future.set_result(probe(self._workspace, request, slot))
        return Task(future, slot)

    def wait(self, tasks: Collection[Task]) -> None:
        """Do nothing: every task is complete."""

    def cancel(self, task: Task) -> None:
        """Do nothing: every task is complete."""


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit status."""
    asked = _parser().parse_args(argv)
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as root:
            start = start_up(Path(root))
            print(f"process start-up: {start:.3f} s, the median of {STARTS} `bisector --version`\n")
            workspace = empty_workspace(Path(root, "workspace"), Workspace.open().root / "tools")
            options = Options(
                repo=asked.repo, scenario=asked.scenario, toolchain=asked.toolchain, confirm=NONE
            )
            rows = list(_probes(workspace, options, asked.range, asked.count))
    except BisectorError as error:
        print(f"bench/overhead: {error}", file=sys.stderr)
        return error.exit_code
    print(text(rows))
    if asked.json:
        content = {"start": start, "rows": [{**asdict(r), "beyond": r.beyond} for r in rows]}
        asked.json.write_text(json.dumps(content, indent=2) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench/overhead", description=ABOUT)
    parser.add_argument("--repo", required=True, metavar="CLONE", help="of HAProxy")
    parser.add_argument("--count", type=int, default=8, metavar="N", help="how many revisions (8)")
    parser.add_argument("--scenario", default=setup.DEFAULT_SCENARIO, help="(%(default)s)")
    parser.add_argument("--toolchain", default=Fast.name, help="(%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("range", nargs="?", default="v2.9..master", metavar="RANGE")
    return parser


def start_up(folder: Path) -> float:
    """The median duration of `bisector --version` in seconds, of STARTS runs."""
    argv = [sys.executable, "-m", "bisector", "--version"]
    env = {"PYTHONPATH": str(ROOT)}
    runs = [checked(measure(argv, cwd=folder, env=env), argv[2]) for _ in range(STARTS)]
    return statistics.median(run.wall for run in runs)


def _probes(workspace: Workspace, options: Options, text: str, count: int) -> Iterator[Row]:
    test = setup.find_test(options)
    history = setup.find_history(options, workspace, lambda what: None, lambda what: None)
    context = setup.find_context(options, workspace, history, test)
    journal = Journal(workspace.folder("hunts", "overhead") / "journal")
    clock = Clock()
    prober = Prober(context, journal, Inline(workspace), lambda what: None, fresh=False)
    revisions = chosen(history, history.range(text), count)
    with clock.wrapping():
        for revision in revisions:
            with clock.stage(OTHER):
                told = prober.ask(revision, "overhead")
            yield Row(revision, history.release(revision), told.verdict, clock.take())


def chosen(history: History, span: Range, count: int) -> list[str]:
    """About *count* commits, evenly spaced, and the parent of the last one.

    The last one is chosen such that its parent differs in .c files only.
    """
    commits = span.commits
    evidence = relevance.of(history, commits)
    no = evidence.inert | evidence.rebuilding
    last = max((at for at, one in enumerate(commits) if at and one not in no), default=0)
    places = [round(last * step / max(1, count - 1)) for step in range(count)]
    return [*dict.fromkeys(commits[place] for place in (*places, last, max(0, last - 1)))]


def text(rows: Sequence[Row]) -> str:
    """A table of seconds by stage: mean of the full builds, maximum, and the incremental build."""
    *full, near = rows
    stages = sorted({stage for row in rows for stage in row.stages})
    mean = {stage: _mean([row.stages.get(stage, 0.0) for row in full]) for stage in stages}
    stages.sort(key=lambda stage: (stage not in (MAKE, VTEST), -mean[stage]))
    lines = [("seconds", f"mean of {len(full)}", "most", "incremental")]
    lines += [_line(stage, [row.stages.get(stage, 0.0) for row in rows]) for stage in stages]
    lines.append(_line("beyond make and VTest", [row.beyond for row in rows]))
    lines.append(_line("all", [row.total for row in rows]))
    told = f"{_names(full)}; incremental: {near.name} ({near.verdict})"
    within = sum(row.beyond <= TARGET for row in rows)
    return "\n".join([table(lines), "", told, f"{within} of {len(rows)} within {TARGET} s"])


def _names(rows: Sequence[Row]) -> str:
    return ", ".join(f"{row.name} ({row.verdict})" for row in rows)


def _line(stage: str, seconds: Sequence[float]) -> tuple[str, str, str, str]:
    *full, near = seconds
    return (stage, f"{_mean(full):.3f}", f"{max(full):.3f}", f"{near:.3f}")


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
