"""A history of real HAProxy that a test makes commit by commit, after a playground's first one."""

from __future__ import annotations

from pathlib import Path

import pygit2

from bisector.jobs.playground import Playground
from tests.support import stable
from tests.support.planted import Edit, edited


class Grown:
    """A repository of the ground's first commit and what a test commits after it."""

    def __init__(self, ground: Playground, path: Path) -> None:
        self.path = path
        self.repo = pygit2.clone_repository(str(ground.path), str(path), bare=True)
        self.base = str(self.repo.revparse_single("v3.0.11").peel(pygit2.Commit).id)

    def commit(self, parent: str, subject: str, *edits: Edit, tree: str = "") -> str:
        """A commit after *parent*: *edits* in its tree, or another *tree*."""
        own = self.repo[parent].peel(pygit2.Commit)
        made = tree or str(edited(self.repo, own.tree, edits))
        who = stable.WHO
        return str(self.repo.create_commit(None, who, who, f"{subject}\n", made, [own.id]))

    def branch(self, name: str, commit: str) -> None:
        self.repo.references.create(f"refs/heads/{name}", commit, force=True)
