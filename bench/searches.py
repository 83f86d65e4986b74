"""bench/search: the number of probes of a search, on bugs with a culprit named in history."""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import pygit2

from bench import by_test, pairs, simulate
from bench.pairs import WINDOW, Pair
from bench.search_table import Run, rows_of, text_of
from bench.search_table import bits as bits_of
from bisector.errors import BisectorError
from bisector.git.history import History
from bisector.patch import relevance
from bisector.patch.load import from_commit
from bisector.patch.model import Series
from bisector.search import priors
from bisector.search.priors import Evidence
from bisector.system.workspace import Workspace

GIT, NONE, FILES, FUNCTIONS = "git bisect", "uniform", "files", "functions"
AT_ONCE = (2, 4, 8)
FALSE_OLD = (0.1, 0.2)
SAMPLE = 30  # pairs for parallel probes and for noise, which are slow
LENGTHS = (100, 1_000, 10_000, 100_000)
REPEATS = 5  # of each length
ABOUT = f"""Simulate searches for culprits that upstream's own fixes name. Nothing is built.

A pair is a commit whose subject begins with BUG, and the commit that its message names as culprit.
Each search is on the {WINDOW} commits that end with the fix's parent, the known bad end; probes of
the two ends do not count. The patch is the fix itself. The priors are fitted to the pairs whose
fix's hash is even; the figures that count are those of the held-out pairs, with an odd one.

Columns: the probability that a NEW revision is observed as OLD; number of searches; probes: mean,
90th percentile, maximum; mean number of rounds; mean information in bits needed to find the
culprit under the weights; searches with more than two rounds above git's worst case; share of right
answers; seconds that the probes would take with gcc -O0.

With --tests, HAProxy is built, with tcc: a case is a fix that brings a reg-test, which is bad at
the fix's parent and good at the fix; the culprit is found by running it. The searches are weighed
by what the test executes at the fix's parent, or by the hint that a person would give, the
subsystem in the fix's subject. What was found out is kept in the workspace: the same command goes
on."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark, print its table, and return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        if options.tests:
            history = History.open(options.repo, Workspace.open())
            asked = (options.range, options.repo, options.pairs, options.make)
            proven, runs = by_test.searches(history, *asked)
            held_out = [case.held_out for case in proven]
        else:
            with tempfile.TemporaryDirectory() as root:
                history = History.open(options.repo, Workspace(Path(root)))
                found = _pairs(history, options.range, options.pairs)
                runs = [*_on_pairs(history, found), *_on_lines()]
                held_out = [pair.held_out for pair in found]
    except BisectorError as error:
        print(f"bench/search: {error}", file=sys.stderr)
        return 1
    rows = rows_of(runs)
    print(f"{len(held_out)} pairs, {sum(held_out)} of them held out\n")
    print(text_of(rows))
    if options.json:
        content = {"range": options.range, "window": WINDOW, "rows": [asdict(row) for row in rows]}
        options.json.write_text(json.dumps(content, indent=1) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "bench/search", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repo", type=Path, required=True, metavar="CLONE", help="of HAProxy")
    parser.add_argument("--pairs", type=int, metavar="N", help="so many, evenly chosen")
    parser.add_argument(
        "--tests", action="store_true", help="culprits that a fix's own test proves, see below"
    )
    parser.add_argument(
        "--make", action="append", default=[], metavar="VAR=VALUE", help="with --tests, for builds"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table there, too")
    parser.add_argument("range", nargs="?", metavar="RANGE", help="of the fixes, else all history")
    return parser


def _pairs(history: History, text: str | None, limit: int | None) -> list[Pair]:
    span = history.range(text) if text else None
    line = pairs.line(history, span.new.id if span else history.head().id)
    found = list(pairs.named(history, line, span.commits if span else line))
    return _evenly(found, limit or len(found))


def _evenly(found: Sequence[Pair], count: int) -> list[Pair]:
    step = max(1.0, len(found) / max(1, count))
    return [found[int(at * step)] for at in range(min(count, len(found)))]


def _on_pairs(history: History, found: Sequence[Pair]) -> Iterator[Run]:
    sample = _evenly([pair for pair in found if pair.held_out], SAMPLE)
    for number, pair in enumerate(found, 1):
        if sys.stderr.isatty():
            print(f"\r{number}/{len(found)} pairs", end="", file=sys.stderr, flush=True)
        fix = from_commit(history.objects, history.objects[pair.fix].peel(pygit2.Commit))
        evidence = relevance.of(history, pair.window, series=Series((fix,)))
        what = "held out" if pair.held_out else "fitted"
        yield from _searches(what, pair, evidence, [(1, 0.0)])
        if pair in sample:
            kinds = [(1, 0.0), *((k, 0.0) for k in AT_ONCE), *((1, rate) for rate in FALSE_OLD)]
            yield from _searches(f"{len(sample)} held out", pair, evidence, kinds)
    if sys.stderr.isatty():
        print(file=sys.stderr)


def _on_lines() -> Iterator[Run]:
    """Searches on simulated lines of commits.

    The shares of commits that touch a file or a function of the fix are those of upstream's
    windows; so are those of the culprits: 69 % touch a function, 19 % a file only.
    """
    for length in LENGTHS:
        for repeat in range(REPEATS):
            chance = random.Random(f"{length} {repeat}")
            commits = tuple(f"c{number}" for number in range(length))
            files = chance.sample(commits, max(2, length * 178 // WINDOW))
            functions = files[: max(1, length * 19 // WINDOW)]
            luck = chance.random()
            near = functions if luck < 0.69 else files if luck < 0.88 else commits
            pair = Pair("0" * 40, chance.choice(near), commits)
            evidence = Evidence(files=frozenset(files), functions=dict.fromkeys(functions, 1))
            yield from _searches(f"{length} commits", pair, evidence, [(1, 0.0)])


def _searches(
    what: str, pair: Pair, evidence: Evidence, kinds: Sequence[tuple[int, float]]
) -> Iterator[Run]:
    """All searches for one pair; *kinds* are pairs of parallel probes and P(OLD observed | NEW)."""
    total, place = len(pair.window), pair.window.index(pair.culprit)
    weights = {
        NONE: priors.weigh(pair.window, Evidence()),
        FILES: priors.weigh(pair.window, Evidence(inert=evidence.inert, files=evidence.files)),
        FUNCTIONS: priors.weigh(pair.window, evidence),
    }
    for at_once, rate in kinds:
        seed = f"{pair.fix} {rate}"
        if at_once == 1:
            cost = simulate.git_bisect(total, place, false_old=rate, seed=seed)
            yield Run(what, GIT, at_once, rate, total, cost, None)
        for name, weight in weights.items():
            cost = simulate.search(
                pair.window, pair.culprit, weight, at_once=at_once, false_old=rate, seed=seed
            )
            bits = bits_of(weight, pair.culprit) if (at_once, rate) == (1, 0.0) else None
            yield Run(what, name, at_once, rate, total, cost, bits)
