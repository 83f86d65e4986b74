"""Word the verdicts on a branch, compared with the fix's message and the history; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bisector.record.patch_events import Cell, Judged
from bisector.record.patch_outcome import NO_TEST, Outcome, spoiled
from bisector.record.verdict import Verdict
from bisector.search.prerequisites import Prerequisites


@dataclass(frozen=True)
class Claim:
    """Whether a branch has the commit that introduced a scenario's bug, and the fix.

    ``introduced`` is the first 10 digits of its hash. ``scenario`` is '' if the commit is the one
    that the fix's message names.
    """

    scenario: str
    introduced: str
    has_bug: bool
    has_fix: bool

    @property
    def affected(self) -> bool:
        return self.has_bug and not self.has_fix

    @property
    def text(self) -> str:
        brought = "which brought it" if self.scenario else "which brought it as the message says"
        if not self.has_bug:
            return f"{self.introduced}, {brought}, is not in its history"
        fixed = ", and so is its fix" if self.has_fix else ""
        return f"{self.introduced}, {brought}, is in its history{fixed}"


@dataclass(frozen=True)
class BranchAdvice:
    """What the fix's message says about a branch.

    ``applies`` is False if the message cannot refer to the branch, such as one that is not older
    than the fix's. ``wanted``: whether it asks for the fix there, None if it says nothing.
    ``text`` is the sentence.
    """

    applies: bool
    wanted: bool | None = None
    text: str = ""


def affected(judged: Iterable[Judged]) -> Verdict | None:
    """The verdict on an unpatched branch from the cases that show the bug; None without any.

    It is BAD if one of them is, else GOOD if one of them is.
    """
    verdicts = [cell.before for row in judged for cell in _showing(row) if cell.before]
    for verdict in (Verdict.BAD, Verdict.GOOD):
        if verdict in verdicts:
            return verdict
    return verdicts[0] if verdicts else None


def has_spoiled(judged: Iterable[Judged]) -> bool:
    """Whether a test that worked on the branch cannot be run with the fix."""
    cells = (cell for row in judged for cell in row.cells)
    return any(cell.before and spoiled(cell.before, cell.after) for cell in cells)


def why(judged: Iterable[Judged], claims: Sequence[Claim]) -> str:
    """What the verdict affected() rests on, and whether the history agrees, for each scenario."""
    by_scenario = {claim.scenario: claim for claim in claims}
    named = by_scenario.get("")
    showing = [row for row in judged if row.wanted]
    if not showing:
        return f"{NO_TEST}; by history: {named.text}" if named else NO_TEST
    return "; ".join(_reason(row, by_scenario.get(row.scenario, named)) for row in showing)


def _showing(row: Judged) -> list[Cell]:
    """The cases that show the bug."""
    return [cell for cell in row.cells if row.wanted and not cell.watching]


def _reason(row: Judged, claim: Claim | None) -> str:
    cells = _showing(row)
    bad = sum(cell.before is Verdict.BAD for cell in cells)
    good = sum(cell.before is Verdict.GOOD for cell in cells)
    if bad:
        tested = f"{row.scenario} is bad in {bad} of {len(cells)}"
    elif good:
        tested = f"{row.scenario} is good"
    else:
        reason = next((cell.reason for cell in cells if cell.reason), row.problem)
        return f"{row.scenario} cannot be tested: {reason}"
    if claim is None:
        return tested
    separator = ", but" if claim.affected != bool(bad) else ","
    return f"{tested}{separator} {claim.text}"


def remark(
    verdict: Verdict | None,
    advice: BranchAdvice,
    needs: Prerequisites | None,
    then: Outcome | None,
    left_out: Sequence[str],
) -> str:
    """How the *verdict* differs from the message's *advice*, the prerequisites, the omitted paths.

    *then* is the outcome with the prerequisites.
    """
    omitted = [f"left out: {path}, which conflicts" for path in left_out]
    return "; ".join((*_compared(verdict, advice), *_prerequisites(needs, then), *omitted))


def _compared(verdict: Verdict | None, advice: BranchAdvice) -> Iterator[str]:
    quoted = f": '{advice.text}'" if advice.text else ""
    if verdict is None and advice.applies:
        yield f"by the message only{quoted}" if quoted else "the message says nothing about it"
    elif verdict is Verdict.GOOD and advice.wanted:
        yield f"said but not needed{quoted}"
    elif verdict is Verdict.BAD and advice.applies and advice.wanted is None:
        yield f"needed but not said{quoted}"
    elif verdict is Verdict.BAD and advice.wanted is False:
        yield f"needed, though the message says no{quoted}"


def _prerequisites(needs: Prerequisites | None, then: Outcome | None) -> Iterator[str]:
    """The result of the search for prerequisites."""
    if needs is None:
        return
    if needs.commits is None:
        result = "lets it apply" if needs.smallest else "that lets it apply was found"
        yield f"no set of earlier commits {result} ({needs.tried} tried)"
        return
    count = len(needs.commits)
    first = "1 commit" if count == 1 else f"{count} commits"
    smallest = "" if needs.smallest else f"; fewer may suffice ({needs.tried} sets tried)"
    yield f"with {first} before it, it applies: {then}{smallest}"
