"""Which of the lines that a patch adds do the tests execute? gcov's answer.

The patched tree is built by gcc with counters in it, the tests run, gcov reads the counters. Two
threads may lose a count to each other, but none makes it zero again.
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
from bisector.build import binaries
from bisector.build.toolchain import Toolchain, Toolchains
from bisector.build.toolchains.dev import Dev
from bisector.probing.context import Bench
from bisector.record.patch_events import Covered
from bisector.system import process, tools
from bisector.system.slots import Slot
from bisector.system.tools import Tool
from bisector.system.workspace import digest, explained
from bisector.testing.oracle import Oracle, Trial
from bisector.testing.timeouts import Pace

FLUSH = Path(build.__file__).parent / "gcov" / "flush.c"
HOW_TO_GET = "gcov comes with gcc"
GCOV_SECONDS = 300.0  # it takes one second for all of HAProxy

Counts = dict[str, dict[int, int]]
"""How often each line that makes code was executed, by path and number."""


def measure(
    bench: Bench, revision: str, after: str, oracles: Sequence[Oracle], slot: Slot | None = None
) -> list[Covered]:
    """What *oracles* execute of the lines that the tree *after* has more than *revision*.

    One event for each .c and .h file; where nothing can be known, it says why. Raises ProbeFailed
    and the like when the machine fails, Stopped when *slot* was cancelled.
    """
    history, slot = bench.history, replace(slot or Slot(), sandbox=bench.sandbox)
    added = added_lines(history.store, history.tree_id(revision), after)
    if not added:
        return []
    counts = _counts(bench, after, oracles, added.keys(), slot)
    name = history.release(revision)
    return [covered(revision, name, path, lines, counts) for path, lines in sorted(added.items())]


def added_lines(store: pygit2.Repository, before: str, after: str) -> dict[str, dict[int, str]]:
    """The lines of C that *after* has and *before* has not, by path and number, from 1."""
    old, new = (store[tree].peel(pygit2.Tree) for tree in (before, after))
    diff = old.diff_to_tree(new, context_lines=0)
    diff.find_similar()  # the lines of a file that got another name are not new
    found: dict[str, dict[int, str]] = {}
    for patch in filter(None, diff):
        path = patch.delta.new_file.path
        if path.endswith((".c", ".h")):
            lines = (line for hunk in patch.hunks for line in hunk.lines if line.origin == "+")
            if texts := {line.new_lineno: line.content.rstrip("\r\n") for line in lines}:
                found[path] = texts
    return found


def covered(
    revision: str, name: str, path: str, lines: Mapping[int, str], counts: Counts | str
) -> Covered:
    """The event for the added *lines* of one file; *counts* may be why there are none."""
    if isinstance(counts, str):
        return Covered(revision, name, path, (), (), (), counts)
    if path not in counts:
        return Covered(revision, name, path, (), (), (), "this build does not compile it")
    found = counts[path]
    executed = tuple(number for number in sorted(lines) if found.get(number))
    missed = tuple(number for number in sorted(lines) if found.get(number) == 0)
    return Covered(revision, name, path, executed, missed, tuple(lines[n] for n in missed))


def read(texts: Iterable[bytes], counts: Counts) -> None:
    """Add to *counts*, for the files that it has, what gcov says in *texts*, JSON one each.

    A header's line counts as often as all objects together executed it. Raises ValueError for
    what gcov does not write.
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
        raise ValueError(f"not gcov's: {error}") from error


@dataclass(frozen=True)
class Counting(Dev):
    """gcc -O0 whose binaries count which lines they execute."""

    name: ClassVar[str] = "coverage"


def counting(chains: Toolchains) -> Toolchain | None:
    """A toolchain like those of *chains* whose binaries count, or None if all they have is tcc.

    Without optimisation, so that each line keeps its own code.
    """
    chain = chains.real.search
    if not chain.has_gcov:
        return None
    words = dict(chain.variables)
    # until 3.0-dev as since then, ARCH_FLAGS goes to the compiler and to the linker
    words["ARCH_FLAGS"] = f"{words.get('ARCH_FLAGS', '')} --coverage".strip()
    flush = f"{shlex.quote(str(FLUSH))} -Wl,--wrap=signal"
    words["ADDLIB"] = f"{words.get('ADDLIB', '')} {flush}".strip()
    words |= {"CPU_CFLAGS": "-O0", "OPT_CFLAGS": "-O0"}
    identity = digest(chain.identity, FLUSH.read_bytes(), *(f"{k}={v}" for k, v in words.items()))
    return Counting(chain.make, tuple(words.items()), identity, compiler=chain.compiler)


