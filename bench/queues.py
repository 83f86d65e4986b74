"""bench/queue: the queue of a stable branch beside what people picked to it."""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bench import picked, queue_build, queue_choice, queue_repairs, queue_series
from bench.measure import empty_workspace, measure
from bench.queue_series import Made
from bench.table import table
from bisector.errors import BisectorError
from bisector.git.history import History
from bisector.git.stable_branches import name_of
from bisector.jobs.queue import source as sources
from bisector.jobs.queue.known import Known
from bisector.jobs.queue.plan import Planner
from bisector.jobs.queue.source import Source
from bisector.record.queue_events import Queued
from bisector.system.debian import fetch_source
from bisector.system.workspace import Workspace

VERSION = "3.0.11"  # in Debian 13
BASE, LINE = "v3.0.0", "master"
UNTIL = "2025-05-25T00:00:00+00:00"  # some days before its release
_ROOT = "BENCH_ROOT"  # the folder for the workspace of a process that bench.measure runs
ABOUT = f"""Plan the queue of {BASE} from the commits of {LINE} until {UNTIL[:10]}, without builds,
and compare it with what upstream's maintainers picked until {VERSION}, whose source is taken from
Debian through apt: the subjects of its CHANGELOG that exactly one commit of CLONE's {LINE} has.

choice: what is picked, by the message alone and by the plan. series: the picks of people, one on
top of the other, in their order and in that of {LINE}; the lines that differ are those of src/ and
include/ from the source of {VERSION}. repairs: the fixes of the year before the newest commit that
repair a fix, told by messages, beside the list FILE: lines of two hashes, first that of the repair;
`r` after them for a revert, `m` for a pair that is arguable.

--build: instead, decide, build each step of the series, and run the reg-tests that execute what it
changes, in an empty workspace; how long each part takes, and what comes out. This takes an hour or
more."""


@dataclass(frozen=True)
class Plan:
    """The rows of a queue; seconds of the clock and of the CPU, and the peak memory in MB."""

    rows: tuple[Queued, ...]
    seconds: float
    cpu: float
    peak: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark, print its tables, and return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        if options.build and _ROOT not in os.environ:
            return _again(options.repo)
        workspace = Workspace.open()
        history = History.open(options.repo, workspace)
        folder = fetch_source(workspace, VERSION).path
        if options.build:
            print(_built(options.repo, workspace, folder))
            return 0
        for text in _parts(history, folder, options.truth, options.list):
            print(text, flush=True)
    except BisectorError as problem:
        print(f"bench/queue: {problem}", file=sys.stderr)
        return 3
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "bench/queue", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repo", type=Path, required=True, metavar="CLONE", help="of HAProxy")
    parser.add_argument("--truth", type=Path, metavar="FILE", help="repairs, listed by hand")
    parser.add_argument("--list", action="store_true", help="a line for each difference")
    parser.add_argument("--build", action="store_true", help="build and test the queue's series")
    return parser


def _parts(history: History, folder: Path, truth: Path | None, each: bool) -> Iterator[str]:
    """What is measured, part by part."""
    whole = source_until(history, BASE, LINE, "")
    people = people_of(history, whole, folder)
    source = source_until(history, BASE, LINE, UNTIL)
    planned = plan(history, source)
    yield f"plan: {planned.seconds:.0f} s, {planned.cpu:.0f} s CPU, {planned.peak} MB at most\n"
    yield f"choice, of {len(people)} picked by people"
    yield choice(history, source, people, planned, each) + "\n"
    yield "series\n" + series(history, whole, people, folder, each)
    if truth:
        year = queue_repairs.last_year(history, whole.before)
        pairs = queue_repairs.found(history, year)
        yield f"\nrepairs, in {len(year)} commits"
        yield queue_repairs.report(pairs, queue_repairs.read(history, truth), each)


