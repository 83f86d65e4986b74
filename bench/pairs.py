"""Bugs with a known culprit: pairs of a fix and the commit that its message names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pygit2
from pygit2.enums import SortMode

from bisector.git.history import History

WINDOW = 6000  # commits to search

# A hash that follows a word for the origin of the bug in the same sentence. The words were chosen
# before the first measurement and not changed afterwards.
_BLAME = re.compile(
    r"\b(?:introduced|regression|regressed|broke|broken|caused|appeared|since|after|fixes)\b"
    r"(?:(?!\.\s).){0,60}?\b([0-9a-f]{8,40})\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Pair:
    """A fix, the culprit that it names, and the line of commits to search.

    ``window`` ends with the fix's parent, the known bad end; the commit before it is the good end.
    """

    fix: str
    culprit: str
    window: tuple[str, ...]

    @property
    def held_out(self) -> bool:
        """Whether it is in the half that the constants of priors were not fitted to."""
        return int(self.fix[:8], 16) % 2 == 1


def line(history: History, tip: str) -> list[str]:
    """The hashes of *tip* and its ancestors, parents first."""
    walk = history.objects.walk(tip, SortMode.TOPOLOGICAL | SortMode.REVERSE)
    return [str(commit.id) for commit in walk]


def named(history: History, commits: Sequence[str], fixes: Sequence[str]) -> Iterator[Pair]:
    """The pairs whose fix is one of *fixes* and whose culprit is in the window before it.

    A fix is a commit whose subject begins with BUG. If its message names several commits, the
    culprit is the first one in the window.
    """
    places = {commit: place for place, commit in enumerate(commits)}
    for fix in fixes:
        place = places[fix]
        parents = history.commit(fix).parents
        if place == 0 or parents != (commits[place - 1],):
            continue
        for culprit in blamed(history.objects, fix):
            if place - WINDOW <= places.get(culprit, -WINDOW) < place:
                yield Pair(fix, culprit, tuple(commits[max(0, place - WINDOW) : place]))
                break


def blamed(repo: pygit2.Repository, fix: str) -> Iterator[str]:
    """The commits that the message of *fix* names as culprits; none unless it is a fix."""
    subject, _, body = repo[fix].peel(pygit2.Commit).message.strip().partition("\n")
    if not subject.startswith("BUG"):
        return
    for found in _BLAME.finditer(" ".join(body.split())):
        try:
            yield str(repo.revparse_single(found[1]).peel(pygit2.Commit).id)
        except (KeyError, ValueError, pygit2.GitError):
            continue
