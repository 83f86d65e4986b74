"""Where `triage` looks for the fix and for what introduced the bug: ranges for hunts, as texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bisector.git import lines
from bisector.git.history import History
from bisector.jobs.triage.revisions import Named, main_name


@dataclass(frozen=True)
class Span:
    """A range. ``older``: its old end may be bad, and a good one is looked for before it."""

    text: str
    older: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """The command that hunts over it, without further options."""
        return ("run", self.text, *(["--older"] * self.older))


def of_fix(
    history: History, tested: Sequence[Named], bad: Sequence[Named], good: Sequence[Named]
) -> Span | None:
    """From the newest of the *bad* revisions that has a later *good* one to that; None without.

    *tested* are all revisions in their order. A good one of the main line goes before others, since
    fixes are made there.
    """
    main = history.resolve(main_name(history)).id
    for number, one in reversed(list(enumerate(tested))):
        if one in bad:
            later = [other for other in tested[number:] if other in good]
            on_main = [other for other in later if history.contains(main, other.commit)]
            if later:
                return Span(f"{one.name}..{(on_main or later)[0].name}")
    return None


def of_whole(history: History, good: Sequence[Named]) -> Span | None:
    """From the first to the last of *good* revisions, between which the bug may come and go."""
    if len(good) < 2:
        return None
    first, last = good[0], good[-1]
    base = history.merge_base(first.commit, last.commit)
    if base is None or base == last.commit:
        return None
    return Span(f"{first.name if base == first.commit else history.release(base)}..{last.name}")


def of_introduction(history: History, bad: Named, good: Sequence[Named]) -> Span | None:
    """From the last of *good* revisions before *bad* to that.

    Without one, from the newest first release of a series before it; None if there is none.
    """
    before = [one for one in good if history.contains(bad.commit, one.commit)]
    if before:
        return Span(f"{before[-1].name}..{bad.name}")
    name = next((name for name, _ in lines.older_releases(history, bad.commit)), "")
    return Span(f"{name}..{bad.name}", older=True) if name else None