def _again(repo: Path) -> int:
    """Run the benchmark of the builds so that the time of all processes is counted."""
    script = Path(__file__).with_name("queue")
    words = (sys.executable, "-u", script, "--build", "--repo", repo.absolute())
    with tempfile.TemporaryDirectory(prefix="bench-") as root:
        return measure(words, cwd=Path.cwd(), env={_ROOT: root}, heard=print).status


def _built(repo: Path, tools: Workspace, folder: Path) -> str:
    """What the whole queue takes in an empty workspace that has the tools of another one."""
    workspace = empty_workspace(Path(os.environ[_ROOT], "workspace"), tools.root / "tools")
    history = History.open(repo, workspace)
    source = source_until(history, BASE, LINE, UNTIL)
    return queue_build.report(history, queue_build.make(workspace, repo, source, print), folder)


def source_until(history: History, base: str, line: str, until: str) -> Source:
    """What *base* can take from *line*, without commits from *until* on, a date; '' for all."""
    branch, main_line = (sources.find_line(history, name) for name in (base, line))
    source = sources.find_source(history, branch, main_line, "", ())
    if not until:
        return source
    limit = datetime.fromisoformat(until).timestamp()
    before = [one for one in source.before if history.read(one).commit_time < limit]
    return sources.find_source(history, branch, replace(main_line, tip=before[-1]), "", ())


def people_of(history: History, source: Source, folder: Path) -> list[str]:
    """The commits of the line that people picked to the branch, by the CHANGELOG in *folder*."""
    text = (folder / "CHANGELOG").read_text(encoding="utf-8", errors="replace")
    version = source.branch.version
    subjects = picked.subjects(text, name_of(version) if version else "")
    return picked.known(history, source.before, subjects)


def plan(history: History, source: Source) -> Plan:
    """The plan of a queue, without tests or decisions, and what it takes."""
    clock, cpu = time.monotonic(), time.process_time()
    rows = tuple(Planner(Known(history, source), {}, lambda text: None).rows())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Plan(rows, time.monotonic() - clock, time.process_time() - cpu, peak)


def choice(
    history: History, source: Source, people: Sequence[str], planned: Plan, each: bool
) -> str:
    """The choice of the plan beside that of *people*."""
    version = source.branch.version or (0, 0)
    asked = queue_choice.by_message(history, source.commits, version)
    choices = (asked, *queue_choice.by_plan(planned.rows))
    return queue_choice.report(choices, people, {r.revision: r for r in planned.rows}, each)


def series(
    history: History, source: Source, people: Sequence[str], folder: Path, each: bool
) -> str:
    """The series of people's picks in both orders, by git alone and by the queue."""
    rows: list[tuple[str, ...]] = [
        ("order", "by", "clean", "conflicts", "with others", "src", "include")
    ]
    more = []
    place = {commit: number for number, commit in enumerate(source.before)}
    for order, commits in (
        ("CHANGELOG", list(people)),
        (source.line.name, sorted(people, key=place.__getitem__)),
    ):
        git = queue_series.by_git(history, source.branch.tip, commits)
        queue = queue_series.by_queue(history, source, commits)
        rows.append(_row(history, folder, order, "git", git))
        rows.append(_row(history, folder, order, "queue", queue))
        reasons = queue_series.explained(queue, people).most_common()
        more += [f"{order}: {len(queue.needed)} more are picked, since others need them"]
        more += [f"{order}: {count:>3} refused: {reason}" for reason, count in reasons]
        if each:
            shown = (*queue.lacking, *queue.needed)
            more += queue_series.each(queue, {one: history.commit(one).subject for one in shown})
    return "\n".join((table(rows, (0, 1)), "", *more))


def _row(history: History, folder: Path, order: str, who: str, made: Made) -> tuple[str, ...]:
    differ = queue_series.lines_that_differ(history, made.tip, folder)
    counts = (made.clean, len(made.lacking), made.with_others, *differ.values())
    return (order, who, *map(str, counts))
