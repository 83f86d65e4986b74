"""bench/agreement: compare the verdicts of the fast toolchain with those of gcc by revision."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from bisector.build.toolchain import Toolchain
from bisector.build.toolchains.dev import Dev
from bisector.build.toolchains.fast import Fast
from bisector.errors import BisectorError
from bisector.git.history import History
from bisector.jobs import reg_test_files, reg_tests
from bisector.probing import setup
from bisector.probing.context import Context
from bisector.probing.options import NONE, Options
from bisector.probing.probe import key_of, probe, recall
from bisector.probing.toolchains import find_toolchain
from bisector.record.verdict import Verdict
from bisector.system.workspace import Workspace
from bisector.testing.oracle import Oracle

SCENARIOS = ("dns-flap", "dns-false-up")
# by name: the make variables; what a test asks for is not heeded, so that all share two builds
SETTINGS: Mapping[str, tuple[str, ...]] = {"plain": (NONE,), "TLS": (NONE, "USE_OPENSSL=1")}
RUNS = 3  # of a pair whose verdicts differ in the first one

AGREE, DIFFER, FLICKERS, LEFT = "agree", "DIFFER", "flickers", "left to dev"
ABOUT = """Build revisions of RANGE (default v2.4.0..master), evenly chosen, with tcc and with gcc
-O0, each without and with TLS, run both scenarios and some of the revision's own reg-tests on each
binary, and list where the verdicts are not the same, with both reasons. Where `fast` has no good or
bad verdict and `dev` has, a hunt uses that: this is not a disagreement, and is counted separately.
Exit status 1 if verdicts differ in each of three runs."""

T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    """The verdicts on one revision, built with one setting, by one test; in all runs of it."""

    revision: str
    name: str
    setting: str
    test: str
    fast: tuple[Verdict, ...]
    dev: tuple[Verdict, ...]
    fast_reason: str
    dev_reason: str

    @property
    def told(self) -> str:
        """Whether the verdicts agree, in a word."""
        pairs = list(zip(self.fast, self.dev, strict=True))
        if any(fast is dev for fast, dev in pairs):
            return AGREE if len(pairs) == 1 else FLICKERS
        return DIFFER if any(fast.tested for fast in self.fast) else LEFT

    def __str__(self) -> str:
        words = (f"{self.name:<12} {self.setting:<5}", self.test, f"{self.told}:")
        return " ".join((*words, f"fast {self.fast_reason} | dev {self.dev_reason}"))


def even(items: Sequence[T], count: int, first: int = 0) -> list[T]:
    """Up to *count* of *items*, evenly spaced, with both ends; others if *first* is not 0."""
    if len(items) <= count:
        return list(items)
    if count == 1:
        return [items[first % len(items)]]
    places = (round(i * (len(items) - 1) / (count - 1)) + first for i in range(count))
    return [items[place] for place in sorted({place % len(items) for place in places})]


class Comparison:
    """Compares the two toolchains with one setting."""

    def __init__(self, workspace: Workspace, history: History, repo: str, setting: str) -> None:
        self._workspace, self._history, self._setting = workspace, history, setting
        options = Options(repo=repo, make=SETTINGS[setting])
        self._contexts: list[Context] = []
        for name in SCENARIOS:
            test = setup.find_test(Options(scenario=name))
            self._contexts.append(setup.find_context(options, workspace, history, test))
        self._toolchains = [find_toolchain(options, workspace, n) for n in (Fast.name, Dev.name)]

    def scenarios(self, revision: str) -> Iterator[Row]:
        """The rows of the scenarios."""
        for context in self._contexts:
            yield self._row(context, revision, context.oracle)

    def reg_tests(self, revision: str, count: int, first: int) -> Iterator[Row]:
        """The rows of up to *count* of the revision's own reg-tests, chosen as even() does."""
        tree, store = self._history.tree_id(revision), self._history.store
        with reg_test_files.exported(self._workspace, store, tree) as home:
            found = reg_tests.oracles(home, [reg_test_files.FOLDER])
            for name in even(sorted(found), count, first):
                yield self._row(self._contexts[0], revision, found[name])

    def _row(self, context: Context, revision: str, oracle: Oracle) -> Row:
        runs = [self._run(context, revision, oracle, 0)]
        while runs[0][0][0] is not runs[0][1][0] and len(runs) < RUNS:
            runs.append(self._run(context, revision, oracle, len(runs)))
        (_, fast_reason), (_, dev_reason) = runs[0]
        fast, dev = (tuple(run[side][0] for run in runs) for side in (0, 1))
        name = self._history.release(revision)
        names = (revision, name, self._setting, oracle.name)
        return Row(*names, fast, dev, fast_reason, dev_reason)

    def _run(
        self, context: Context, revision: str, oracle: Oracle, run: int
    ) -> list[tuple[Verdict, str]]:
        """The verdicts of both toolchains, with the reasons."""
        tree = self._history.tree_id(revision)
        return [_verdict(context, tree, one, oracle, run) for one in self._toolchains]


def _verdict(
    context: Context, tree: str, toolchain: Toolchain, oracle: Oracle, run: int
) -> tuple[Verdict, str]:
    """The verdict and its reason, from the cache or from a probe."""
    request = context.request(tree, toolchain, run, oracle)
    result = recall(context.workspace, key_of(request)) or probe(context.workspace, request)
    return result.verdict, f"{result.verdict}: {result.ruling.reason}"


def rows(workspace: Workspace, asked: argparse.Namespace) -> Iterator[Row]:
    """The rows of all revisions, settings and tests, in this order."""
    options = Options(repo=asked.repo)
    history = setup.find_history(options, workspace, lambda what: None, lambda what: None)
    span = history.range(asked.range)
    settings = [Comparison(workspace, history, asked.repo, name) for name in SETTINGS]
    for number, revision in enumerate(even((span.old.id, *span.commits), asked.count)):
        for setting in settings:
            yield from setting.scenarios(revision)
            yield from setting.reg_tests(revision, asked.reg_tests, number)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the list and return the exit status."""
    parser = argparse.ArgumentParser(prog="bench/agreement", description=ABOUT)
    parser.add_argument("--repo", required=True, help="a clone of HAProxy")
    parser.add_argument("--count", type=int, default=100, help="how many revisions (100)")
    parser.add_argument("--reg-tests", type=int, default=20, help="how many a revision (20)")
    parser.add_argument("--json", type=Path, help="write all rows as JSON, too")
    parser.add_argument("range", nargs="?", default="v2.4.0..master")
    asked = parser.parse_args(argv)
    found: list[Row] = []
    try:
        for row in rows(Workspace.open(), asked):
            if not found or found[-1].revision != row.revision:
                print(f"{row.name} …", file=sys.stderr, flush=True)
            found.append(row)
            if row.told != AGREE:
                print(row, flush=True)
    except BisectorError as error:
        print(f"bench/agreement: {error}", file=sys.stderr)
        return error.exit_code
    finally:
        if asked.json:
            asked.json.write_text(json.dumps([asdict(row) for row in found], indent=2) + "\n")
    told = Counter(row.told for row in found)
    kinds = ", ".join(f"{told[kind]} {kind}" for kind in (AGREE, DIFFER, FLICKERS, LEFT))
    print(f"{len({row.revision for row in found})} revisions, {len(found)} pairs: {kinds}")
    return 1 if DIFFER in told else 0
