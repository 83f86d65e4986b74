"""Which of the tested revisions have a commit that was found, or a pick of it, by the history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bisector.git.history import History
from bisector.git.picks import Picks, origins
from bisector.jobs.triage.revisions import Named
from bisector.record.events import Found
from bisector.record.triage_events import Carried


def carriers(history: History, found: Found, revisions: Iterable[Named]) -> Iterator[Carried]:
    """For each of *revisions* the commit with the change *found*."""
    commit = found.revisions[-1]
    same = [commit, *filter(history.knows, origins(history.read(commit).raw_message))]
    for one in revisions:
        carrier, by = _carrier(history, same, one.commit)
        release = _first_release(history, carrier, one.commit) if carrier else ""
        yield Carried(found.what, commit, one.name, carrier, release, by)


def _carrier(history: History, same: list[str], tip: str) -> tuple[str, str]:
    """The first of the commits *same*, or the pick of one, in the history of *tip*; what says so.

    Both are '' if there is none.
    """
    for commit in same:
        if history.contains(tip, commit):
            return commit, ""
    base = history.merge_base(same[0], tip)
    if base is None or base == tip:
        return "", ""
    picks = Picks(history.objects, history.between(base, tip))
    found = next(filter(None, map(picks.of, same)), None)
    return (found.commit, str(found.by)) if found else ("", "")


def _first_release(history: History, commit: str, tip: str) -> str:
    """The first release from *commit* to *tip*, '' for none yet."""
    after = history.between(commit, tip) if commit != tip else ()
    return history.place(commit, (commit, *after)).partition("~")[0]
