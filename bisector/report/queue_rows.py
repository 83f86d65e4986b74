"""The rows of a queue as reports show them: by branch, by what is to be done, and in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bisector.record.queue_events import (
    Decided,
    Evidence,
    Queued,
    Repair,
    RepairState,
    Says,
    Series,
    Word,
)
from bisector.record.summary import Summary
from bisector.report.layout import counted

LOOK = (Word.BREAKS, Word.CONFLICT, Word.UNCLEAR, Word.WAIT)
"""The verdicts that leave something to a person, the most urgent first."""
_ORDER = (*LOOK, Word.PICK, Word.PICK_WITH, Word.NOT_NEEDED, Word.THERE)
HASH = 12
"""The digits of a hash in a line that is to be pasted."""

_PARTICULAR = re.compile(r"\b([0-9a-f]{10,40}|\d+)\b")


@dataclass(frozen=True)
class Branch:
    """The rows of one branch, in the order of the source line, and its series, if there is one."""

    name: str
    rows: tuple[Queued, ...]
    series: Series | None

    @property
    def open(self) -> list[Queued]:
        """The rows at which a person has to look, by verdict."""
        return sorted((row for row in self.rows if not is_settled(row)), key=_urgency)

    @property
    def picks(self) -> list[Queued]:
        """The other rows that are in the series."""
        return [row for row in self.rows if is_settled(row) and is_ticked(row)]

    @property
    def rest(self) -> list[Queued]:
        """The rows of which nothing is to be done."""
        return [row for row in self.rows if is_settled(row) and not is_ticked(row)]

    @property
    def ordered(self) -> list[Queued]:
        """All rows: the open ones, the picks, the rest."""
        return [*self.open, *self.picks, *self.rest]

    @property
    def ticked(self) -> list[str]:
        """The commits that are in the series, in its order."""
        return [row.revision for row in self.sequence() if is_ticked(row)]

    def sequence(self) -> list[Queued]:
        """All rows in an order in which they can be picked.

        That is the order of the series; what is not in it comes where the source line has it.
        """
        series = self.series.commits if self.series else ()
        place = {commit: number for number, commit in enumerate(series)}
        keys: dict[str, tuple[float, int]] = {}
        before = 0
        for number, row in enumerate(self.rows):
            at = place.get(row.picked, place.get(row.revision))
            keys[row.revision] = (before - 0.5 if at is None else at, number)
            before += at is not None
        return sorted(self.rows, key=lambda row: keys[row.revision])


def branches(summary: Summary) -> list[Branch]:
    """The branches of a queue, in the order in which they were worked on."""
    series = {one.branch: one for one in summary.series}
    rows: dict[str, list[Queued]] = {}
    for row in summary.queued:
        rows.setdefault(row.branch, []).append(row)
    names = dict.fromkeys([*rows, *series])
    return [Branch(name, tuple(rows.get(name, ())), series.get(name)) for name in names]


def counts(rows: Sequence[Queued]) -> dict[Word, int]:
    """The number of *rows* with each verdict, the most urgent first."""
    found = Counter(row.word for row in rows)
    return {word: found[word] for word in _ORDER if found[word]}


def is_settled(row: Queued) -> bool:
    """Whether nobody has to look at *row*: by its verdict, or because somebody has decided."""
    picked = row.decided is Decided.YES and bool(row.picked)
    return row.word.needs_nobody or picked or row.decided is Decided.NO


def is_ticked(row: Queued) -> bool:
    """Whether the series has *row*."""
    return bool(row.picked) or row.word.is_picked


def _urgency(row: Queued) -> int:
    return _ORDER.index(row.word)


def evidence(row: Queued) -> str:
    """What the verdict rests on, in a word or two; '' for nothing, or for another row's need."""
    if row.decided:
        return "decided"
    if statement := row.there or row.affected:
        return statement.evidence
    return "" if row.needed_by or row.says is Says.NOTHING else Evidence.MESSAGE


