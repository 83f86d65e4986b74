"""At which revisions a patch is verified."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bisector.errors import UsageProblem
from bisector.git.history import History
from bisector.jobs.hunt import releases
from bisector.record.words import Change


def named(history: History, words: Sequence[str]) -> list[str]:
    """The commits that the user named: revisions, or ranges for their ends and release tags.

    Raises NoSuchRevision and BadRange.
    """
    found: list[str] = []
    for word in words:
        if ".." in word:
            span = history.range(word)
            tagged = (commit for commit in span.commits if commit in history.tags)
            found += (span.old.id, *tagged, span.new.id)
        else:
            found.append(history.resolve(word).id)
    return list(dict.fromkeys(found))


def around(history: History, introduced: str, fixed: str) -> list[str]:
    """The revisions that tell most about a bug with these commits, by name, in history's order.

    They are the last unaffected commit, the affected release tags, the last affected commit and
    the first unaffected one. *fixed* is empty for a bug that is still there.

    Raises UsageProblem when the repository does not know *introduced*.
    """
    if not introduced or not history.knows(introduced):
        raise UsageProblem(
            "nobody knows which releases are affected in this repository",
            "name revisions with --on, or let 'bisector run A..B' find out",
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
    """The last affected commits, then the first unaffected one, if there is one."""
    last = commits[-1]
    if is_fixed:
        yield from history.commit(last).parents
    yield last
