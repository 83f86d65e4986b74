"""What the plan of a queue chooses, beside what people picked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bench.table import table
from bisector.git import commit_text
from bisector.git.history import History
from bisector.jobs.backport import advice
from bisector.jobs.backport.advice import Version
from bisector.record.queue_events import Queued, Says, Word

WANTED = (Word.PICK, Word.PICK_WITH, Word.CONFLICT, Word.WAIT)
_NO_ROW = "it fixes nothing and asks for nothing, and nothing that is picked needs it"


@dataclass(frozen=True)
class Choice:
    """The commits that were ``chosen`` in one way."""

    way: str
    chosen: frozenset[str]

    def precision(self, people: Collection[str]) -> float:
        """The share of them that *people* picked."""
        return len(self.chosen & set(people)) / len(self.chosen) if self.chosen else 0.0

    def recall(self, people: Collection[str]) -> float:
        """The share of what *people* picked that is among them."""
        return len(self.chosen & set(people)) / len(people) if people else 0.0


def by_message(history: History, commits: Sequence[str], version: Version) -> Choice:
    """Those of *commits* whose messages ask to be picked to *version*."""
    chosen = set()
    for commit in commits:
        read = history.read(commit)
        advised = advice.read(commit_text.decoded(read.raw_message, read))
        if advised and advised.says(version):
            chosen.add(commit)
    return Choice("the message alone", frozenset(chosen))


def by_plan(rows: Sequence[Queued]) -> tuple[Choice, Choice]:
    """What a plan picks, and that with what it would pick if it were not for a conflict or time."""
    return (
        Choice("pick, pick with", frozenset(r.revision for r in rows if r.word.is_picked)),
        Choice("… conflict, wait", frozenset(r.revision for r in rows if r.word in WANTED)),
    )


def why_missed(row: Queued | None) -> str:
    """Why a commit that people picked is not picked, as a class."""
    if row is None:
        return _NO_ROW
    if row.word is Word.NOT_NEEDED and row.says is Says.NO:
        return "not needed: its message refuses it"
    if row.word is Word.NOT_NEEDED:
        return "not needed: the branch lacks what it fixes, or it is reverted"
    if row.word is Word.WAIT and row.says is not Says.WAIT:
        return "wait: what repairs it is not picked"
    return str(row.word)


def report(
    choices: Sequence[Choice], people: Sequence[str], rows: Mapping[str, Queued], each: bool
) -> str:
    """Precision and recall of *choices*, and the reasons for what the second one missed.

    *each* adds a line for each commit that it missed, or picked though people did not.
    """
    lines = [("", "chosen", "precision", "recall")]
    lines += [
        (
            one.way,
            str(len(one.chosen)),
            f"{one.precision(people):.3f}",
            f"{one.recall(people):.3f}",
        )
        for one in choices
    ]
    picked = choices[1].chosen
    missed = {commit: why_missed(rows.get(commit)) for commit in people if commit not in picked}
    counts = Counter(missed.values()).most_common()
    found = [table(lines), "", f"{len(missed)} missed:"]
    found += [f"{count:>5}  {why}" for why, count in counts]
    if each:
        found += [f"missed {commit[:10]}  {why}" for commit, why in missed.items()]
        more = sorted(picked - set(people))
        found += [f"more   {commit[:10]}  {rows[commit].why}" for commit in more]
    return "\n".join(found)
