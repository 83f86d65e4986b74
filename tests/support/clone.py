"""A repository that looks like HAProxy's, for tests that need commits and trees."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pygit2
from pygit2.enums import FileMode, ObjectType

AUTHOR = pygit2.Signature("Jo Doe", "jo@example.org", 1_700_000_000, 0)

HAPROXY = {
    "Makefile": "haproxy:\n\tcc -o $@ src/haproxy.c\n",
    "include/haproxy/x.h": "#define X 1\n",
    "src/haproxy.c": "int main(void) { return 0; }\n",
}


class Clone:
    """A repository that looks like HAProxy's; commits are made straight into it."""

    def __init__(self, path: Path, *, bare: bool = False) -> None:
        self.path = path
        self.git = pygit2.init_repository(str(path), bare=bare, initial_head="master")

    def tree(self, files: Mapping[str, str | None], base: str | None = None) -> str:
        """The tree of commit *base* with *files* changed; None removes one."""
        index = pygit2.Index()
        if base:
            index.read_tree(self.git[base].peel(pygit2.Tree))
        for path, content in files.items():
            if content is None:
                index.remove(path)
            else:
                blob = self.git.create_blob(content.encode())
                index.add(pygit2.IndexEntry(path, blob, FileMode.BLOB))
        return str(index.write_tree(self.git))

    def commit(
        self,
        change: Mapping[str, str | None],
        *,
        subject: str = "MINOR: a change",
        parents: Sequence[str] | None = None,
        branch: str = "master",
    ) -> str:
        """A commit on *branch*, on its tip or on *parents*; the first one is a whole HAProxy."""
        ref = f"refs/heads/{branch}"
        tip = self.git.references.get(ref)
        if parents is None:
            parents = [str(tip.target)] if tip else []
        files = change if parents else {**HAPROXY, **change}
        tree = self.tree(files, parents[0] if parents else None)
        made = self.git.create_commit(
            None, AUTHOR, AUTHOR, f"{subject}\n\nBody.\n", tree, list(parents)
        )
        self.git.references.create(ref, made, force=True)
        return str(made)

    def line(self, length: int) -> list[str]:
        """Commits on master, each of which changes src/haproxy.c; the first one is number 0."""
        if not self.git.is_empty:
            return self._line(length)
        commits, pack = _packed_line(length)
        for name, content in pack:
            (Path(self.git.path) / "objects" / "pack" / name).write_bytes(content)
        self.git.references.create("refs/heads/master", commits[-1])
        return list(commits)

    def _line(self, length: int) -> list[str]:
        return [
            self.commit({"src/haproxy.c": f"int x = {n};\n"}, subject=f"MINOR: x: change {n}")
            for n in range(length)
        ]

    def tag(self, name: str, commit: str, *, annotated: bool = False) -> None:
        if annotated:
            self.git.create_tag(name, commit, ObjectType.COMMIT, AUTHOR, name)
        else:
            self.git.references.create(f"refs/tags/{name}", commit, force=True)


@functools.cache
def _packed_line(length: int) -> tuple[tuple[str, ...], tuple[tuple[str, bytes], ...]]:
    """The commits of Clone.line() in an empty repository, and the files of the pack with them.

    Two files are written ten times faster than the two hundred of single objects.
    """
    with tempfile.TemporaryDirectory() as folder:
        clone = Clone(Path(folder))
        commits = clone._line(length)
        clone.git.pack()
        packs = Path(clone.git.path, "objects", "pack").iterdir()
        return tuple(commits), tuple((path.name, path.read_bytes()) for path in packs)
