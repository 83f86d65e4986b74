"""Write a backport into a Debian package: patches with DEP-3 headers, and the `series` with them.

DEP-3 is Debian's format for what is said about a patch before its diff.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pygit2

from bisector.errors import PatchProblem, WouldOverwrite
from bisector.git import commit_text, picks
from bisector.git.history import History
from bisector.patch import format_patch, quilt
from bisector.system.files import explained, write_whole

_ISSUE = re.compile(
    r"\b(?:github\s+issue|GH|issue)\s+#?(\d+)|haproxy/haproxy/issues/(\d+)", re.IGNORECASE
)
_ISSUES = "https://github.com/haproxy/haproxy/issues/"


def is_package(history: History, revision: str) -> bool:
    """Whether *revision* (full hash) is a Debian package that was imported."""
    return "debian" in history.read(revision).tree and not history.is_published(revision)


def files(history: History, base: str, commits: Sequence[str], out: Path) -> Mapping[Path, bytes]:
    """The files to write for *commits* on top of the package *base* (full hashes), by path.

    They are the patches and the `series`, in debian/patches below *out*. Raises PatchProblem.
    """
    if not commits:
        return {}
    folder, tree = out / quilt.FOLDER, history.read(base).tree
    before = _text(tree)
    taken = {entry.name for entry in quilt.entries(before.decode("utf-8", "replace"))}
    if quilt.FOLDER in tree:
        taken |= {str(entry.name) for entry in tree[quilt.FOLDER].peel(pygit2.Tree)}
    written: dict[Path, bytes] = {}
    lines = before if before.endswith(b"\n") or not before else before + b"\n"
    for name in commits:
        commit = history.store[name].peel(pygit2.Commit)
        patch = _free_name(commit_text.subject(commit), taken)
        taken.add(patch)
        written[folder / patch] = _patch(history, commit)
        lines += f"{patch}\n".encode()
    return {**written, folder / "series": lines}


def write(wanted: Mapping[Path, bytes], history: History, base: str) -> None:
    """Write the files that files() returned for the package *base*.

    Raises WouldOverwrite if there are others of these names; the package's own `series` is no
    other.
    """
    before = _text(history.read(base).tree)
    for path, content in wanted.items():
        if not path.exists():
            continue
        with explained(f"cannot read {path}"):
            known = (content, before) if path.name == "series" else (content,)
            if path.read_bytes() not in known:
                raise WouldOverwrite(f"{path} is there already", "name another folder with --out")
    for path, content in wanted.items():
        with explained(f"cannot write {path.parent}"):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)


def _text(tree: pygit2.Tree) -> bytes:
    """The `series` of a package, b'' without one."""
    try:
        return tree[quilt.SERIES].peel(pygit2.Blob).data
    except (KeyError, pygit2.GitError, pygit2.InvalidSpecError):
        return b""


def _free_name(subject: str, taken: set[str]) -> str:
    """A file name for the patch with this *subject* that is not *taken*."""
    stem = format_patch.file_name(subject).removeprefix("0001-").removesuffix(".patch")
    stem = stem.rstrip("-.") or "fix"
    names = (f"{stem}{more}.patch" for more in ("", *(f"-{n}" for n in range(2, len(taken) + 3))))
    return next(name for name in names if name not in taken)


def _patch(history: History, commit: pygit2.Commit) -> bytes:
    """The file of a patch: what is said about *commit*, and what it changes."""
    diff = history.store.diff(commit.parents[0], commit)
    parts = []
    for entry in filter(None, diff):
        if entry.delta.is_binary:
            what = f"{entry.delta.new_file.path} is binary, which no patch in a package can change"
            raise PatchProblem(what, "leave --out out, and copy that file")
        parts.append(entry.data)
    head = "\n".join(_header(history, commit))
    return f"{head}\n---\n".encode() + b"".join(parts)


def _header(history: History, commit: pygit2.Commit) -> Iterator[str]:
    """The fields of DEP-3."""
    message = commit_text.decoded(commit.raw_message, commit).strip()
    subject, _, body = message.partition("\n")
    yield f"Description: {subject}"
    yield from (f" {line.rstrip()}" if line.strip() else " ." for line in body.strip().split("\n"))
    raw = (commit.author.raw_name, commit.author.raw_email)
    name, address = (commit_text.decoded(text, commit) for text in raw)
    yield f"Author: {name} <{address}>"
    named = picks.origins(commit.raw_message)
    if named:
        yield f"Origin: {_origin(history, commit, named[-1])}, commit:{named[-1]}"
    for match in dict.fromkeys(m[1] or m[2] for m in _ISSUE.finditer(message)):
        yield f"Bug: {_ISSUES}{match}"
    if named and (release := _release(history, named[-1])):
        yield f"Applied-Upstream: {release.removeprefix('v')}, commit:{named[-1]}"


def _origin(history: History, commit: pygit2.Commit, original: str) -> str:
    """Whether *commit* is the change of the *original* as it is, in DEP-3's words."""
    store = history.store
    of = store[original].peel(pygit2.Commit) if original in store else None
    if of is None or len(of.parents) != 1:
        return "backport"
    changes = (store.diff(one.parents[0], one).patchid for one in (commit, of))
    return "upstream" if len(set(changes)) == 1 else "backport"


def _release(history: History, commit: str) -> str:
    """The first release with *commit*; '' if none is known."""
    if not history.knows(commit):
        return ""
    since = history.read(commit).commit_time
    tagged = ((history.read(one).commit_time, names[0], one) for one, names in history.tags.items())
    later = sorted(tag for tag in tagged if tag[0] >= since)
    descend = history.objects.descendant_of
    found = (name for _, name, one in later if one == commit or descend(one, commit))
    return next(found, "")
