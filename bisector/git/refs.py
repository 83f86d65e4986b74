"""The branches and tags of the user's clone and of the repositories that are named beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pygit2


@dataclass(frozen=True)
class Ref:
    """A branch or a tag, and the commit that it leads to.

    ``home`` is '' in the clone itself, else its remote (`origin`), or the repository beside it.
    ``checked_out``: it is the branch that such a repository has checked out.
    """

    name: str
    home: str
    commit: pygit2.Commit
    checked_out: bool = False

    @property
    def full_name(self) -> str:
        """Its name with its home, as in `origin/master`."""
        return f"{self.home}/{self.name}" if self.home else self.name


@dataclass(frozen=True)
class Refs:
    """Reads the branches and tags of a clone and of the repositories ``beside`` it.

    ``objects`` is the clone, and finds the objects of all of them. Refs that are dangling or
    damaged, and tags of other things than commits, are left out.
    """

    objects: pygit2.Repository
    beside: Sequence[pygit2.Repository] = ()

    def branches(self, wanted: Callable[[str], bool] = lambda name: True) -> Iterator[Ref]:
        """The branches whose names are *wanted*: the clone's own, its remotes', the others'."""
        yield from _branches(self.objects, "", wanted)
        for repository in self.beside:
            yield from _branches(repository, name_of(repository), wanted)

    def tags(self, wanted: Callable[[str], bool] = lambda name: True) -> Iterator[Ref]:
        """The tags whose names are *wanted*. One that several repositories have comes once.

        The clone's own counts; of two others that differ, the one with the newest commit.
        """
        found = {ref.name: ref for ref in _tags(self.objects, "", wanted)}
        own = frozenset(found)
        for repository in self.beside:
            for ref in _tags(repository, name_of(repository), lambda n: n not in own and wanted(n)):
                known = found.get(ref.name)
                found[ref.name] = max(known, ref, key=age) if known else ref
        yield from found.values()


def name_of(repository: pygit2.Repository) -> str:
    """The name of a repository: that of its folder, as in `haproxy-3.2`."""
    path = Path(repository.path)
    return (path.parent if path.name == ".git" else path).name.removesuffix(".git")


def age(ref: Ref) -> tuple[int, str]:
    """A key to sort by: the newest commit is the last, whatever the order was before."""
    return ref.commit.commit_time, str(ref.commit.id)


def tip(repository: pygit2.Repository, ref: str) -> pygit2.Commit | None:
    """The commit that *ref* points to; None if it is dangling, damaged, or points to no commit."""
    try:
        return peel(repository.references[ref].resolve())
    except (KeyError, ValueError, pygit2.GitError):
        return None


def peel(target: pygit2.Object | pygit2.Reference) -> pygit2.Commit:
    """The commit that an annotated tag or a reference leads to."""
    return target.peel(pygit2.Commit)


def _branches(
    repository: pygit2.Repository, home: str, wanted: Callable[[str], bool]
) -> Iterator[Ref]:
    head = _head(repository) if home else ""
    for ref in repository.references:
        parts = ref.split("/", 3)
        if ref.startswith("refs/heads/"):
            place, name = home, ref.removeprefix("refs/heads/")
        elif ref.startswith("refs/remotes/") and parts[3:] not in ([], ["HEAD"]):
            place, name = f"{home}/{parts[2]}" if home else parts[2], parts[3]
        else:
            continue
        if wanted(name) and (commit := tip(repository, ref)):
            yield Ref(name, place, commit, ref == head)


def _tags(repository: pygit2.Repository, home: str, wanted: Callable[[str], bool]) -> Iterator[Ref]:
    for ref in repository.references:
        name = ref.removeprefix("refs/tags/")
        if name != ref and wanted(name) and (commit := tip(repository, ref)):
            yield Ref(name, home, commit)


def _head(repository: pygit2.Repository) -> str:
    """The full name of the branch that is checked out, '' for none."""
    try:
        target = repository.references["HEAD"].target
    except (KeyError, ValueError, pygit2.GitError):
        return ""
    return target if isinstance(target, str) else ""
