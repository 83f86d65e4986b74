"""The revisions that `triage` tests, in the order of their lines of releases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cmp_to_key

from bisector.errors import NoSuchRevision
from bisector.git import revision_names, stable_branches
from bisector.git.history import History, Range
from bisector.git.stable_branches import Maintained
from bisector.probing.setup import Asked
from bisector.probing.toolchains import find_reported

_MAIN = ("master", "main")


@dataclass(frozen=True)
class Named:
    """A revision: what it is called, and its full hash."""

    name: str
    commit: str


@dataclass(frozen=True)
class Chosen:
    """The revisions to test, the oldest line first, and what a reader has to know of the choice."""

    revisions: tuple[Named, ...]
    notes: tuple[str, ...] = ()


def choose(asked: Asked, words: Sequence[str]) -> Chosen:
    """The revisions and ranges in *words*; by default the newest of each maintained line.

    Raises NoSuchRevision and BadRange.
    """
    if words:
        return Chosen(_each_once(asked.history, _named(asked.history, words)))
    notes: list[str] = []
    history = asked.history
    found = stable_branches.maintained(history.refs)
    if found.names:
        names = [_newest(history, name) for name in found.names]
        notes += _remarks(found)
    else:
        names = list(_newest_of_series(history))
        notes.append("no maintained line is known here: the newest of each series is tested")
    reported = _reported(asked, notes)
    every = [*names, *reported, main_name(history)]
    return Chosen(_each_once(history, [_resolved(history, name) for name in every]), tuple(notes))


def main_name(history: History) -> str:
    """The name of the main line: master, else main, else HEAD."""
    return next(filter(history.knows, _MAIN), "HEAD")


def _named(history: History, words: Iterable[str]) -> Iterator[Named]:
    """The revisions in *words*; a range has its ends, and the newest of the series between them."""
    for word in words:
        if ".." not in word:
            yield _resolved(history, word)
            continue
        span, (old, new) = history.range(word), history.ends(word).names
        yield Named(old, span.old.id)
        yield from _between(history, span)
        yield Named(new, span.new.id)


def _between(history: History, span: Range) -> Iterator[Named]:
    """The newest release of each series in *span*."""
    inside = {name: commit for commit in span.commits for name in history.tags.get(commit, ())}
    yield from (Named(name, inside[name]) for name in revision_names.newest_of_series(inside))


def _newest_of_series(history: History) -> list[str]:
    return revision_names.newest_of_series(
        name for names in history.tags.values() for name in names
    )


def _reported(asked: Asked, notes: list[str]) -> list[str]:
    """The revision that the output by --like is of, as far as it is here; *notes* say so."""
    names = find_reported(asked.options).revisions
    if not names:
        return []
    known = [name for name in names if asked.history.knows(name)][:1]
    if known:
        notes.append(f"the reported version is {names[-1]}, tested as {known[0]}")
        return known
    try:
        asked.history.resolve(names[-1])
    except NoSuchRevision as error:
        notes.append(f"the reported version {names[-1]} is not tested: {error}")
    return []


def _newest(history: History, branch: str) -> str:
    """The name of the newest revision of a stable branch: of the release, if it is one."""
    tags = history.tags.get(history.resolve(branch).id, ())
    return next((tag for tag in tags if tag.startswith(f"v{branch}.")), branch)


def _remarks(found: Maintained) -> Iterator[str]:
    if found.bare:
        some = " ".join(f"--with {name}" for name in found.bare)
        yield (
            f"of {', '.join(found.bare)} only the first release is known here, and tested: "
            f"{some} brings the newest"
        )


def _resolved(history: History, name: str) -> Named:
    return Named(name, history.resolve(name).id)


def _each_once(history: History, revisions: Iterable[Named]) -> tuple[Named, ...]:
    """*revisions* in their order, each commit once, under the last of its names."""
    by_commit = {one.commit: one for one in revisions}
    return ordered(history, by_commit.values())


def ordered(history: History, revisions: Iterable[Named]) -> tuple[Named, ...]:
    """*revisions*, parents first; a stable branch stands where it leaves the main line."""
    revisions = tuple(revisions)
    main = history.resolve(main_name(history)).id
    bases = {one.commit: history.merge_base(one.commit, main) or one.commit for one in revisions}
    descends = history.objects.descendant_of

    def compare(one: Named, other: Named) -> int:
        pairs = ((bases[one.commit], bases[other.commit]), (one.commit, other.commit))
        for left, right in pairs:
            if left != right and descends(left, right):
                return 1
            if left != right and descends(right, left):
                return -1
        return 0

    return tuple(sorted(revisions, key=cmp_to_key(compare)))
