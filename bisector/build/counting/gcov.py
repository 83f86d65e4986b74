"""Run gcov, which makes texts of the counters that a program has written."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from bisector.system import process
from bisector.system.sandbox import Network
from bisector.system.slots import Slot
from bisector.system.tools import Tool

HOW_TO_GET = "gcov comes with gcc"
SECONDS = 300.0  # time limit; all of HAProxy takes one second


def run(
    gcov: Tool, folder: Path, objects: Iterable[Path], scratch: Path, slot: Slot
) -> list[Path] | str:
    """The files with gcov's JSON about *objects* in *folder*, in *scratch*; or a problem's text."""
    # to files, as its warnings share the log with stdout; with hashed names, which are short
    none = Network.NONE
    box = slot.sandbox.box(scratch, reads=(folder,), network=none) if slot.sandbox else None
    finished = process.run(
        [gcov.path, "--json-format", "--hash-filenames", *sorted(objects)],
        log=scratch / "gcov.log",
        timeout=SECONDS,
        cwd=scratch,
        stop=slot.stop,
        box=box,
    )
    results = sorted(scratch.glob("*.gcov.json.gz"))
    if not finished.ok or not results:
        lines = finished.output.strip().splitlines()
        return f"gcov cannot read the counters: {lines[0] if lines else finished.status}"
    return results


def texts(results: Iterable[Path]) -> Iterator[bytes]:
    """The texts of the files that run() named. Raises ValueError if one is damaged."""
    for path in results:
        try:
            yield gzip.decompress(path.read_bytes())
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"unexpected format: {error}") from error
