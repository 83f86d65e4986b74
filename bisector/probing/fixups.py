"""Fixups: changes that are picked onto revisions which cannot be judged as they are.

A revision cannot be judged if it does not build, or if HAProxy does not start with a minimal
configuration. The plain verdict is always asked for first and counts if it says good or bad.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pygit2

from bisector.git.history import History
from bisector.patch import load, mending
from bisector.patch.apply import AppliedSeries, ApplyConflict, apply_to_tree
from bisector.patch.model import Patch, Series, only_hunks
from bisector.probing.ticket import Ticket
from bisector.record.events import Event, Probed
from bisector.record.failure import FailureClass
from bisector.record.verdict import Ruling, Verdict

_PART = re.compile(r"hunks? ([\d, ]+) of (.+)")  # the name of a part; the numbers are from 1


@dataclass(frozen=True)
class Fixup:
    """What is picked onto a revision; ``name`` is an abbreviated hash, or that of a file.

    A part of one is called `hunk 3 of` the whole.
    """

    name: str
    series: Series

    @property
    def whole(self) -> str:
        """The name of the whole fixup, of which this may be a part."""
        part = _PART.fullmatch(self.name)
        return part[2] if part else self.name

    def part(self, hunks: Sequence[int]) -> Fixup | None:
        """The fixup of the hunks with these indexes; None if they are none, or all of it."""
        if len(self.series.patches) != 1 or not 0 < len(hunks) < len(self.series.patches[0].hunks):
            return None
        listed = ", ".join(str(index + 1) for index in hunks)
        name = f"hunk{'s' * (len(hunks) > 1)} {listed} of {self.name}"
        return Fixup(name, Series((only_hunks(self.series.patches[0], hunks),)))


def named(history: History, name: str, patches: Sequence[Patch]) -> Fixup:
    """The fixup of *patches*, which the user called *name*: a file, a folder, a revision, A..B."""
    if Path(name).exists():
        name = Path(name).name
    elif ".." not in name:
        name = history.resolve(name).short
    return Fixup(name, Series(tuple(patches)))


def of_commit(history: History, commit: str) -> Fixup:
    """The change of *commit*, a full hash. Raises PatchProblem for a merge or an empty change."""
    return Fixup(commit[:10], Series((load.from_commit(history.store, history.read(commit)),)))


def cannot_be_judged(ruling: Ruling) -> bool:
    """Whether the revision does not build or does not start at all."""
    broken = ruling.failure is not None and ruling.failure.kind is FailureClass.BROKEN
    return ruling.verdict is Verdict.UNBUILDABLE or (broken and not ruling.verdict.tested)


def refusal(fixup: Fixup, conflict: ApplyConflict) -> str:
    """That *fixup* does not apply, and why, in one line."""
    return f"the fixup {fixup.name} does not apply: {conflict.brief}"


class Fixups:
    """The fixups of a job: those of the user are ``always`` tried, others at some revisions.

    Of a user's fixup that does not apply, or does not help, the hunks are tried that the compiler's
    error is about.
    """

    def __init__(
        self, history: History, always: Sequence[Fixup] = (), events: Iterable[Event] = ()
    ) -> None:
        """*events* are those of earlier sessions."""
        self._history = history
        self._always = list(always)
        self._at: dict[str, list[Fixup]] = {}
        self._failed: dict[tuple[str, str, str], Probed] = {}  # by revision and test
        for event in events:
            if isinstance(event, Probed):
                self.see(event)

    def add(self, fixup: Fixup, revisions: Collection[str]) -> None:
        """From now on try *fixup* at *revisions* (full hashes), too."""
        for revision in revisions:
            self._at.setdefault(revision, []).append(fixup)

    def drop(self, name: str) -> None:
        """No longer use the fixup *name*; the verdicts won with it do not count any more."""
        whole = self.named(name).whole
        self._always = [fixup for fixup in self._always if fixup.name not in (name, whole)]
        for revision, fixups in self._at.items():
            self._at[revision] = [fixup for fixup in fixups if fixup.name != name]

    def forget_added(self) -> None:
        """Go back to those of the user."""
        self._at.clear()

    @property
    def any(self) -> bool:
        """Whether there is a fixup to try anywhere."""
        return bool(self._always or self._at)

    def named(self, name: str) -> Fixup:
        """The fixup that is called *name*; if none of the job's is, that of this commit."""
        if part := _PART.fullmatch(name):
            hunks = [int(number) - 1 for number in part[1].split(",")]
            found = self.named(part[2]).part(hunks)
            assert found  # the name is that of a part
            return found
        known = (*self._always, *(fixup for fixups in self._at.values() for fixup in fixups))
        given = next((fixup for fixup in known if fixup.name == name), None)
        return given or of_commit(self._history, self._history.resolve(name).id)

    def tree(self, fixup: Fixup, revision: str) -> str | None:
        """The id of the tree of *revision* with *fixup*; None if it does not apply."""
        done = self._applied(fixup, revision)
        return str(done.tree) if isinstance(done, AppliedSeries) else None

    def onto(self, tree: str, name: str) -> str | None:
        """The id of *tree*, a patched one, with the fixup *name*; None if it does not apply."""
        done = apply_to_tree(self._history, tree, self.named(name).series)
        return str(done.tree) if isinstance(done, AppliedSeries) else None

    def has(self, revision: str, fixup: Fixup) -> bool:
        """Whether *revision* has *fixup* already."""
        return self.tree(fixup, revision) == self._history.tree_id(revision)

    def _applied(self, fixup: Fixup, revision: str) -> AppliedSeries | ApplyConflict:
        return apply_to_tree(self._history, self._history.tree_id(revision), fixup.series)

    def part_for(self, fixup: Fixup, plain: Probed) -> Fixup | None:
        """The hunks of *fixup* that the error of *plain* is about; None if that is no part."""
        if plain.verdict is not Verdict.UNBUILDABLE:
            return None
        line, tree = b"", self._history.read(plain.revision).tree
        if at := mending.place(plain.reason):
            line = _line(tree, *at)
        return fixup.part(mending.hunks_about(fixup.series.patches[0], plain.reason, line))

    # -- tickets ---------------------------------------------------------------------------------

    def begin(self, ticket: Ticket, fixup: Fixup) -> bool:
        """Let *ticket* ask for its revision with *fixup*; False if that does not apply."""
        tree = self.tree(fixup, ticket.revision)
        if tree is None:
            return False
        ticket.tree, ticket.fixup = tree, fixup.name
        ticket.toolchain, ticket.doubted = ticket.asked, None
        return True

    def retry(self, ticket: Ticket, event: Probed) -> bool:
        """Let *ticket* ask with the next fixup if *event*, its answer, cannot be judged.

        False if there is no other one, or if *ticket* is about patches or a given fixup.
        """
        if ticket.patched or not cannot_be_judged(event.ruling):
            return False
        if ticket.plain is None:
            if ticket.fixup:
                return False
            ticket.plain = event
        for fixup in self.to_try(ticket.plain):
            if fixup.name not in ticket.tried:
                ticket.tried.append(fixup.name)
                if self._changes(fixup, ticket.revision):
                    return self.begin(ticket, fixup)
        return False

    def to_try(self, plain: Probed) -> Iterator[Fixup]:
        """The fixups to try where *plain* is the verdict, in this order."""
        for fixup in self._always:
            yield fixup
            if part := self.part_for(fixup, plain):
                yield part
        yield from self._at.get(plain.revision, ())

    def _changes(self, fixup: Fixup, revision: str) -> bool:
        """Whether *fixup* applies to *revision*, which does not have it already."""
        return self.tree(fixup, revision) not in (None, self._history.tree_id(revision))

    def failed_before(self, ticket: Ticket) -> Probed | None:
        """The plain verdict of an earlier run of *ticket*'s test, if it cannot be judged.

        One of a real toolchain, if there is one. None if there is no fixup to try.
        """
        if not self._always and not self._at.get(ticket.revision):
            return None
        return self._failed.get((ticket.revision, ticket.oracle.name, ticket.oracle.variant))

    # -- events ----------------------------------------------------------------------------------

    def see(self, event: Probed) -> None:
        """Take a finished probe into account."""
        test = (event.revision, event.scenario, event.variant)
        plain = not (event.patched or event.fixup)
        if plain and cannot_be_judged(event.ruling) and (event.real or test not in self._failed):
            self._failed[test] = event

    def explained(self, event: Probed) -> Probed:
        """*event* with the fixups that do not apply in its reason, if it cannot be judged."""
        if event.patched or event.fixup or not cannot_be_judged(event.ruling):
            return event
        more = (text for text in self._refusals(event) if text not in event.reason)
        return replace(event, reason="; ".join((event.reason, *more)))

    def _refusals(self, plain: Probed) -> Iterator[str]:
        for fixup in self._always:
            done, part = self._applied(fixup, plain.revision), self.part_for(fixup, plain)
            if isinstance(done, ApplyConflict) and not (part and self.tree(part, plain.revision)):
                yield refusal(fixup, done)

    def counting(self, events: Sequence[Probed]) -> list[Probed]:
        """Those of a revision's *events* that count: a plain verdict stands above all others.

        None if the revision cannot be judged and a fixup was not tried yet.
        """
        plain = [event for event in events if not event.fixup]
        if not plain or not all(cannot_be_judged(event.ruling) for event in plain):
            return plain
        for fixup in self.to_try(plain[0]):
            tried = [event for event in events if event.fixup == fixup.name]
            if any(event.verdict.tested for event in tried):
                return tried
            if not tried and self._changes(fixup, plain[0].revision):
                return []
        return plain


def _line(tree: pygit2.Tree, path: str, number: int) -> bytes:
    """The line *number*, from 1, of the file *path* of *tree*; b'' if there is none."""
    try:
        return tree[path].peel(pygit2.Blob).data.splitlines()[number - 1]
    except (KeyError, IndexError, pygit2.InvalidSpecError):
        return b""
