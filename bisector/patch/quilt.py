"""Patches as quilt(1) keeps them: a folder with a file `series`, which lists them in their order.

Debian's source packages have them in debian/patches. A line of `series` is a patch's name, perhaps
with `-pN` (folders to strip), `-R` (reversed) and a comment after ` #`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import pygit2

from bisector.errors import PatchProblem, SourceProblem
from bisector.git import source_trees
from bisector.patch import unified_diff
from bisector.patch.apply import ApplyConflict, apply_exactly
from bisector.patch.model import Patch, reverse
from bisector.system.archives import Member

FOLDER = "debian/patches"
SERIES = f"{FOLDER}/series"
_COMMENT = re.compile(r"(?:^|\s)#.*")
_STRIP = re.compile(r"-p(\d|ab)")
_SUBJECT = re.compile(r"^(?:Subject|Description):[ \t]*(?:\[[^\]]*\][ \t]*)?(\S.*)$", re.M)


@dataclass(frozen=True)
class Entry:
    """A line of `series`: a patch's ``name``, and how patch(1) would apply it."""

    name: str
    strip: int = 1
    reversed: bool = False


def entries(text: str) -> tuple[Entry, ...]:
    """The patches that the *text* of a `series` lists. Raises SourceProblem."""
    return tuple(
        _entry(words, number)
        for number, line in enumerate(text.splitlines(), 1)
        if (words := _COMMENT.sub("", line).split())
    )


def _entry(words: list[str], number: int) -> Entry:
    name, strip, is_reversed = words[0], 1, False
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts:
        raise SourceProblem(f"{SERIES}, line {number}: {name} is not in that folder", "mend it")
    for option in words[1:]:
        if match := _STRIP.fullmatch(option):
            strip = 1 if match[1] == "ab" else int(match[1])
        elif option == "-R":
            is_reversed = True
        else:
            what = f"{SERIES}, line {number}: the option {option} is not known"
            raise SourceProblem(what, "-pN and -R are")
    return Entry(name, strip, is_reversed)


def series_of(files: Mapping[str, Member]) -> tuple[Entry, ...]:
    """The patches of a source tree with these *files*; none without a `series`."""
    series = files.get(SERIES)
    return entries(series.content.decode("utf-8", "replace")) if series else ()


def read(files: Mapping[str, Member], entry: Entry) -> Patch:
    """The patch of an *entry* among the *files* of its source tree. Raises SourceProblem."""
    path = f"{FOLDER}/{entry.name}"
    if path not in files:
        raise SourceProblem(f"{SERIES} lists {entry.name}", f"there is no {path}")
    raw = files[path].content
    try:
        changed = unified_diff.parse(raw, path, entry.strip)
    except PatchProblem as problem:
        raise SourceProblem(problem.what, problem.hint) from problem
    found = _SUBJECT.search(raw.decode("utf-8", "replace"))
    subject = found[1].strip() if found else entry.name
    patch = Patch(entry.name, subject, f"{subject}\n\n{path}\n", changed)
    return reverse(patch) if entry.reversed else patch


def push(
    store: pygit2.Repository, onto: str, patches: tuple[Patch, ...], called: Callable[[str], str]
) -> str:
    """Apply *patches* to the commit *onto*, each as a commit; the last one's full hash.

    As quilt in a package's build they apply without fuzz, perhaps at other lines. One that the tree
    has already adds no commit. Raises SourceProblem for one that does not apply, *called* so.
    """
    top = store[onto].peel(pygit2.Commit)
    for patch in patches:
        if not patch.files:
            continue
        tree = apply_exactly(store, top.tree, patch)
        if isinstance(tree, ApplyConflict):
            raise SourceProblem(f"{called(patch.name)} does not apply", tree.brief)
        if tree != top.tree.id:
            about = (str(tree), str(top.id), patch.message, top.commit_time)
            top = store[source_trees.write_commit(store, *about)].peel(pygit2.Commit)
    return str(top.id)
