"""bench/reach: how many of a revision's own reg-tests can be judged, and why others cannot."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.measure import ROOT
from bench.table import table
from bisector.errors import BisectorError
from bisector.git.history import History
from bisector.jobs.reg_test_files import exported
from bisector.system.workspace import Workspace

ABOUT = """Run `bisector probe REVISION --vtc FILE` for each of the revision's own reg-tests, and
count the verdicts; those that cannot be judged by their reason. Words after -- are given to each
probe, such as --toolchain fast."""
_STATUS = {0: "good", 1: "bad"}
_REASON = re.compile(r"^reason\s+(.*(?:\n {12}.*)*)", re.M)
_SECONDS = 1800.0


@dataclass(frozen=True)
class Row:
    """A test, its verdict, and the reason for it in one line."""

    case: str
    verdict: str
    reason: str

    @property
    def kind(self) -> str:
        """The reason without what differs from test to test."""
        text = re.sub(r"'[^']*'|\"[^\"]*\"", "…", self.reason)
        return re.sub(r"[0-9]+(?![\w.]*\))", "#", text)[:100]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark. The exit status."""
    parser = argparse.ArgumentParser(prog="bench/reach", description=ABOUT)
    parser.add_argument("--repo", required=True, help="a clone of HAProxy")
    parser.add_argument("--revision", default="HEAD", help="default: HEAD")
    parser.add_argument("--jobs", type=int, default=2, help="probes at a time, default: 2")
    parser.add_argument("--verbose", action="store_true", help="a line for each test")
    parser.add_argument("words", nargs="*", help="more options for bisector probe")
    asked = parser.parse_args(argv)
    try:
        workspace = Workspace.open()
        history = History.open(Path(asked.repo), workspace)
        commit = history.resolve(asked.revision).id
        with exported(workspace, history.store, history.tree_id(commit)) as home:
            rows = _probed(home, [commit, "--repo", asked.repo, *asked.words], asked.jobs)
    except BisectorError as problem:
        print(f"bench/reach: {problem}", file=sys.stderr)
        return 3
    print(report(rows, asked.verbose))
    return 0


def report(rows: Sequence[Row], verbose: bool) -> str:
    """The numbers of tests by verdict, and of those that were not judged by reason."""
    verdicts = Counter(row.verdict for row in rows)
    kinds = Counter(row.kind for row in rows if row.verdict not in _STATUS.values())
    judged = sum(verdicts[verdict] for verdict in _STATUS.values())
    lines = [f"{judged} of {len(rows)} judged: {verdicts['good']} good, {verdicts['bad']} bad"]
    lines += [table([(str(count), kind) for kind, count in kinds.most_common()], {1})] * bool(kinds)
    lines += [f"bad: {row.case}: {row.reason}" for row in rows if row.verdict == "bad"]
    if verbose:
        lines += ["", table([(row.case, row.verdict, row.reason) for row in rows], {0, 1, 2})]
    return "\n".join(lines)


def _probed(home: Path, words: Sequence[str], jobs: int) -> list[Row]:
    cases = sorted(str(path.relative_to(home)) for path in home.rglob("*.vtc"))
    rows = []
    with ThreadPoolExecutor(jobs) as pool:
        for row in pool.map(lambda case: _probe(home, case, words), cases):
            rows.append(row)
            print(f"{len(rows)}/{len(cases)} {row.verdict:<10} {row.case}", file=sys.stderr)
    return rows


def _probe(home: Path, case: str, words: Sequence[str]) -> Row:
    argv = (sys.executable, "-m", "bisector", "probe", *words, "--vtc", str(home / case))
    done = subprocess.run(
        argv, cwd=ROOT, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    found = _REASON.search(done.stdout)
    last = "".join(done.stderr.strip().splitlines()[-1:])
    reason = re.sub(r"\s+", " ", found[1]) if found else last
    return Row(case, _STATUS.get(done.returncode, "untestable" if found else "error"), reason)
