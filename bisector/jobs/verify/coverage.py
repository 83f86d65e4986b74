"""Line coverage of a patch: which of the added lines the tests execute, measured with gcov.

gcc builds the patched tree with counters, the tests run, and gcov reads the counters. Concurrent
threads may lose counts, but never reset one to zero.
"""

from __future__ import annotations

import gzip
import json
import shlex
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pygit2

from bisector import build
from bisector.build import binaries, compiling
from bisector.build.toolchain import Toolchain, Toolchains
from bisector.build.toolchains.dev import Dev
from bisector.probing.context import Context
from bisector.record.patch_events import Covered
from bisector.system import process, tools
from bisector.system.files import digest, explained
from bisector.system.sandbox import Network
from bisector.system.slots import Slot
from bisector.system.tools import Tool
from bisector.testing.oracle import Oracle, Trial
from bisector.testing.timeouts import UsualTimes

FLUSH = Path(build.__file__).parent / "gcov" / "flush.c"
HOW_TO_GET = "gcov comes with gcc"
GCOV_SECONDS = 300.0  # time limit; all of HAProxy takes one second

Counts = dict[str, dict[int, int]]
"""The number of executions of each line with code, by path and line number from 1."""


def measure(
    context: Context, revision: str, after: str, oracles: Sequence[Oracle], slot: Slot | None = None
) -> list[Covered]:
    """Which of the lines that the tree *after* adds to *revision* are executed by *oracles*.

    One event for each .c and .h file with such lines; its ``problem`` says why nothing is known.
    Raises ProbeFailed and other EnvironmentProblems if the machine fails, Stopped if *slot* was
    cancelled.
    """
    history, slot = context.history, replace(slot or Slot(), sandbox=context.sandbox)
    added = added_lines(history.store, history.tree_id(revision), after)
    if not added:
        return []
    counts = _counts(context, after, oracles, added.keys(), slot)
    name = history.release(revision)
    return [covered(revision, name, path, lines, counts) for path, lines in sorted(added.items())]


def added_lines(store: pygit2.Repository, before: str, after: str) -> dict[str, dict[int, str]]:
    """The lines that the tree *after* adds to *before* in .c and .h files, by path and number."""
    old, new = (store[tree].peel(pygit2.Tree) for tree in (before, after))
    diff = old.diff_to_tree(new, context_lines=0)
    diff.find_similar()  # so that the lines of a renamed file do not count as added
    added: dict[str, dict[int, str]] = {}
    for patch in filter(None, diff):
        path = patch.delta.new_file.path
        if path.endswith((".c", ".h")):
            lines = (line for hunk in patch.hunks for line in hunk.lines if line.origin == "+")
            if texts := {line.new_lineno: line.content.rstrip("\r\n") for line in lines}:
                added[path] = texts
    return added


def covered(
    revision: str, name: str, path: str, lines: Mapping[int, str], counts: Counts | str
) -> Covered:
    """The event for the added *lines* (by number) of one file; *counts* may be a problem's text."""
    if isinstance(counts, str):
        return Covered(revision, name, path, (), (), (), counts)
    if path not in counts:
        return Covered(revision, name, path, (), (), (), "this build does not compile it")
    file = counts[path]
    executed = tuple(number for number in sorted(lines) if file.get(number))
    missed = tuple(number for number in sorted(lines) if file.get(number) == 0)
    return Covered(revision, name, path, executed, missed, tuple(lines[n] for n in missed))


def read(texts: Iterable[bytes], counts: Counts) -> None:
    """Add the counts in gcov's JSON *texts* to *counts*, for the files that it already has.

    The counts of a header's line are summed over all objects. Raises ValueError for text that is
    not gcov's.
    """
    try:
        for text in texts:
            for file in json.loads(text)["files"]:
                if (lines := counts.get(file["file"])) is not None:
                    for line in file["lines"]:
                        number = int(line["line_number"])
                        lines[number] = lines.get(number, 0) + int(line["count"])
    except (
        TypeError,
        KeyError,
        OverflowError,
        RecursionError,
        EOFError,
        OSError,
        zlib.error,
    ) as error:
        raise ValueError(f"unexpected format: {error}") from error


@dataclass(frozen=True)
class Counting(Dev):
    """gcc -O0 with gcov's counters in the binaries."""

    name: ClassVar[str] = "coverage"


