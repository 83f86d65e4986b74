"""What the verdicts on a branch say, in words, beside what others say about it; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bisector.record.patch_events import Cell, Judged
from bisector.record.patch_outcome import NO_TEST, Outcome, spoiled
from bisector.record.verdict import Verdict
from bisector.search.prerequisites import Prerequisites


@dataclass(frozen=True)
class Claim:
    """What a branch's history has: the commit that brought a scenario's bug, and its fix.

    ``scenario`` is empty where the fix's message names the commit.
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
class Said:
    """What the fix's message says ``about`` a branch, if anything: *wanted*, in which sentence."""

    about: bool
    wanted: bool | None = None
    text: str = ""


def affected(judged: Iterable[Judged]) -> Verdict | None:
    """The verdict on a branch as it is: bad if a case that shows the bug is; None without one."""
    found = [cell.before for one in judged for cell in _showing(one) if cell.before]
    for verdict in (Verdict.BAD, Verdict.GOOD):
        if verdict in found:
            return verdict
    return found[0] if found else None


def has_spoiled(judged: Iterable[Judged]) -> bool:
    """Whether a test that worked on the branch cannot be run any more with the fix."""
    cells = (cell for one in judged for cell in one.cells)
    return any(cell.before and spoiled(cell.before, cell.after) for cell in cells)


def why(judged: Iterable[Judged], claims: Sequence[Claim]) -> str:
    """What that verdict rests on, and whether the history says the same, for each scenario."""
    by_scenario = {claim.scenario: claim for claim in claims}
    named = by_scenario.get("")
    wanted = [one for one in judged if one.wanted]
    if not wanted:
        return f"{NO_TEST}; by history: {named.text}" if named else NO_TEST
    return "; ".join(_reason(one, by_scenario.get(one.scenario, named)) for one in wanted)


def _showing(one: Judged) -> list[Cell]:
    """The cases that show the bug."""
    return [cell for cell in one.cells if one.wanted and not cell.watching]


def _reason(one: Judged, claim: Claim | None) -> str:
    cells = _showing(one)
    bad = sum(cell.before is Verdict.BAD for cell in cells)
    good = sum(cell.before is Verdict.GOOD for cell in cells)
    if bad:
        said = f"{one.scenario} is bad in {bad} of {len(cells)}"
    elif good:
        said = f"{one.scenario} is good"
    else:
        reason = next((cell.reason for cell in cells if cell.reason), one.problem)
        return f"{one.scenario} cannot be tested: {reason}"
    if claim is None:
        return said
    but = ", but" if claim.affected != bool(bad) else ","
    return f"{said}{but} {claim.text}"


def remark(
    verdict: Verdict | None,
    said: Said,
    needs: Prerequisites | None,
    then: Outcome | None,
    left_out: Sequence[str],
) -> str:
    """What a reader should know: what was said and what is so, and what has to come first."""
    left = [f"left out: {path}, which conflicts" for path in left_out]
    return "; ".join((*_compared(verdict, said), *_needed(needs, then), *left))


def _compared(verdict: Verdict | None, said: Said) -> Iterator[str]:
    quoted = f": '{said.text}'" if said.text else ""
    if verdict is None and said.about:
        yield f"by the message only{quoted}" if quoted else "the message says nothing of it"
    elif verdict is Verdict.GOOD and said.wanted:
        yield f"said but not needed{quoted}"
    elif verdict is Verdict.BAD and said.about and said.wanted is None:
        yield f"needed but not said{quoted}"
    elif verdict is Verdict.BAD and said.wanted is False:
        yield f"needed, though the message says no{quoted}"


def _needed(needs: Prerequisites | None, then: Outcome | None) -> Iterator[str]:
    """What came of the search for prerequisites."""
    if needs is None:
        return
    if needs.commits is None:
        known = "lets it apply" if needs.smallest else "that lets it apply was found"
        yield f"no set of earlier commits {known} ({needs.tried} tried)"
        return
    count = len(needs.commits)
    first = "1 commit" if count == 1 else f"{count} commits"
    smallest = "" if needs.smallest else f"; fewer may do ({needs.tried} sets tried)"
    yield f"with {first} before it, it applies: {then}{smallest}"