def _counts(
    bench: Bench, tree: str, oracles: Sequence[Oracle], paths: Collection[str], slot: Slot
) -> Counts | str:
    """What the tests executed of *paths*, or why that is not known."""
    gcov, chain = tools.find_compiler("gcov"), counting(bench.chains)
    if gcov is None:
        return f"no gcov on this machine: {HOW_TO_GET}"
    if chain is None:
        return "only gcc's binaries can count, and --toolchain and --confirm leave it out"
    store = bench.history.store
    key = binaries.build_key(store, tree, chain)
    with (
        slot.build_permits.acquired(slot.stop),
        binaries.compiled(bench.workspace, store, tree, chain, key, slot) as made,
        bench.workspace.scratch() as scratch,
    ):
        if made.problem:
            return f"it does not build with gcov's counters: {made.problem} (log: {made.log})"
        with explained(f"cannot write {made.folder}"):
            for old in made.folder.rglob("*.gcda"):
                old.unlink()
        made.tree.distrust()  # what is tested writes its counters there, and whatever else it likes
        _exercise(bench, oracles, made.binary, scratch, slot)
        if not any(made.folder.rglob("*.gcda")):
            return "HAProxy wrote no counters: no test started it, or --make changed its flags"
        return _ask(gcov, made.folder, paths, scratch, slot)


def _exercise(
    bench: Bench, oracles: Sequence[Oracle], binary: Path, scratch: Path, slot: Slot
) -> None:
    """Run all tests, several at once: libgcov locks the counters' files."""
    pace = Pace(bench.workspace)

    def run(number: int) -> None:
        slot.stop.check()  # another one may have been cancelled just now
        oracle, log = oracles[number], scratch / f"{number}.log"
        limit = pace.limit(oracle.name, oracle.seconds)
        oracle.run(Trial(binary, log, bench.tools, limit, slot, writes=(binary.parent,)))

    with ThreadPoolExecutor(slot.cores, thread_name_prefix="coverage") as pool:
        runs = [pool.submit(run, number) for number in range(len(oracles))]
        try:
            for one in runs:
                one.result()
        except BaseException:  # also Ctrl-C: then nothing may go on
            slot.cancel()
            pool.shutdown(cancel_futures=True)
            raise


def _ask(
    gcov: Tool, folder: Path, paths: Collection[str], scratch: Path, slot: Slot
) -> Counts | str:
    """Have gcov read the counters of the objects that can have lines of *paths*."""
    headers = {path for path in paths if path.endswith(".h")}
    objects = {path: (folder / path).with_suffix(".o") for path in paths if path not in headers}
    objects = {path: made for path, made in objects.items() if made.exists()}
    counts: Counts = {path: {} for path in (*headers, *objects)}
    inputs = folder.rglob("*.o") if headers else objects.values()
    if not counts:
        return counts
    # not to stdout: what gcov complains of goes to the same log; names hashed, so they are short
    done = process.run(
        [gcov.path, "--json-format", "--hash-filenames", *sorted(inputs)],
        log=scratch / "gcov.log",
        timeout=GCOV_SECONDS,
        cwd=scratch,
        stop=slot.stop,
        box=slot.sandbox.box(scratch, reads=(folder,)) if slot.sandbox else None,
    )
    results = sorted(scratch.glob("*.gcov.json.gz"))
    if not done.ok or not results:
        said = done.output.strip().splitlines()
        return f"gcov cannot read the counters: {said[0] if said else done.status}"
    try:
        read(_texts(results), counts)
    except ValueError as error:
        return f"gcov's answer cannot be read: {error}"
    return counts


def _texts(results: Iterable[Path]) -> Iterator[bytes]:
    for path in results:
        with gzip.open(path) as source:
            yield source.read()
