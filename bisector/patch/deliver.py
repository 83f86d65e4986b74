"""Write a backport: as patch files for `git am`, and as a branch in the user's clone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pygit2

from bisector.errors import UsageProblem, WouldOverwrite
from bisector.patch import format_patch
from bisector.system.files import explained, write_whole

BRANCH = "{branch}"  # the placeholder for a branch's name in the name of the branch to create


def folder(out: Path, branch: str) -> Path:
    """The folder in *out* for the files of *branch*."""
    return out / branch.replace("/", "-").lstrip(".-")


def patch_paths(
    store: pygit2.Repository, commits: Sequence[str], out: Path, branch: str
) -> list[Path]:
    """The paths of the patch files of *commits*, in a folder of *out* named after *branch*."""
    subjects = [_subject(store[commit].peel(pygit2.Commit)) for commit in commits]
    return [
        folder(out, branch) / format_patch.file_name(subject, number)
        for number, subject in enumerate(subjects, 1)
    ]


def write_patches(store: pygit2.Repository, commits: Sequence[str], out: Path, branch: str) -> None:
    """Write the patch files of *commits*, see patch_paths; existing equal files are accepted.

    Raises WouldOverwrite if the folder has a different file of the same name, or another patch:
    `git am` would apply it, too.
    """
    read = [store[commit].peel(pygit2.Commit) for commit in commits]
    mails = {
        path: format_patch.mail(store, commit, number, len(read))
        for number, (path, commit) in enumerate(
            zip(patch_paths(store, commits, out, branch), read, strict=True), 1
        )
    }
    for home in {path.parent for path in mails}:
        with explained(f"cannot write {home}"):
            home.mkdir(parents=True, exist_ok=True)
            existing = {path: path.read_bytes() for path in home.glob("*.patch")}
        for path, content in existing.items():
            if mails.get(path) != content:
                raise WouldOverwrite(f"{path} is there already", "name another folder with --out")
    for path, content in mails.items():
        write_whole(path, content)


def _subject(commit: pygit2.Commit) -> str:
    """The first line of a commit's message."""
    return commit.raw_message.decode("utf-8", "replace").strip().partition("\n")[0]


def branch_names(pattern: str, branches: Sequence[str], clone: pygit2.Repository) -> dict[str, str]:
    """The name of the branch to create for each of *branches*.

    `{branch}` in *pattern* is replaced by the branch's own name. Raises UsageProblem for a name
    that git does not allow or that several branches would share, WouldOverwrite for one that
    exists in *clone*.
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
    """Whether there is a ref of that name, even a damaged one."""
    try:
        return ref in clone.references
    except pygit2.GitError:
        return True


def create_branch(
    store: pygit2.Repository, clone: pygit2.Repository, name: str, commit: str
) -> None:
    """Create the branch *name* at *commit* in *clone*: write the missing objects and one ref.

    Raises WouldOverwrite if the branch exists.
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
    """The objects reachable from *root* that *clone* lacks; each after those that it refers to."""
    written: set[pygit2.Oid] = set()
    todo = [(root, False)]
    while todo:
        oid, is_last = todo.pop()
        if oid in written or oid in clone.odb:
            continue
        if is_last:
            written.add(oid)
            yield oid
        else:
            todo += [(oid, True), *((other, False) for other in _referred(store[oid]))]


def _referred(read: pygit2.Object) -> Iterator[pygit2.Oid]:
    """The objects of the same repository that *read* refers to."""
    if isinstance(read, pygit2.Commit):
        yield from (*read.parent_ids, read.tree_id)
    elif isinstance(read, pygit2.Tree):
        yield from (e.id for e in read if e.filemode != pygit2.enums.FileMode.COMMIT)
