"""Delta debugging: which of many items are enough to make a test fail.

This is ddmin of Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002).
Nothing here knows what the items are; the same answers lead to the same questions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Answer(Enum):
    """What a test of some of the items says."""

    FAIL = "fail"
    PASS = "pass"
    UNRESOLVED = "unresolved"


@dataclass(frozen=True)
class Minimum(Generic[Item]):
    """Items that fail together, in their order, and not any more if one of them is taken away.

    Of the ``undecided`` ones that is not known: the test of the others could not be resolved.
    """

    items: tuple[Item, ...]
    undecided: tuple[Item, ...]


def ddmin(items: Sequence[Item], test: Callable[[tuple[Item, ...]], Answer]) -> Minimum[Item]:
    """Reduce *items*, asking *test* about parts of them, about none of these twice.

    None of the items is taken to pass. Raises ValueError unless all of them fail.
    """
    known: dict[tuple[int, ...], Answer] = {(): Answer.PASS}

    def ask(part: tuple[int, ...]) -> Answer:
        if part not in known:
            known[part] = test(tuple(items[place] for place in part))
        return known[part]

    rest, pieces = tuple(range(len(items))), 2
    if ask(rest) is not Answer.FAIL:
        raise ValueError("all items together do not fail")
    while len(rest) > 1:
        parts = list(_parts(rest, pieces))
        others = [tuple(place for place in rest if place not in part) for part in parts]
        if failing := next((part for part in parts if ask(part) is Answer.FAIL), None):
            rest, pieces = failing, 2
        elif failing := next((part for part in others if ask(part) is Answer.FAIL), None):
            rest, pieces = failing, max(pieces - 1, 2)
        elif pieces < len(rest):
            pieces = min(2 * pieces, len(rest))
        else:
            break
    undecided = (
        place
        for place in rest
        if known[tuple(other for other in rest if other != place)] is Answer.UNRESOLVED
    )
    return Minimum(tuple(items[n] for n in rest), tuple(items[n] for n in undecided))


def _parts(places: tuple[int, ...], count: int) -> Iterator[tuple[int, ...]]:
    """*places* in so many parts of about the same size; there are at least as many places."""
    for number in range(count):
        first, end = (len(places) * n // count for n in (number, number + 1))
        yield places[first:end]
