"""A repository in which patches are made and applied, and the texts that they change."""

from __future__ import annotations

import difflib
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from bisector.patch import load, unified_diff
from bisector.patch.apply import Applied, AppliedSeries, ApplyConflict, apply_series
from bisector.patch.model import Patch, Series
from tests.support.clone import AUTHOR

C = "src/server.c"

OLD = b"""\
int get(struct server *s)
{
	return s->port;
}

int down(struct server *s)
{
	struct addr addr;

	log(s);
	clear(&addr);
	set(s, &addr);
	return 1;
}

int up(struct server *s)
{
	log(s);
	check(s);
	return 0;
}
"""
CURED = OLD.replace(b"\tclear(&addr);\n", b"\tload(s, &addr);\n\tclear(&addr.ip);\n")
RENAMED = OLD.replace(b"addr;", b"a;").replace(b"&addr", b"&a")
RENAMED_CURED = RENAMED.replace(b"\tclear(&a);\n", b"\tload(s, &a);\n\tclear(&a.ip);\n")
FAMILY = CURED.replace(b"\tclear(&addr.ip);\n", b"\taddr.family = 0;\n\tclear(&addr.ip);\n")
EARLIER = OLD.replace(b"struct addr addr;", b"struct addr addr = {};")  # other context
EARLIER_CURED = CURED.replace(b"struct addr addr;", b"struct addr addr = {};")

Files = dict[str, bytes]
Outcome = Applied | ApplyConflict


class Repo:
    """A bare repository in which patches are made and applied."""

    def __init__(self, path: Path) -> None:
        self.git = pygit2.init_repository(str(path), bare=True)

    def tree(self, files: Files, mode: FileMode = FileMode.BLOB) -> pygit2.Oid:
        index = pygit2.Index()
        for path, content in files.items():
            index.add(pygit2.IndexEntry(path, self.git.create_blob(content), mode))
        return index.write_tree(self.git)

    def commit(self, files: Files, *parents: pygit2.Commit, message: str = "x") -> pygit2.Commit:
        return self._commit(self.tree(files), *parents, message=message)

    def _commit(
        self, tree: pygit2.Oid, *parents: pygit2.Commit, message: str = "x"
    ) -> pygit2.Commit:
        ids = [parent.id for parent in parents]
        made = self.git.create_commit(None, AUTHOR, AUTHOR, message, tree, ids)
        found = self.git[made]
        assert isinstance(found, pygit2.Commit)
        return found

    def patch(self, old: Files, new: Files) -> Patch:
        return self.between(self.tree(old), self.tree(new))

    def between(self, old: pygit2.Oid, new: pygit2.Oid) -> Patch:
        """The patch that makes the tree *new* of the tree *old*."""
        return load.from_commit(self.git, self._commit(new, self._commit(old)))

    def files(self, tree: pygit2.Oid) -> Files:
        index = pygit2.Index()
        index.read_tree(self.git[tree])  # type: ignore[arg-type]
        return {entry.path: self.git[entry.id].data for entry in index}  # type: ignore[attr-defined]

    def apply(self, files: Files, patch: Patch) -> Outcome:
        return apply(self.git, self.tree(files), patch)

    def after(self, files: Files, patch: Patch) -> tuple[str, str | None, Files]:
        done = self.apply(files, patch)
        assert isinstance(done, Applied), done
        return done.how, done.variant, self.files(done.tree)

    def steps(self, files: Files, series: Series) -> tuple[list[tuple[str, str | None]], Files]:
        done = apply_series(self.git, self.tree(files), series)
        assert isinstance(done, AppliedSeries), done
        return [(step.how, step.variant) for step in done.steps], self.files(done.tree)


def apply(store: pygit2.Repository, tree: pygit2.Oid | pygit2.Tree, patch: Patch) -> Outcome:
    """Apply one patch."""
    done = apply_series(store, tree, Series((patch,)))
    return done.steps[0] if isinstance(done, AppliedSeries) else done


def conflict(outcome: Applied | AppliedSeries | ApplyConflict) -> ApplyConflict:
    assert isinstance(outcome, ApplyConflict), outcome
    return outcome


def change(path: str, old: str, new: str, name: str = "fix") -> Series:
    """A series of one patch that makes *new* of *old*."""
    lines = difflib.unified_diff(
        old.splitlines(keepends=True), new.splitlines(keepends=True), f"a/{path}", f"b/{path}"
    )
    text = f"diff --git a/{path} b/{path}\n" + "".join(lines)
    return Series((Patch(name, f"BUG: {name}", name, unified_diff.parse(text.encode(), name)),))
