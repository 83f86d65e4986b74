"""Open git repositories for reading, and refuse those that are not HAProxy's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pygit2

from bisector.errors import DamagedRepository, NotARepository, ShallowClone
from bisector.git.object_store import entry_id, with_objects_of
from bisector.git.refs import Refs, tip

_HAPROXY_PATHS = ("Makefile", "include/haproxy", "src/haproxy.c")


def open_clone(folder: Path, option: str = "--repo") -> pygit2.Repository:
    """The repository that contains *folder*, in a work tree or a bare repository.

    Raises NotARepository if there is none or if it is not HAProxy's, DamagedRepository if git
    could not read it either. *option* is the one that names it.
    """
    # only objects are read; no hook and no configuration of the clone is run
    pygit2.settings.owner_validation = False
    # git does not verify hashes on reading either; this halves the time of a long walk
    pygit2.settings.enable_strict_hash_verification(False)
    # a walk reads each object once or twice, so a cache of 30 MB would hardly be used
    pygit2.settings.enable_caching(False)
    advice = f"name a clone of HAProxy with {option}"
    path = pygit2.discover_repository(str(folder))
    if path is None:
        raise NotARepository(f"{folder} is not a git repository", advice)
    with readable(folder, option):
        clone = pygit2.Repository(path)
        if not _is_haproxy(clone):
            raise NotARepository(f"{folder} is a git repository, but not HAProxy's", advice)
    return clone


def open_beside(folder: Path, clone: pygit2.Repository, name: str = "") -> pygit2.Repository:
    """The repository that contains *folder*, which is read beside *clone*.

    *name* is how the user named it, by default *folder*. Raises what open_clone() raises, also if
    it shares no history with *clone*, and ShallowClone.
    """
    repository = open_clone(folder, "--with")
    said = name or str(folder)
    if repository.is_shallow:
        advice = "run 'git fetch --unshallow --tags' there"
        raise ShallowClone(f"--with {said} is a shallow clone", advice)
    with readable(folder, "--with"):
        if not _share_history(clone, repository):
            raise NotARepository(
                f"--with {said} shares no history with {clone.path}",
                "name a repository with HAProxy's stable branches or with tags of its releases",
            )
    return repository


@contextmanager
def readable(folder: Path, option: str = "--repo") -> Iterator[None]:
    """Raise DamagedRepository for errors of libgit2 while it reads the repository at *folder*."""
    try:
        yield
    except pygit2.GitError as error:
        raise DamagedRepository(
            f"the git repository {folder} cannot be read ({error})",
            f"mend what 'git fsck' finds there, or name another clone with {option}",
        ) from error


def _is_haproxy(repository: pygit2.Repository) -> bool:
    """Whether the HEAD or the tip of a local branch looks like HAProxy's source."""
    names = [name for name in repository.references if name.startswith("refs/heads/")]
    tips = (tip(repository, name) for name in ("HEAD", *names))
    return any(
        all(entry_id(commit.tree, path) is not None for path in _HAPROXY_PATHS)
        for commit in tips
        if commit
    )


def _share_history(clone: pygit2.Repository, other: pygit2.Repository) -> bool:
    """Whether a commit of *other*'s branches and tags is also one of *clone*'s."""
    own, others = (
        {ref.commit.id for ref in (*refs.branches(), *refs.tags())}
        for refs in (Refs(clone), Refs(other))
    )
    if not others.isdisjoint(own):
        return True
    walker = with_objects_of(clone, [other]).walk(None)
    for commit in others:
        walker.push(commit)
    for commit in own:
        walker.hide(commit)
    parents = {commit.id: commit.parent_ids for commit in walker}
    # what lies in both is hidden, and so are the parents of the first commits that do not
    return not parents.keys() >= others.union(*parents.values())
