"""A repository of a stable branch, as HAProxy has one for each, made of a playground's commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pygit2

from tests.support.planted import Edit, edited

WHO = pygit2.Signature("Stable", "stable@localhost", 1_710_000_000, 0)


def make(
    main: Path,
    path: Path,
    base: str,
    picks: Sequence[str],
    releases: Mapping[int, str],
    adapted: Mapping[int, Edit] | None = None,
) -> list[str]:
    """A bare repository at *path* whose master has *picks* of commits of *main* after *base*.

    All are full hashes. *releases* are tags by the number of the pick, from 1; 0 is *base*. The
    picks with the numbers of *adapted* change something more. Returns the hashes of the picks.
    """
    repo = pygit2.clone_repository(str(main), str(path), bare=True)
    made = [base]
    for number, picked in enumerate(picks, 1):
        commit, tip = (repo[one].peel(pygit2.Commit) for one in (picked, made[-1]))
        index = repo.merge_trees(commit.parents[0].tree, tip.tree, commit.tree)
        assert not index.conflicts
        message = f"{commit.message.strip()}\n\n(cherry picked from commit {picked})\n"
        tree = index.write_tree(repo)
        if adapted and number in adapted:
            tree = edited(repo, repo[tree].peel(pygit2.Tree), [adapted[number]])
        made.append(str(repo.create_commit(None, commit.author, WHO, message, tree, [tip.id])))
    repo.references.create("refs/heads/master", made[-1], force=True)
    for number, name in releases.items():
        repo.references.create(f"refs/tags/{name}", made[number])
    return made[1:]
