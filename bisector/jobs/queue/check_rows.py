"""The rows of a queue while its series is checked: what builds and tests say changes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bisector.git.history import History
from bisector.jobs.queue.known import Known
from bisector.jobs.queue.line_of_picks import LineOfPicks
from bisector.jobs.queue.rules import needed_by
from bisector.jobs.queue.source import Source
from bisector.patch.conflict import PickConflict
from bisector.record.queue_events import (
    Decided,
    Evidence,
    Needed,
    Queued,
    Says,
    Statement,
    Word,
)
from bisector.record.words import How


class CheckRows:
    """The rows by commit; each method says what was found about one of them."""

    def __init__(self, history: History, source: Source, rows: Sequence[Queued]) -> None:
        self._known = Known(history, source)
        self._place = {commit: place for place, commit in enumerate(source.before)}
        self._rows = {row.revision: row for row in rows}

    def __getitem__(self, commit: str) -> Queued:
        return self._rows.get(commit) or self._known.row(commit)

    def sorted(self) -> tuple[Queued, ...]:
        """All rows in the order of the source line."""
        return tuple(self._rows[one] for one in sorted(self._rows, key=self._place.__getitem__))

    def refuses(self, commit: str) -> bool:
        """Whether a person or the message of *commit* refuses it."""
        row = self[commit]
        if row.decided is not None:
            return row.decided is not Decided.YES
        return row.says is Says.NO

    def only_for(self, gone: set[str]) -> frozenset[str]:
        """The commits that were picked for those *gone* alone."""
        return frozenset(
            row.revision
            for row in self._rows.values()
            if row.needed_by
            and gone.issuperset(row.needed_by)
            and row.why == needed_by(row.needed_by)
        )

    # -- what is found -------------------------------------------------------------------------

    def need(self, fix: str, why: Mapping[str, str]) -> None:
        """*fix* is picked after commits that it needs, each with why."""
        self.lacks(fix, why)
        if self[fix].word is Word.PICK:
            self._put(replace(self[fix], word=Word.PICK_WITH))
        for commit in why:
            own = self[commit]
            only_needed = not own.word.is_picked or own.why == needed_by(own.needed_by)
            own = replace(own, needed_by=(*own.needed_by, fix))
            if only_needed:
                own = replace(own, word=Word.PICK, why=needed_by(own.needed_by))
            self._put(own)

    def lacks(self, fix: str, why: Mapping[str, str]) -> None:
        """*fix* needs commits, each with why, whether or not they can be picked."""
        row = self[fix]
        needs = (Needed(one, self._known.subject(one), text) for one, text in why.items())
        self._put(replace(row, needs=(*row.needs, *needs)))

    def breaks(self, fix: str, why: str) -> None:
        """*fix* breaks something, *why* says what in a few words; it is not picked."""
        row = self[fix]
        text = f"{row.why}, but it {why}" if row.why else f"it {why}"
        self._put(replace(row, word=Word.BREAKS, why=text, picked=""))

    def useless(self, commit: str) -> None:
        """*commit* is not picked, since what needs it is not."""
        row = self[commit]
        why = f"{row.why}, which is not picked"
        self._put(replace(row, word=Word.NOT_NEEDED, why=why, picked="", how=None))

    def conflict(self, commit: str, conflict: PickConflict, why: str) -> None:
        """*commit* does not apply any more; *why* says what changed."""
        text = f"{why} it conflicts: {conflict.summary}"
        found = replace(self[commit], word=Word.CONFLICT, why=text, how=How.CONFLICT, picked="")
        self._put(replace(found, conflict=conflict.text))

    def already(self, commit: str) -> None:
        """The change of *commit* is there after what is picked before it."""
        there = Statement("its change is there", Evidence.HISTORY)
        found = replace(self[commit], word=Word.THERE, why=there.text, there=there, picked="")
        self._put(replace(found, how=How.ALREADY))

    def builds(self, commit: str, text: str) -> None:
        """A build of *commit* says what *text* says."""
        self._put(replace(self[commit], builds=Statement(text, Evidence.PROVEN)))

    def reg_tests(self, commit: str, text: str) -> None:
        """The branch's reg-tests say of *commit* what *text* says."""
        self._put(replace(self[commit], reg_tests=Statement(text, Evidence.PROVEN)))

    def warn(self, commit: str, text: str) -> None:
        """The compiler has a new warning because of *commit*."""
        row = self[commit]
        self._put(replace(row, warnings=(*row.warnings, text)))

    def picked(self, line: LineOfPicks) -> None:
        """The series is *line*."""
        for step in line.steps:
            self._put(replace(self[step.origin], picked=step.pick, left_out=step.left_out))

    # -- rows ----------------------------------------------------------------------------------

    def _put(self, row: Queued) -> None:
        self._rows[row.revision] = row