def counting(toolchains: Toolchains) -> Toolchain | None:
    """A toolchain with gcov's counters, derived from *toolchains*; None if these have only tcc.

    It does not optimise, so that each line keeps its own code.
    """
    toolchain = toolchains.real.search
    if not toolchain.has_gcov:
        return None
    words = dict(toolchain.variables)
    # HAProxy passes ARCH_FLAGS to the compiler and to the linker, in all versions
    words["ARCH_FLAGS"] = f"{words.get('ARCH_FLAGS', '')} --coverage".strip()
    flush = f"{shlex.quote(str(FLUSH))} -Wl,--wrap=signal"
    words["ADDLIB"] = f"{words.get('ADDLIB', '')} {flush}".strip()
    words |= {"CPU_CFLAGS": "-O0", "OPT_CFLAGS": "-O0"}
    identity = digest(
        toolchain.identity, FLUSH.read_bytes(), *(f"{k}={v}" for k, v in words.items())
    )
    return Counting(
        toolchain.make,
        tuple(words.items()),
        identity,
        asked=toolchain.asked,
        compiler=toolchain.compiler,
    )


def _counts(
    context: Context, tree: str, oracles: Sequence[Oracle], paths: Collection[str], slot: Slot
) -> Counts | str:
    """The counts of the lines of *paths*, or a text that says why they are not known."""
    gcov, toolchain = tools.find_compiler("gcov"), counting(context.toolchains)
    if gcov is None:
        return f"no gcov on this machine: {HOW_TO_GET}"
    if toolchain is None:
        return "coverage needs gcc, and --toolchain and --confirm exclude it"
    store, toolchain = context.history.store, context.equipped(toolchain)
    key = binaries.build_key(store, tree, toolchain)
    with (
        slot.build_permits.acquired(slot.stop),
        compiling.compiled(context.workspace, store, tree, toolchain, key, slot) as made,
        context.workspace.scratch() as scratch,
    ):
        if made.problem:
            return f"it does not build with gcov's counters: {made.problem} (log: {made.log})"
        with explained(f"cannot write {made.folder}"):
            for old in made.folder.rglob("*.gcda"):
                old.unlink()
        made.tree.distrust()  # the tested programs write there, not only their counters
        _exercise(context, oracles, made.binary, scratch, slot)
        if not any(made.folder.rglob("*.gcda")):
            return "HAProxy wrote no counters: no test started it, or --make changed its flags"
        return _ask(gcov, made.folder, paths, scratch, slot)


def _exercise(
    context: Context, oracles: Sequence[Oracle], binary: Path, scratch: Path, slot: Slot
) -> None:
    """Run all tests, several at a time, which libgcov allows by locking the counters' files."""
    pace = UsualTimes(context.workspace)

    def run(number: int) -> None:
        slot.stop.check()  # another run may have been cancelled meanwhile
        oracle, log = oracles[number], scratch / f"{number}.log"
        limit = pace.limit(oracle.name, oracle.seconds)
        oracle.run(Trial(binary, log, context.tools, limit, slot, writes=(binary.parent,)))

    with ThreadPoolExecutor(slot.cores, thread_name_prefix="coverage") as pool:
        runs = [pool.submit(run, number) for number in range(len(oracles))]
        try:
            for finished in runs:
                finished.result()
        except BaseException:  # also Ctrl-C: nothing may keep running
            slot.cancel()
            pool.shutdown(cancel_futures=True)
            raise


def _ask(
    gcov: Tool, folder: Path, paths: Collection[str], scratch: Path, slot: Slot
) -> Counts | str:
    """Run gcov on the objects that can have lines of *paths*; the counts or a problem's text."""
    headers = {path for path in paths if path.endswith(".h")}
    objects = {path: (folder / path).with_suffix(".o") for path in paths if path not in headers}
    objects = {path: file for path, file in objects.items() if file.exists()}
    counts: Counts = {path: {} for path in (*headers, *objects)}
    inputs = folder.rglob("*.o") if headers else objects.values()
    if not counts:
        return counts
    # to files, as its warnings share the log with stdout; with hashed names, which are short
    none = Network.NONE
    box = slot.sandbox.box(scratch, reads=(folder,), network=none) if slot.sandbox else None
    finished = process.run(
        [gcov.path, "--json-format", "--hash-filenames", *sorted(inputs)],
        log=scratch / "gcov.log",
        timeout=GCOV_SECONDS,
        cwd=scratch,
        stop=slot.stop,
        box=box,
    )
    results = sorted(scratch.glob("*.gcov.json.gz"))
    if not finished.ok or not results:
        lines = finished.output.strip().splitlines()
        return f"gcov cannot read the counters: {lines[0] if lines else finished.status}"
    try:
        read(_texts(results), counts)
    except ValueError as error:
        return f"gcov's output cannot be read: {error}"
    return counts


def _texts(results: Iterable[Path]) -> Iterator[bytes]:
    for path in results:
        with gzip.open(path) as source:
            yield source.read()
