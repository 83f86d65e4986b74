"""Names of revisions: git's, HAProxy's short names of series, and releases.

HAProxy numbers a series X.Y; its releases are tagged vX.Y.0, vX.Y.1 …, its development releases
vX.Y-dev1, vX.Y-dev2 …, and its stable branch is called X.Y.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

import pygit2

from bisector.git import stable_branches
from bisector.git.refs import Ref, Refs, age, peel

_RELEASE_TAG = re.compile(r"v\d+\.\d+(?:\.\d+|-dev\d+)$")
_FIRST_RELEASE = re.compile(r"v\d+\.\d+\.0$")
_POINT_RELEASE = re.compile(r"v?(\d+\.\d+)\.[1-9]\d*$")
_SERIES = re.compile(r"v\d+\.\d+$")
_NUMBERS = re.compile(r"v(\d+)\.(\d+)(?:\.(\d+)|-dev(\d+))$")


def find(refs: Refs, name: str) -> pygit2.Commit | None:
    """The commit that *name* refers to; None if there is none.

    A name is first taken as git takes it in the clone. Otherwise `v3.0` is the tag v3.0.0 and `3.0`
    the tip of that branch, see stable_branches.tip(). Then come the tags of other repositories, and
    the branches of remotes and others, these also with the repository's name: `haproxy-3.0/master`.
    """
    base = re.split(r"[~^@:]", name, maxsplit=1)[0]
    revision = _peeled(refs.objects, name)
    for commit in _meant(refs, base) if revision is None else ():
        if found := _peeled(refs.objects, f"{commit.id}{name.removeprefix(base)}"):
            return found
    return revision


def _peeled(repository: pygit2.Repository, revision: str) -> pygit2.Commit | None:
    try:
        return peel(repository.revparse_single(revision))
    except (KeyError, ValueError, pygit2.GitError):
        return None


def _meant(refs: Refs, name: str) -> Iterator[pygit2.Commit]:
    """The commits that *name*, which git does not know in the clone, may stand for, best first."""
    tags = {name, f"{name}.0"} if _SERIES.match(name) else {name}
    yield from (tag.commit for tag in refs.tags(tags.__contains__))
    number = stable_branches.number_of(name)
    if number and (found := stable_branches.tip(refs, number)):
        yield found
    branches = [ref for ref in refs.branches() if ref.home and _is_called(ref, name)]
    yield from (ref.commit for ref in sorted(branches, key=_precedence, reverse=True))


def _is_called(ref: Ref, name: str) -> bool:
    return name in (ref.name, ref.full_name)


def _precedence(ref: Ref) -> tuple[bool, tuple[int, str]]:
    """The remote `origin` comes first, then the newest commit."""
    return ref.home == "origin", age(ref)


def hint(refs: Refs, name: str) -> str:
    """What may be done about the unknown *name*.

    For a point release of a branch of which none is known, it is where they are; else at most three
    branches and tags with similar names, the most similar first.
    """
    if unknown := unknown_releases(refs, name):
        return unknown
    names = {ref.full_name for ref in refs.branches()} | {ref.name for ref in refs.tags()}
    similar = difflib.get_close_matches(name, sorted(names), n=3, cutoff=0.6)
    return f"did you mean {' or '.join(similar)}?" if similar else "see 'git tag', 'git branch -a'"


def unknown_releases(refs: Refs, name: str) -> str:
    """Where the point release *name* is, if none of its branch is known; '' otherwise."""
    point = _POINT_RELEASE.match(name)
    number = stable_branches.number_of(point[1]) if point else None
    if number is None or len(stable_branches.releases(refs).get(number, ())) > 1:
        return ""
    branch = stable_branches.name_of(number)
    return f"the releases of {branch} after the first come with --with {branch}"


def release_tags(refs: Refs) -> dict[str, list[str]]:
    """The names of the release tags by the full hash of their commit."""
    tags: dict[str, list[str]] = {}
    for ref in refs.tags(lambda name: _RELEASE_TAG.match(name) is not None):
        tags.setdefault(str(ref.commit.id), []).append(ref.name)
    return tags


def is_first_release(name: str) -> bool:
    """Whether *name* is the tag of the first release of a series (vX.Y.0)."""
    return _FIRST_RELEASE.match(name) is not None


def newest_of_series(names: Iterable[str]) -> list[str]:
    """The newest release of each series among release tags, the oldest series first.

    A release such as v3.0.0 is newer than the development releases v3.0-dev1 and so on.
    """
    newest: dict[tuple[int, int], tuple[int, int, str]] = {}
    for name in names:
        if found := _NUMBERS.match(name):
            series, point = (int(found[1]), int(found[2])), found[3]
            place = (-1, int(found[4])) if point is None else (int(point), 0)
            newest[series] = max(newest.get(series, (-1, -1, "")), (*place, name))
    return [name for _, (_, _, name) in sorted(newest.items())]
