"""What a pick lacks that is bad where it was picked to, and good where it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bisector.errors import PatchProblem
from bisector.git.history import History, Range
from bisector.git.picks import Picks
from bisector.patch import function_changes, load
from bisector.patch.apply import ApplyConflict
from bisector.patch.model import Series
from bisector.probing.prober import Prober
from bisector.record.verdict import Verdict
from bisector.record.words import Purpose

MOST = 12  # commits that are tried
_IDENTIFIER = re.compile(r"[A-Za-z_]\w+")
_HASH = re.compile(r"\b[0-9a-f]{8,40}\b")


def missing(
    prober: Prober, pick: str, origin: str, line: Range, other: Range
) -> tuple[tuple[str, ...], bool]:
    """The commits of *other* that *pick*, a commit of *line*, may lack, as `hash subject`.

    *origin* is what it was picked from. Each is picked onto *pick* and tested; with one that makes
    it good, that is the answer, and True.
    """
    history = prober.context.history
    likely = list(_likely(history, pick, origin, line, other))[:MOST]
    for commit in likely:
        if _heals(prober, pick, commit):
            return (_said(history, commit),), True
    return tuple(_said(history, commit) for commit in likely), False


def _likely(history: History, pick: str, origin: str, line: Range, other: Range) -> Iterator[str]:
    """Those of *other*, not picked to *line*: what names *origin*, then what changed before it what
    it changes or names, the newest first.
    """
    place = other.commits.index(origin)
    before, after = other.commits[:place], other.commits[place + 1 :]
    naming = (commit for commit in after if _names(history.read(commit).message, origin))
    there = Picks(history.objects, line.commits)
    for commit in (*naming, *reversed(list(_prepared(history, origin, before)))):
        if there.of(commit) is None:
            yield commit


def _prepared(history: History, origin: str, before: Sequence[str]) -> Iterator[str]:
    """Those of *before* that change a function which *origin* changes, or names in a new line."""
    ((_, own),) = function_changes.every(history, [origin])
    words = {name for _, name in own} | _new_words(history, origin)
    for commit, functions in function_changes.every(history, before):
        if any(name in words for _, name in functions):
            yield commit


def _new_words(history: History, commit: str) -> set[str]:
    """The identifiers in the lines that *commit* adds to sources."""
    read = history.read(commit)
    diff = read.parents[0].tree.diff_to_tree(read.tree)
    added = (
        line.content
        for patch in diff
        if patch is not None and patch.delta.new_file.path.endswith((".c", ".h"))
        for hunk in patch.hunks
        for line in hunk.lines
        if line.origin == "+"
    )
    return {word for content in added for word in _IDENTIFIER.findall(content)}


def _names(message: str, commit: str) -> bool:
    """Whether a *message* names *commit* by its hash."""
    return any(map(commit.startswith, _HASH.findall(message)))


def _heals(prober: Prober, pick: str, commit: str) -> bool:
    """Whether *pick* is good with *commit* picked onto it."""
    history = prober.context.history
    try:
        patch = load.from_commit(history.objects, history.read(commit))
    except PatchProblem:
        return False
    done, ticket = prober.start_patched(pick, Series((patch,)), Purpose.COMPLETED)
    if isinstance(done, ApplyConflict) or ticket is None:
        return False
    return prober.ask_all([ticket])[0].verdict is Verdict.GOOD


def _said(history: History, commit: str) -> str:
    read = history.commit(commit)
    return f"{read.short} {read.subject}"
