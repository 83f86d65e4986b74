"""The series of what people picked, by git alone and by the queue, beside their own result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from bisector.git.history import History
from bisector.jobs.queue.series import COMMITTER, Refused, SeriesMaker
from bisector.jobs.queue.source import Source
from bisector.patch.three_way import AS_GIT
from bisector.record.queue_events import Needed

FOLDERS = ("src", "include")


@dataclass
class Made:
    """A series of picks: its ``tip``, how many are clean, what conflicts, and why.

    ``needed`` are the commits that were picked for others, though people did not pick them.
    ``lacking`` has what each refused commit lacks.
    """

    tip: str
    clean: int = 0
    with_others: int = 0
    needed: set[str] = field(default_factory=set)
    lacking: dict[str, tuple[Needed, ...]] = field(default_factory=dict)


def by_git(history: History, base: str, commits: Sequence[str]) -> Made:
    """*commits* picked onto *base* as `git cherry-pick` does it, without those that conflict."""
    store, made = history.store, Made(base)
    tree = store[base].peel(pygit2.Tree)
    for commit in commits:
        read = history.read(commit)
        merged = store.merge_trees(read.parents[0].tree, tree, read.tree, file_flags=AS_GIT)
        if merged.conflicts is None:
            made.clean += 1
            tree = store[merged.write_tree(store)].peel(pygit2.Tree)
        else:
            made.lacking[commit] = ()
    who = COMMITTER
    made.tip = str(store.create_commit(None, who, who, "picked by git", tree.id, [base]))
    return made


def by_queue(history: History, source: Source, commits: Sequence[str]) -> Made:
    """*commits* picked onto the branch of *source*, each with what it needs."""
    maker, made = SeriesMaker(history, source, ()), Made(source.branch.tip)
    for commit in commits:
        step = None if commit in maker.there else maker.add(commit, {})
        if isinstance(step, Refused):
            made.lacking[commit] = step.lacks
            continue
        made.clean += 1
        if step and step.needs:
            made.with_others += 1
            made.needed |= {one.revision for one in step.needs} - set(commits)
    made.tip = maker.tip
    return made


def why(lacks: Sequence[Needed], people: Sequence[str]) -> str:
    """Why people's pick was refused, as a class."""
    if not lacks:
        return "no commit of the line explains it"
    if all(one.revision in people for one in lacks):
        return "it clashes with what people picked, too: they adapted it, or picked it earlier"
    return "it needs a commit that people did not pick: they adapted it"


def lines_that_differ(history: History, tip: str, folder: Path) -> dict[str, int]:
    """How many lines of each of FOLDERS differ between the commit *tip* and the *folder*."""
    tree = history.store[tip].peel(pygit2.Tree)
    found = {}
    for name in FOLDERS:
        other = history.store[_tree_of(history.store, folder / name)].peel(pygit2.Tree)
        stats = tree[name].peel(pygit2.Tree).diff_to_tree(other).stats
        found[name] = stats.insertions + stats.deletions
    return found


def _tree_of(store: pygit2.Repository, folder: Path) -> pygit2.Oid:
    """The files in *folder* as a tree of *store*."""
    index = pygit2.Index()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            blob = store.create_blob(path.read_bytes())
            index.add(pygit2.IndexEntry(str(path.relative_to(folder)), blob, FileMode.BLOB))
    return index.write_tree(store)


def explained(made: Made, people: Sequence[str]) -> Counter[str]:
    """How often each reason for a refusal applies."""
    return Counter(why(lacks, people) for lacks in made.lacking.values())


def each(made: Made, subjects: Mapping[str, str]) -> Iterator[str]:
    """A line for each commit that was refused, and for each that only others need."""
    for commit, lacks in made.lacking.items():
        needs = ", ".join(f"{one.revision[:10]} ({one.why})" for one in lacks)
        yield f"refused {commit[:10]}  {subjects[commit]}: {needs or '-'}"
    for commit in sorted(made.needed):
        yield f"needed  {commit[:10]}  {subjects[commit]}"
