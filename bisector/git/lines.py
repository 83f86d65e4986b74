"""Lines of history: the path between two commits, the releases before one, and where two part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bisector.git import revision_names
from bisector.git.history import Commit, History, Range


@dataclass(frozen=True)
class Fork:
    """Two ends of which neither descends from the other, and their ``base``, the last common one.

    ``old`` and ``new`` are the lines from there: ranges that end where the user's range does.
    """

    text: str
    base: Commit
    old: Range
    new: Range

    @property
    def whole(self) -> Range:
        """Both lines as one range, the old one first."""
        commits = (*self.old.commits, *self.new.commits)
        return Range(self.text, self.old.new, self.new.new, commits)


def fork_of(history: History, text: str) -> Fork | None:
    """The fork of the ends of the range *text*; None if they are one line, or have no base.

    Raises what History.range() raises for a text that is no range.
    """
    ends = history.ends(text)
    base = history.merge_base(ends.old.id, ends.new.id)
    if base is None or base in (ends.old.id, ends.new.id):
        return None
    place = history.release(base)
    lines = (
        Range(f"{place}..{name}", history.commit(base), tip, history.between(base, tip.id))
        for name, tip in zip(ends.names, (ends.old, ends.new), strict=True)
    )
    return Fork(text, history.commit(base), *lines)


def first_parents(history: History, span: Range) -> list[str]:
    """The full hashes from the old end of *span* to the new one, by first parents in the range."""
    inside, path, at = set(span.commits), [], span.new.id
    while at in inside:
        path.append(at)
        parents = history.commit(at).parents
        at = next((one for one in parents if one in inside), "")
    return [span.old.id, *reversed(path)]


def older_releases(history: History, commit: str) -> Iterator[tuple[str, str]]:
    """The first releases of a series (vX.Y.0) from before *commit*: name and hash, newest first."""
    first = [
        (tuple(map(int, name[1:].split("."))), name, tagged)
        for tagged, names in history.tags.items()
        for name in names
        if revision_names.is_first_release(name)
    ]
    for _, name, tagged in sorted(first, reverse=True):
        if history.objects.descendant_of(commit, tagged):
            yield name, tagged


def from_older(history: History, span: Range, name: str, commit: str) -> Range:
    """*span* with an older end, *commit*, which is called *name*."""
    text = f"{name}..{span.text.partition('..')[2]}"
    commits = history.between(commit, span.new.id)
    return replace(span, text=text, old=history.commit(commit), commits=commits)
