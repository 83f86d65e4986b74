"""Line coverage of a patch: which of the added lines the tests execute, measured with gcov.

gcc builds the patched tree with counters, the tests run, and gcov reads the counters. Concurrent
threads may lose counts, but never reset one to zero.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pygit2

from bisector.build.counting import gcov
from bisector.build.counting.toolchain import by_gcov
from bisector.probing.context import Context
from bisector.probing.counting import counted
from bisector.record.patch_events import Covered
from bisector.system import tools
from bisector.system.slots import Slot
from bisector.system.tools import Tool
from bisector.testing.oracle import Oracle

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
    except (TypeError, KeyError, OverflowError, RecursionError) as error:
        raise ValueError(f"unexpected format: {error}") from error


def _counts(
    context: Context, tree: str, oracles: Sequence[Oracle], paths: Collection[str], slot: Slot
) -> Counts | str:
    """The counts of the lines of *paths*, or a text that says why they are not known."""
    tool, toolchain = tools.find_compiler("gcov"), by_gcov(context.toolchains)
    if tool is None:
        return f"no gcov on this machine: {gcov.HOW_TO_GET}"
    if toolchain is None:
        return "coverage needs gcc, and --toolchain and --confirm exclude it"
    ready = context.equipped(toolchain, tree=tree)
    with (
        context.workspace.scratch() as scratch,
        counted(context, tree, ready, oracles, scratch, slot) as made,
    ):
        return made if isinstance(made, str) else _ask(tool, made.folder, paths, scratch, slot)


def _ask(
    tool: Tool, folder: Path, paths: Collection[str], scratch: Path, slot: Slot
) -> Counts | str:
    """Run gcov on the objects that can have lines of *paths*; the counts or a problem's text."""
    headers = {path for path in paths if path.endswith(".h")}
    objects = {path: (folder / path).with_suffix(".o") for path in paths if path not in headers}
    objects = {path: file for path, file in objects.items() if file.exists()}
    counts: Counts = {path: {} for path in (*headers, *objects)}
    if not counts:
        return counts
    inputs = folder.rglob("*.o") if headers else objects.values()
    results = gcov.run(tool, folder, inputs, scratch, slot)
    if isinstance(results, str):
        return results
    try:
        read(gcov.texts(results), counts)
    except ValueError as error:
        return f"gcov's output cannot be read: {error}"
    return counts
