"""bench/reduce: how fast `bisector reduce` makes a long test short."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import long_case
from bench.measure import ROOT, empty_workspace, measure
from bisector.errors import BisectorError
from bisector.system.workspace import Workspace

BAD, GOOD = "v3.0-dev12", "v2.9.0"
ABOUT = f"""Reduce a VTest case with the configuration of a site, in which the DNS-flap bug is
hidden, in an empty workspace: all builds count, those of the proof, too. It is bad at {BAD} and
good at {GOOD}."""


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit status of the reduction."""
    asked = _parser().parse_args(argv)
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as root:
            folder = Path(root)
            workspace = empty_workspace(folder / "workspace", Workspace.open().root / "tools")
            case = long_case.write(folder, asked.lines)
            words = ("reduce", "--repo", Path(asked.repo).resolve(), "--vtc", case)
            done = measure(
                [sys.executable, "-m", "bisector", *words, "--bad", BAD, "--good", GOOD],
                cwd=ROOT,
                env={"BISECTOR_WORKSPACE": str(workspace.root)},
                heard=lambda line: print(line, flush=True),
            )
    except BisectorError as error:
        print(f"bench/reduce: {error}", file=sys.stderr)
        return error.exit_code
    print(f"{done.wall:.0f} s, {done.cpu:.0f} s of CPU")
    return done.status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench/reduce", description=ABOUT)
    parser.add_argument("--repo", required=True, metavar="CLONE", help="of HAProxy")
    parser.add_argument("--lines", type=int, default=long_case.LINES, help="(%(default)s)")
    return parser
