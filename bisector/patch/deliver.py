"""Hand a backport over: as files for `git am`, as a branch in the user's clone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pygit2

from bisector.errors import UsageProblem, WouldOverwrite
from bisector.patch import format_patch
from bisector.system.workspace import explained, write_whole

BRANCH = "{branch}"  # stands for the branch's name in that of the one to be made


def files(store: pygit2.Repository, commits: Sequence[str], out: Path, branch: str) -> list[Path]:
    """Where the mails of *commits*, for *branch*, go below *out*."""
    place = out / branch.replace("/", "-")
    subjects = [_subject(store[commit].peel(pygit2.Commit)) for commit in commits]
    return [place / format_patch.file_name(text, number) for number, text in enumerate(subjects, 1)]


def write(store: pygit2.Repository, commits: Sequence[str], out: Path, branch: str) -> None:
    """Write these files; one that is there already, and says the same, is no trouble.

    Raises WouldOverwrite when one says something else, or when there are other patches, which
    `git am` would take along.
    """
    found = [store[commit].peel(pygit2.Commit) for commit in commits]
    mails = {
        path: format_patch.written(store, commit, number, len(found))
        for number, (path, commit) in enumerate(
            zip(files(store, commits, out, branch), found, strict=True), 1
        )
    }
    for place in {path.parent for path in mails}:
        with explained(f"cannot write {place}"):
            place.mkdir(parents=True, exist_ok=True)
            there = {path: path.read_bytes() for path in place.glob("*.patch")}
        for path, content in there.items():
            if mails.get(path) != content:
                raise WouldOverwrite(f"{path} is there already", "name another folder with --out")
    for path, content in mails.items():
        write_whole(path, content)


def _subject(commit: pygit2.Commit) -> str:
    """The first line of a commit's message."""
    return commit.raw_message.decode("utf-8", "replace").strip().partition("\n")[0]


def branch_names(pattern: str, branches: Sequence[str], clone: pygit2.Repository) -> dict[str, str]:
    """The name that each of *branches* gets; `{branch}` in *pattern* stands for its own.

    Raises UsageProblem for a name that is none or that all of them would share, WouldOverwrite
    for one that is taken.
    """
    if len(branches) > 1 and BRANCH not in pattern:
        raise UsageProblem(
            f"--create-branch {pattern}: one name for {len(branches)} branches",
            f"put {BRANCH} into it, e.g. backport-{BRANCH}",
        )
    names = {branch: pattern.replace(BRANCH, branch) for branch in branches}
    for name in names.values():
        ref = f"refs/heads/{name}"
        if not pygit2.reference_is_valid_name(ref):
            raise UsageProblem(f"--create-branch {pattern}: '{name}' is no name for a branch")
        if _exists(clone, ref):
            raise WouldOverwrite(f"the branch {name} is there already", "name another one")
    return names


def _exists(clone: pygit2.Repository, ref: str) -> bool:
    """Whether there is a ref of that name, be it a damaged one."""
    try:
        return ref in clone.references
    except pygit2.GitError:
        return True


def create(store: pygit2.Repository, clone: pygit2.Repository, name: str, commit: str) -> None:
    """Make the branch *name* for *commit* in *clone*: its objects and one ref, nothing else.

    Raises WouldOverwrite if there is one of that name.
    """
    with explained(f"cannot make the branch {name}"):
        for oid in _lacking(store, clone, store[commit].id):
            clone.odb.write(*store.odb.read(oid)[:2])
        try:
            clone.references.create(f"refs/heads/{name}", commit)
        except (ValueError, pygit2.GitError) as error:
            raise WouldOverwrite(f"cannot make the branch {name}: {error}") from error


def _lacking(
    store: pygit2.Repository, clone: pygit2.Repository, root: pygit2.Oid
) -> Iterator[pygit2.Oid]:
    """*root* and what it leads to, as far as *clone* lacks it; what is needed comes first."""
    if root in clone.odb:
        return
    found = store[root]
    if isinstance(found, pygit2.Commit):
        for oid in (*found.parent_ids, found.tree_id):
            yield from _lacking(store, clone, oid)
    elif isinstance(found, pygit2.Tree):
        for entry in found:
            if entry.filemode != pygit2.enums.FileMode.COMMIT:
                yield from _lacking(store, clone, entry.id)
    yield root
