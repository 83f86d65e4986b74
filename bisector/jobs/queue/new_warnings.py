"""The compiler's warnings that a series brings, from the logs of two builds, and whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pygit2

from bisector.jobs.queue.line_of_picks import Step

_WARNING = re.compile(r"^([\w./+-]{1,300}):(\d{1,9}):(?:\d{1,9}:)? warning: (\S.{0,999})$", re.M)
_COMPILED = re.compile(r"^[ \t]+CC[ \t]+([\w./+-]{1,300})\.o[ \t]*$", re.M)


@dataclass(frozen=True)
class Warned:
    """A warning ``text`` of the compiler about ``path``:``line``."""

    path: str
    line: int
    text: str

    @property
    def anywhere(self) -> tuple[str, str]:
        """The same on whatever line."""
        return self.path, self.text


def warned(log: str) -> dict[tuple[str, str], Warned]:
    """The warnings in the output of a build, one of those that differ in the line alone."""
    found = (Warned(path, int(line), text) for path, line, text in _WARNING.findall(log))
    return {one.anywhere: one for one in found}


def new_warnings(
    before: str, after: str, store: pygit2.Repository, steps: Sequence[Step]
) -> Iterator[tuple[str, Warned]]:
    """The warnings in the log *after* that *before* lacks, each with the commit that brought it.

    It is the last of *steps* that changed the line, else that changed the file. Logs have only what
    was compiled again, so of a line that no step changed they tell nothing unless the file was
    compiled before, too.
    """
    old = warned(before).keys()
    compiled = {f"{path}.c" for path in _COMPILED.findall(before)}
    for one in (one for key, one in warned(after).items() if key not in old):
        origin = last_changing_line(store, steps, one.path, one.line)
        if origin is None and one.path in compiled:
            origin = _last_changing_file(store, steps, one.path)
        if origin is not None:
            yield origin, one


def last_changing_line(
    store: pygit2.Repository, steps: Sequence[Step], path: str, line: int
) -> str | None:
    """The origin of the last of *steps* that brought the *line* (from 1) of the file at its end."""
    lines = _lines(store, steps[-1].tree, path)
    if not 0 < line <= len(lines):
        return None
    text = lines[line - 1]
    for step in reversed(steps):
        if _blob(store, step.before, path) != _blob(store, step.tree, path):
            counts = (_lines(store, tree, path).count(text) for tree in (step.before, step.tree))
            if next(counts) < next(counts):
                return step.origin
    return None


def _last_changing_file(store: pygit2.Repository, steps: Sequence[Step], path: str) -> str | None:
    changing = (
        step.origin
        for step in reversed(steps)
        if _blob(store, step.before, path) != _blob(store, step.tree, path)
    )
    return next(changing, None)


def _lines(store: pygit2.Repository, tree: str, path: str) -> list[bytes]:
    blob = _blob(store, tree, path)
    return store[blob].peel(pygit2.Blob).data.split(b"\n") if blob else []


def _blob(store: pygit2.Repository, tree: str, path: str) -> str:
    """The id of the file at *path*; '' if there is none."""
    top = store[tree].peel(pygit2.Tree)
    return str(top[path].id) if path in top else ""
