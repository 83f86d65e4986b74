"""Delta debugging: a minimal part of the items with which a test still fails.

The algorithm is ddmin of Zeller and Hildebrandt 2002, "Simplifying and Isolating Failure-Inducing
Input". It is independent of what the items are, and deterministic: the same results lead to the
same tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

Item = TypeVar("Item")


class TrialResult(Enum):
    """The result of testing a part of the items."""

    FAIL = "fail"
    PASS = "pass"
    UNRESOLVED = "unresolved"


@dataclass(frozen=True)
class Minimum(Generic[Item]):
    """Items that fail together, in their original order, and no longer if any one is removed.

    For ``undecided`` ones the latter is unproven: the test without the item was UNRESOLVED.
    """

    items: tuple[Item, ...]
    undecided: tuple[Item, ...]


def ddmin(items: Sequence[Item], test: Callable[[tuple[Item, ...]], TrialResult]) -> Minimum[Item]:
    """Reduce *items* to a 1-minimal part that fails; *test* is called at most once for each part.

    The empty part is taken to PASS and is not tested.

    Raises ValueError unless all items together FAIL.
    """
    results: dict[tuple[int, ...], TrialResult] = {(): TrialResult.PASS}

    def run(part: tuple[int, ...]) -> TrialResult:
        if part not in results:
            results[part] = test(tuple(items[index] for index in part))
        return results[part]

    current, granularity = tuple(range(len(items))), 2
    if run(current) is not TrialResult.FAIL:
        raise ValueError("all items together do not fail")
    while len(current) > 1:
        subsets = list(_split(current, granularity))
        complements = [tuple(i for i in current if i not in subset) for subset in subsets]
        if failing := next((part for part in subsets if run(part) is TrialResult.FAIL), None):
            current, granularity = failing, 2
        elif failing := next((part for part in complements if run(part) is TrialResult.FAIL), None):
            current, granularity = failing, max(granularity - 1, 2)
        elif granularity < len(current):
            granularity = min(2 * granularity, len(current))
        else:
            break
    undecided = (
        index
        for index in current
        if results[tuple(other for other in current if other != index)] is TrialResult.UNRESOLVED
    )
    return Minimum(tuple(items[n] for n in current), tuple(items[n] for n in undecided))


def _split(indexes: tuple[int, ...], count: int) -> Iterator[tuple[int, ...]]:
    """*indexes* in *count* non-empty parts of about equal size; there are at least *count*."""
    for number in range(count):
        start, end = (len(indexes) * n // count for n in (number, number + 1))
        yield indexes[start:end]
