"""The revisions at which a patch is verified."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bisector.errors import UsageProblem
from bisector.git.history import History
from bisector.jobs.hunt import releases
from bisector.record.words import Change


def named(history: History, words: Sequence[str]) -> list[str]:
    """The full hashes of the revisions and ranges in *words*, each once.

    A range `A..B` stands for its ends and the release tags between. Raises NoSuchRevision and
    BadRange.
    """
    commits: list[str] = []
    for word in words:
        if ".." in word:
            span = history.range(word)
            tagged = (commit for commit in span.commits if commit in history.tags)
            commits += (span.old.id, *tagged, span.new.id)
        else:
            commits.append(history.resolve(word).id)
    return list(dict.fromkeys(commits))


def around(history: History, introduced: str, fixed: str) -> list[str]:
    """The full hashes of the revisions around a bug, parents first.

    They are the last commit before *introduced*, the affected release tags, the last affected
    commit and *fixed*. If *fixed* is '' or unknown, the bug is taken to be present at HEAD.

    Raises UsageProblem if the repository does not have *introduced*.
    """
    if not introduced or not history.knows(introduced):
        raise UsageProblem(
            "the affected releases of this repository are not known",
            "name revisions with --on, or run 'bisector run A..B' first",
        )
    first = history.resolve(introduced)
    last = history.resolve(fixed) if fixed and history.knows(fixed) else None
    end = last or history.head()
    before = [parent for parent in first.parents if parent != end.id]
    span = history.range(f"{first.id}..{end.id}")
    bounds = {Change.INTRODUCTION: first.id} | ({Change.FIX: last.id} if last else {})
    tagged = releases.affected(history, span, bounds)
    return list(dict.fromkeys([*before, *tagged, *_ends(history, span.commits, bool(last))]))


def _ends(history: History, commits: Sequence[str], is_fixed: bool) -> Iterator[str]:
    """The last affected commits, then the fix, if there is one."""
    last = commits[-1]
    if is_fixed:
        yield from history.commit(last).parents
    yield last
