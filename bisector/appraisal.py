"""What the verdicts on a branch say, in words, beside what others say about it; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bisector.events import Judged
from bisector.outcome import Outcome
from bisector.prerequisites import Prerequisites
from bisector.verdict import Verdict


@dataclass(frozen=True)
class Claim:
    """What a branch's history has: the commit that brought a scenario's bug, and its fix."""

    scenario: str
    introduced: str
    has_bug: bool
    has_fix: bool

    @property
    def affected(self) -> bool:
        return self.has_bug and not self.has_fix

    @property
    def text(self) -> str:
        if not self.has_bug:
            return f"{self.introduced}, which brought it, is not in its history"
        fixed = ", and so is its fix" if self.has_fix else ""
        return f"{self.introduced}, which brought it, is in its history{fixed}"


@dataclass(frozen=True)
class Said:
    """What the fix's message says ``about`` a branch, if anything: *wanted*, in which sentence."""

    about: bool
    wanted: bool | None = None
    text: str = ""


def affected(judged: Iterable[Judged]) -> Verdict:
    """The verdict on a branch as it is: bad if one case that is to be fixed is."""
    found = [cell.before for one in judged if one.wanted for cell in one.cells if cell.before]
    for verdict in (Verdict.BAD, Verdict.GOOD):
        if verdict in found:
            return verdict
    return found[0] if found else Verdict.UNTESTABLE


def why(judged: Iterable[Judged], claims: Sequence[Claim]) -> str:
    """What that verdict rests on, and whether the history says the same, for each scenario."""
    by_scenario = {claim.scenario: claim for claim in claims}
    return "; ".join(_reason(one, by_scenario.get(one.scenario)) for one in judged if one.wanted)


def _reason(one: Judged, claim: Claim | None) -> str:
    bad = sum(cell.before is Verdict.BAD for cell in one.cells)
    good = sum(cell.before is Verdict.GOOD for cell in one.cells)
    if bad:
        said = f"{one.scenario} is bad in {bad} of {len(one.cells)}"
    elif good:
        said = f"{one.scenario} is good"
    else:
        return f"{one.scenario} cannot be tested: {one.problem}"
    if claim is None:
        return said
    but = ", but" if claim.affected != bool(bad) else ","
    return f"{said}{but} {claim.text}"


def remark(verdict: Verdict, said: Said, needs: Prerequisites | None, then: Outcome | None) -> str:
    """What a reader should know: what was said and what is so, and what has to come first."""
    return "; ".join((*_compared(verdict, said), *_needed(needs, then)))


def _compared(verdict: Verdict, said: Said) -> Iterator[str]:
    quoted = f": '{said.text}'" if said.text else ""
    if verdict is Verdict.GOOD and said.wanted:
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
