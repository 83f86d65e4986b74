"""What the verdicts on a branch say, in words, beside what others say about it; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bisector.advice import Advice
from bisector.events import Judged
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


def remark(
    verdict: Verdict, wanted: bool | None, said: Advice | None, needs: Prerequisites | None
) -> str:
    """What a reader should know: what was said and what is so, and what has to come first."""
    return "; ".join((*_compared(verdict, wanted, said), *_needed(needs)))


def _compared(verdict: Verdict, wanted: bool | None, said: Advice | None) -> Iterator[str]:
    text = f": '{said.text}'" if said else ""
    if verdict is Verdict.GOOD and wanted:
        yield f"said but not needed{text}"
    elif verdict is Verdict.BAD and wanted is None:
        yield f"needed but not said{text}"
    elif verdict is Verdict.BAD and not wanted:
        yield f"needed, though the message says no{text}"


def _needed(needs: Prerequisites | None) -> Iterator[str]:
    """What came of the search for prerequisites."""
    if needs is None:
        return
    if needs.commits is None:
        yield f"no set of earlier commits lets it apply, of {needs.tried} that were tried"
        return
    count = len(needs.commits)
    first = "1 commit" if count == 1 else f"{count} commits"
    what = "applies, builds and fixes" if needs.passes else "applies, but does not build or fix"
    smallest = "" if needs.smallest else f"; fewer may do, {needs.tried} sets were tried"
    yield f"with {first} before it, it {what}{smallest}"


def verdicts(judged: Iterable[Judged]) -> list[tuple[Verdict | None, Verdict | None]]:
    """Both verdicts on each case; their reasons differ from run to run."""
    return [(cell.before, cell.after) for one in judged for cell in one.cells]
