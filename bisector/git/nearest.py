"""The place of a source tree in HAProxy's history: the commit whose files are most like it.

Its VERSION file names the series, so that no commit of a later one is taken for its ancestor. The
commits that count are the releases of the series up to that version, those between the most
similar one and the next, and the one that SUBVERS names, as `git archive` writes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pygit2

from bisector.git import stable_branches
from bisector.git.history import History
from bisector.git.refs import Ref, tip

_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:-dev(\d+)|\.(\d+))?")
_HASH = re.compile(r"-([0-9a-f]{7,40})\s*")

Blobs = Mapping[str, str]
"""The ids of a tree's blobs by path."""


@dataclass(frozen=True)
class Place:
    """The nearest commit (full hash): ``same`` of ``files`` files are the same there."""

    commit: str
    same: int
    files: int


def find(history: History, blobs: Blobs, version: str, subvers: str) -> Place | None:
    """The nearest commit to a tree with these *blobs*; None if no release has one of them."""
    like = partial(_same, history.objects, blobs)
    named = _HASH.fullmatch(subvers)
    if named and history.knows(named[1]):
        commit = history.resolve(named[1]).id
        if (same := like(history.read(commit).tree)) == len(blobs):
            return Place(commit, same, len(blobs))
    tags = _releases(history, version)
    if not tags:
        return None
    best = max(tags, key=lambda tag: like(tag.commit.tree))
    at = tags.index(best)
    ends = [tag.commit for tag in tags[at + 1 : at + 2]] or _tips(history, version)
    found = Place(str(best.commit.id), like(best.commit.tree), len(blobs))
    for commit, same in _walk(history, blobs, found, ends):
        if same > found.same:
            found = Place(commit, same, len(blobs))
    return found if found.same else None


def blobs_of(tree: pygit2.Tree, folder: str = "") -> Iterator[tuple[str, str]]:
    """The path and the id of each blob below *tree*."""
    for entry in tree:
        if isinstance(entry, pygit2.Tree):
            yield from blobs_of(entry, f"{folder}{entry.name}/")
        else:
            yield f"{folder}{entry.name}", str(entry.id)


def _same(objects: pygit2.Repository, blobs: Blobs, tree: pygit2.Tree) -> int:
    """How many of *blobs* are in *tree* at the same path."""
    return sum(blobs.get(path) == oid for path, oid in blobs_of(tree))


def _releases(history: History, version: str) -> list[Ref]:
    """The releases that a tree of this *version* may follow, in their order.

    They are those of its series up to it; without any, those before; without a version, all.
    """
    limit = _order(version)
    releases = frozenset(name for names in history.tags.values() for name in names)
    tags = history.refs.tags(releases.__contains__)
    known = sorted((order, tag.name, tag) for tag in tags if (order := _order(tag.name)))
    upto = [(order, tag) for order, _, tag in known if limit is None or order <= limit]
    series = [tag for order, tag in upto if limit and order[:2] == limit[:2]]
    return series or [tag for _, tag in upto]


def _order(version: str) -> tuple[int, int, int, int] | None:
    """A key that puts versions in their order: development releases come before the first one."""
    match = _VERSION.match(version.strip())
    if match is None:
        return None
    major, minor, dev, point = (int(number or 0) for number in match.groups())
    return major, minor, 0 if match[3] else 1, dev or point


def _tips(history: History, version: str) -> list[pygit2.Commit]:
    """The ends of the lines on which a tree may lie that follows the last release known."""
    order = _order(version)
    if order and order[2]:
        end = stable_branches.tip(history.refs, order[:2])
        return [end] if end else []
    head = tip(history.clone, "HEAD")
    return [head] if head else []


def _walk(
    history: History, blobs: Blobs, first: Place, ends: Sequence[pygit2.Commit]
) -> Iterator[tuple[str, int]]:
    """The commits after *first* up to *ends*, and how many of *blobs* each has.

    The numbers are updated by what each commit changes.
    """
    objects, known = history.objects, {first.commit: first.same}
    for end in ends:
        if not objects.descendant_of(end.id, first.commit):
            continue
        for name in history.between(first.commit, str(end.id)):
            commit = history.read(name)
            parent = next((str(one) for one in commit.parent_ids if str(one) in known), "")
            if not parent:
                continue
            same = known[parent]
            for delta in objects.diff(history.read(parent).tree.id, commit.tree.id).deltas:
                old, new = delta.old_file, delta.new_file
                same -= blobs.get(old.path) == str(old.id)
                same += blobs.get(new.path) == str(new.id)
            known[name] = same
            yield name, same
