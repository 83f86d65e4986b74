"""Names of revisions in one repository: git's, HAProxy's short names of series, and releases.

HAProxy numbers a series X.Y; its releases are tagged vX.Y.0, vX.Y.1 …, its development releases
vX.Y-dev1, vX.Y-dev2 …, and its stable branch is called X.Y.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

import pygit2

_RELEASE_TAG = re.compile(r"v\d+\.\d+(?:\.\d+|-dev\d+)$")
_FIRST_RELEASE = re.compile(r"v\d+\.\d+\.0$")
_SERIES = re.compile(r"v?\d+\.\d+$")


def find(repository: pygit2.Repository, name: str) -> pygit2.Commit | None:
    """The commit that *name* refers to; None if there is none.

    A name is first taken as git's own. Otherwise `v3.0` is the tag v3.0.0, and `3.0` is a remote's
    branch of that name, or the tag if there is no such branch.
    """
    for candidate in _candidates(repository, name):
        try:
            return peel(repository.revparse_single(candidate))
        except (KeyError, ValueError, pygit2.GitError):
            continue
    return None


def _candidates(repository: pygit2.Repository, name: str) -> Iterator[str]:
    """The git revisions that *name* may stand for, in order of precedence."""
    yield name
    first_release = [f"v{name.removeprefix('v')}.0"] if _SERIES.match(name) else []
    if name.startswith("v"):
        yield from first_release
    yield from _remote_branches(repository, name)
    yield from first_release


def _remote_branches(repository: pygit2.Repository, name: str) -> list[str]:
    """*name* (BRANCH, BRANCH~2 …) in each remote: origin first, then the newest commit."""
    branch = re.split(r"[~^@:]", name, maxsplit=1)[0]
    precedence: dict[str, tuple[bool, int]] = {}
    for ref in repository.references:
        if ref.startswith("refs/remotes/") and ref.split("/", 3)[3:] == [branch]:
            try:
                commit = peel(repository.revparse_single(ref))
            except (KeyError, ValueError, pygit2.GitError):
                continue
            revision = ref + name.removeprefix(branch)
            precedence[revision] = (ref.startswith("refs/remotes/origin/"), commit.commit_time)
    return sorted(precedence, key=lambda revision: precedence[revision], reverse=True)


def tip(repository: pygit2.Repository, ref: str) -> pygit2.Commit | None:
    """The commit that *ref* points to; None if it is dangling, damaged, or points to no commit."""
    try:
        return peel(repository.references[ref].resolve())
    except (KeyError, ValueError, pygit2.GitError):
        return None


def peel(target: pygit2.Object | pygit2.Reference) -> pygit2.Commit:
    """The commit that an annotated tag or a reference leads to."""
    return target.peel(pygit2.Commit)


def similar(repository: pygit2.Repository, name: str) -> list[str]:
    """At most three branches and tags with names similar to *name*, the most similar first."""
    refs = {ref.split("/", 2)[2]: ref for ref in repository.references if ref.count("/") >= 2}
    matches = difflib.get_close_matches(name, refs, n=3, cutoff=0.6)
    return [match for match in matches if tip(repository, refs[match])]


def release_tags(repository: pygit2.Repository) -> dict[str, list[str]]:
    """The names of the release tags by the full hash of their commit."""
    tags: dict[str, list[str]] = {}
    for ref in repository.references:
        name = ref.removeprefix("refs/tags/")
        if name != ref and _RELEASE_TAG.match(name) and (commit := tip(repository, ref)):
            tags.setdefault(str(commit.id), []).append(name)
    return tags


def is_first_release(name: str) -> bool:
    """Whether *name* is the tag of the first release of a series (vX.Y.0)."""
    return _FIRST_RELEASE.match(name) is not None
