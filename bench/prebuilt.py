"""bench/prebuilt: what building a range ahead costs, and how fast a binary comes out of it."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import zstandard

from bench.measure import empty_workspace
from bench.table import table
from bisector.build import compiling, linking
from bisector.build.prebuilt import Prebuilt
from bisector.build.toolchains.fast import Fast
from bisector.errors import BisectorError
from bisector.jobs import prebuild
from bisector.jobs.prebuild import PrebuildPlan
from bisector.probing.options import Options
from bisector.probing.setup import Asked
from bisector.record.events import Event
from bisector.system import sizes
from bisector.system.slots import Slot
from bisector.system.workspace import Workspace

TAKEN = 20  # binaries that are linked
LEVEL = 9  # of zstd, as for objects
ABOUT = f"""Build the different sources of RANGE ahead in an empty workspace, then link up to
{TAKEN} of their binaries, evenly spread. For comparison these are compressed by zstd, alone and
with the one before as the dictionary. Run it on an otherwise idle machine; v2.9..master takes
hours."""


@dataclass(frozen=True)
class Taken:
    """A binary that was linked: seconds to unpack and to link, and its ``size`` in bytes.

    ``alone`` and ``beside`` are those of the compressed binary, without and with a dictionary.
    """

    unpacked: float
    linked: float
    size: int
    alone: int
    beside: int

    @property
    def seconds(self) -> float:
        """Both steps."""
        return self.unpacked + self.linked


class Quiet:
    """A watcher that shows on stderr how far the work is."""

    interactive = True

    def progress(self, text: str) -> None:
        """Show what is under way."""
        if sys.stderr.isatty():
            print(f"\r{text}", end="", file=sys.stderr, flush=True)

    def handle(self, event: Event) -> None:
        """Show nothing."""


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit status."""
    asked = _parser().parse_args(argv)
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as root:
            workspace = empty_workspace(Path(root, "workspace"), Workspace.open().root / "tools")
            options = Options(repo=asked.repo, toolchain=asked.toolchain)
            ready = Asked(workspace, options, lambda what: None, lambda what: None)
            plan = prebuild.plan(ready, asked.range, jobs=0)
            begun = time.monotonic()
            prebuild.run(plan, Quiet())
            wall = time.monotonic() - begun
            print(text(plan, wall, Prebuilt(workspace).size, list(_take(plan))))
    except BisectorError as error:
        print(f"bench/prebuilt: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench/prebuilt", description=ABOUT)
    parser.add_argument("--repo", required=True, metavar="CLONE", help="of HAProxy")
    parser.add_argument("--toolchain", default=Fast.name, help="(%(default)s)")
    parser.add_argument("range", nargs="?", default="v3.2-dev3..v3.2-dev5", metavar="RANGE")
    return parser


def _take(plan: PrebuildPlan) -> Iterator[Taken]:
    """Link binaries of the plan's sources, oldest first."""
    prebuilt, store, before = Prebuilt(plan.workspace), plan.history.store, b""
    built = [one for one in plan.sources if one.tree in prebuilt.trees(one.maker)]
    step = max(1, len(built) // TAKEN)
    for source in built[::step][:TAKEN]:
        with plan.workspace.scratch() as scratch:
            begun = time.monotonic()
            link = prebuilt.unpack(source, scratch)
            assert link
            unpacked = time.monotonic()
            toolchain = compiling.at(store, source.tree, plan.toolchain)
            slot = Slot(sandbox=plan.sandbox)
            linking.link(link, toolchain, scratch, scratch / "log", slot)
            linked = time.monotonic()
            binary = (scratch / linking.BINARY).read_bytes()
        yield Taken(
            unpacked - begun,
            linked - unpacked,
            len(binary),
            len(zstandard.compress(binary, LEVEL)),
            _beside(before, binary) if before else 0,
        )
        before = binary


def _beside(before: bytes, binary: bytes) -> int:
    dictionary = zstandard.ZstdCompressionDict(before, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    # the usual window is smaller than a binary
    wide = zstandard.ZstdCompressionParameters.from_level(LEVEL, window_log=27, enable_ldm=True)
    frame = zstandard.ZstdCompressor(compression_params=wide, dict_data=dictionary)
    return len(frame.compress(binary))


def text(plan: PrebuildPlan, wall: float, size: int, taken: Sequence[Taken]) -> str:
    """The figures as a table."""
    count = len(plan.sources)
    rows = [
        ("sources", f"{count}"),
        ("seconds to build one", f"{wall / max(1, count):.2f}"),
        ("size of all", sizes.show(size)),
        ("size of each", sizes.show(size // max(1, count))),
    ]
    if taken:
        beside = [one.beside for one in taken if one.beside]
        rows += [
            (
                "seconds to get one out, median",
                f"{statistics.median(t.seconds for t in taken):.3f}",
            ),
            ("of it, to unpack the objects", f"{statistics.median(t.unpacked for t in taken):.3f}"),
            ("seconds to get one out, most", f"{max(t.seconds for t in taken):.3f}"),
            ("size of a binary", sizes.show(taken[0].size)),
            ("the same, compressed", sizes.show(round(statistics.mean(t.alone for t in taken)))),
        ]
        if beside:
            size_beside = sizes.show(round(statistics.mean(beside)))
            rows.append(("the same, beside the one before", size_beside))
    work = plan.work
    head = f"{work.range}, {work.toolchain}, {work.jobs} at a time, on an estimate of"
    return f"{head} {work.seconds:.0f} s: {wall:.0f} s\n\n{table(rows)}"
