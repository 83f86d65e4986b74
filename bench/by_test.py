"""bench/search --tests: searches for proven culprits, weighed by what the failing test executes."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench import pairs, simulate
from bench.proven import Proven, Prover, cases, named
from bench.search_table import Run, bits
from bisector.build.toolchains.dev import Dev
from bisector.build.toolchains.fast import Fast
from bisector.git.history import History
from bisector.jobs.hunt.run_evidence import READ_SECONDS, by_functions
from bisector.patch import relevance
from bisector.probing import counting
from bisector.probing.options import NONE, Options
from bisector.record.events import Counted
from bisector.search import commit_subject, priors
from bisector.search.costs import TEST_SECONDS, Costs, Memory
from bisector.search.priors import Evidence
from bisector.system.slots import Slot
from bisector.system.workspace import Workspace

GIT, UNIFORM, HINT, TEST = "git bisect", "uniform", "--hint", "the test's run"
OLDEST = "v2.5.0"  # fixes before it are not tried


def searches(
    history: History, text: str | None, repo: Path, limit: int | None, make: Sequence[str]
) -> tuple[list[Proven], list[Run]]:
    """The proven cases of the fixes in the range *text*, and the searches for their culprits.

    At most *limit* cases; *make* are make variables. What was found out is kept in the workspace.
    """
    workspace = Workspace.open()
    span = history.range(text) if text else None
    line = pairs.line(history, span.new.id if span else history.head().id)
    oldest = history.objects.merge_base(history.resolve(OLDEST).id, line[-1])
    line = line[line.index(str(oldest)) :]
    options = Options(repo=str(repo), toolchain="fast", confirm=NONE, make=tuple(make))
    prover = Prover(history, workspace, options, line, workspace.root / "bench-proven.jsonl")
    found: dict[str, Proven] = {}
    # those first whose culprit needs no search
    every = cases(history, span.commits if span else line)
    tried = sorted(every, key=lambda case: not named(history, case.fix))
    for case in tried:
        if case.fix in found or len(found) == limit:
            continue
        proven = prover.prove(case)
        said = proven.culprit[:10] or proven.problem
        print(f"{case.fix[:10]} {case.path}: {said}", file=sys.stderr, flush=True)
        if proven.culprit:
            found[case.fix] = proven
    runs = [run for proven in found.values() for run in _searches(history, prover, proven)]
    return list(found.values()), runs


def _searches(history: History, prover: Prover, proven: Proven) -> list[Run]:
    window = history.between(proven.old, proven.new)
    known = relevance.of(history, window)
    tag = sorted(commit_subject.parse(history.commit(proven.case.fix).subject).tags)[:1]
    hinted = relevance.of(history, window, hint=tag[0]) if tag else known
    counted = _counted(history, prover, proven)
    words = prover.words(proven.case)
    by_test = known if counted.problem else by_functions(history, window, counted, known, words)
    evidence = {UNIFORM: Evidence(), HINT: hinted, TEST: by_test}
    total, place = len(window), window.index(proven.culprit)
    what = "held out" if proven.held_out else "fitted"
    costs = _costs(window, known)

    def seconds(index: int) -> float:
        return simulate.spent(costs, window[index])

    git = simulate.git_bisect(total, place, seconds=seconds)
    runs = [Run(what, GIT, 1, 0.0, total, git, None)]
    for name, features in evidence.items():
        weights = priors.weigh(window, features)
        cost = simulate.search(window, proven.culprit, weights, costs=_costs(window, known))
        if name == TEST:
            extra = Fast.cost.full + 2 * TEST_SECONDS + READ_SECONDS * total
            cost = replace(cost, seconds=cost.seconds + extra)
        information = bits(weights, proven.culprit)
        runs.append(Run(what, name, 1, 0.0, total, cost, information))
    return runs


def _costs(window: Sequence[str], known: Evidence) -> Costs:
    """What probes with gcc cost if nothing is built."""
    return Costs(window, known.rebuilding, Memory(), Dev.cost, 1)


def _counted(history: History, prover: Prover, proven: Proven) -> Counted:
    """What the test executes at the parent of the fix; kept in the workspace."""
    kept = prover.workspace.root / "bench-counted.jsonl"
    for line in kept.read_text().splitlines() if kept.exists() else ():
        entry = json.loads(line)
        if entry["case"] == [proven.case.source, proven.case.path, proven.new]:
            return Counted(proven.new, "", tuple(entry["only"]), tuple(entry["usual"]))
    with prover.prober(proven.case) as prober:
        context = prober.context
        slot = Slot(sandbox=context.sandbox)
        found = counting.executed(context, proven.new, context.toolchains.search, slot)
    if isinstance(found, str):
        return Counted(proven.new, "", problem=found)
    only, usual = (sorted(map(":".join, some)) for some in (found.only, found.usual))
    entry = {
        "case": [proven.case.source, proven.case.path, proven.new],
        "only": only,
        "usual": usual,
    }
    with kept.open("a") as sink:
        sink.write(json.dumps(entry) + "\n")
    return Counted(proven.new, "", tuple(only), tuple(usual))