def details(row: Queued) -> Iterator[str]:
    """What is to be known of *row* beside its verdict and the reason for it, in lines."""
    yield from _decision(row)
    if row.differs and row.differs not in row.why:
        yield row.differs
    for needed in row.needs:
        yield f"{needs_or_lacks(row)} {needed.revision[:10]} {needed.subject}: {needed.why}"
    yield from _needed_by(row)
    for repair in row.repairs:
        yield f"repaired by {repair.revision[:10]} {repair.subject} ({where(repair)})"
    yield from _findings(row)


def briefly(row: Queued) -> list[str]:
    """The same of a pick in one line, or none: commits that have rows of their own by hash."""
    needs = ", ".join(one.revision[:10] for one in row.needs)
    repairs = ", ".join(f"{one.revision[:10]} ({where(one)})" for one in row.repairs)
    parts = [
        *_decision(row),
        row.differs,
        f"needs {needs}" if needs else "",
        *_needed_by(row),
        f"repaired by {repairs}" if repairs else "",
        *_findings(row),
    ]
    text = "; ".join(filter(None, parts))
    return [text] if text else []


def needs_or_lacks(row: Queued) -> str:
    """Whether the commits in ``needs`` were picked before it, or are only what clashes."""
    return "needs" if is_ticked(row) else "lacks"


def where(repair: Repair) -> str:
    """Where a repair is, in words."""
    return "on the branch" if repair.state is RepairState.THERE else repair.state


def _decision(row: Queued) -> Iterator[str]:
    if row.decided and not row.why.startswith("decided"):
        yield f"decided: {row.decided}{f', {row.because}' if row.because else ''}"


def _needed_by(row: Queued) -> Iterator[str]:
    if row.needed_by and not row.why.startswith(row.needed_by[0][:10]):
        yield f"needed by {', '.join(one[:10] for one in row.needed_by)}"


def _findings(row: Queued) -> Iterator[str]:
    """What builds and tests found that is worth a look."""
    if row.left_out:
        yield f"left out, since no build reads it: {', '.join(row.left_out)}"
    if row.warnings:
        yield f"{counted(len(row.warnings), 'new warning')}: {row.warnings[0]}"
    if row.word is Word.BREAKS:
        yield from (one.text for one in (row.builds, row.reg_tests) if one)


def reasons(rows: Sequence[Queued]) -> list[tuple[str, int]]:
    """The reasons of *rows* without hashes and numbers, and how often each is given."""
    return Counter(_PARTICULAR.sub("…", row.why) for row in rows).most_common()


def reasons_by_word(rows: Sequence[Queued]) -> list[tuple[Word, int, str]]:
    """The same by verdict: how often a verdict is given for a reason."""
    words = counts(rows)
    by_word = {word: [row for row in rows if row.word is word] for word in words}
    return [(word, number, why) for word in words for why, number in reasons(by_word[word])]


def in_short(branch: Branch) -> str:
    """The number of rows with each verdict, in one line."""
    if branch.rows:
        return ", ".join(f"{number} {word}" for word, number in counts(branch.rows).items())
    looked_at = f" among {counted(branch.series.others, 'commit')}" if branch.series else ""
    return f"no fix{looked_at}"


def series_said(series: Series) -> Iterator[str]:
    """What came of the picks, in lines; the first is a summary."""
    if not series.commits:
        yield f"no pick for {series.branch}, which is at {series.base[:10]}"
    else:
        built = ", each of them built" if series.built else ", not built"
        picks = counted(len(series.commits), "pick")
        yield f"{picks} on {series.base[:10]}, up to {series.tip[:10]}{built}"
    if series.created:
        yield f"created {series.created}"
    for file in series.files:
        yield f"written {file}"
    if series.others:
        yield f"{counted(series.others, 'other commit')} of {series.source} fix nothing"


def cherry_pick(commits: Sequence[str]) -> str:
    """The command that picks *commits*; '' for none."""
    return " ".join(["git cherry-pick -sx", *(commit[:HASH] for commit in commits)] * bool(commits))
