"""bench/agreement: compare the verdicts of the fast toolchain with those of gcc by revision."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bisector.build.toolchain import Toolchain
from bisector.build.toolchains.dev import Dev
from bisector.build.toolchains.fast import Fast
from bisector.errors import BisectorError
from bisector.git.history import History, Range
from bisector.probing import setup
from bisector.probing.context import Context
from bisector.probing.options import Options
from bisector.probing.probe import key_of, probe, recall
from bisector.probing.toolchains import find_toolchain
from bisector.record.verdict import Verdict
from bisector.system.workspace import Workspace

SCENARIOS = ("dns-flap", "dns-false-up")
ABOUT = """Build release tags of RANGE (default v2.9..master), evenly chosen, with tcc and with
gcc -O0, run both scenarios on each binary, and list the verdicts. Where `fast` has no good or bad
verdict, a hunt uses `dev`: this is not a disagreement, and is counted separately. Exit status 1 if
verdicts differ."""


@dataclass(frozen=True)
class Row:
    """The verdicts of one revision in one scenario."""

    revision: str
    name: str
    scenario: str
    fast: Verdict
    dev: Verdict
    reason: str

    @property
    def told(self) -> str:
        """Whether the verdicts agree, as a word of the table."""
        if not self.fast.tested:
            return "left to dev"
        return "agree" if self.fast is self.dev else "DIFFER"


def chosen(history: History, span: Range, count: int) -> list[str]:
    """Up to *count* release tags of the range, evenly spaced, including its ends."""
    tagged = [c for c in (span.old.id, *span.commits) if c in history.tags or c == span.new.id]
    if len(tagged) <= count:
        return tagged
    return [tagged[round(i * (len(tagged) - 1) / (count - 1))] for i in range(count)]


def verdict(context: Context, tree: str, toolchain: Toolchain) -> tuple[Verdict, str]:
    """The verdict and its reason, from the cache or from a probe."""
    request = context.request(tree, toolchain)
    result = recall(context.workspace, key_of(request)) or probe(context.workspace, request)
    return result.verdict, result.ruling.reason


def rows(workspace: Workspace, options: Options, text: str, count: int) -> Iterator[Row]:
    """The verdicts for *count* releases of the range *text*, in each scenario."""
    history = setup.find_history(options, workspace, lambda what: None, lambda what: None)
    contexts = []
    for name in SCENARIOS:
        test = setup.find_test(Options(scenario=name))
        contexts.append((name, test, setup.find_context(options, workspace, history, test)))
    for revision in chosen(history, history.range(text), count):
        tree = history.tree_id(revision)
        for name, test, context in contexts:
            fast, dev = (find_toolchain(options, workspace, n, test) for n in (Fast.name, Dev.name))
            quick, reason = verdict(context, tree, fast)
            slow, why = verdict(context, tree, dev)
            said = " | ".join(dict.fromkeys((reason, why))) if quick is not slow else ""
            yield Row(revision, history.release(revision), name, quick, slow, said)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the list and return the exit status."""
    parser = argparse.ArgumentParser(prog="bench/agreement", description=ABOUT)
    parser.add_argument("--repo", required=True, help="a clone of HAProxy")
    parser.add_argument("--count", type=int, default=60, help="how many revisions (60)")
    parser.add_argument("--json", type=Path, help="write the list as JSON, too")
    parser.add_argument("range", nargs="?", default="v2.9..master")
    asked = parser.parse_args(argv)
    found: list[Row] = []
    try:
        workspace = Workspace.open()
        for row in rows(workspace, Options(repo=asked.repo), asked.range, asked.count):
            found.append(row)
            line = f"{row.name:<12} {row.scenario:<13} {row.fast:<12} {row.dev:<12} {row.told}"
            print(f"{line}  {row.reason}".rstrip(), flush=True)
    except BisectorError as error:
        print(f"bench/agreement: {error}", file=sys.stderr)
        return error.exit_code
    told = [row.told for row in found]
    kinds = ", ".join(f"{told.count(kind)} {kind}" for kind in ("agree", "DIFFER", "left to dev"))
    print(f"{len({row.revision for row in found})} revisions, {len(found)} pairs: {kinds}")
    if asked.json:
        asked.json.write_text(json.dumps([asdict(row) for row in found], indent=2) + "\n")
    return 1 if "DIFFER" in told else 0
