"""Whether two toolchains agree on a revision, and how revisions and tests are chosen."""

from __future__ import annotations

import pytest

from bench.agree import AGREE, DIFFER, FLICKERS, LEFT, Row, even
from bisector.record.verdict import Verdict

GOOD, BAD, UNTESTABLE = Verdict.GOOD, Verdict.BAD, Verdict.UNTESTABLE


def row(fast: list[Verdict], dev: list[Verdict]) -> Row:
    return Row("a" * 40, "v3.0.0", "TLS", "x.vtc", tuple(fast), tuple(dev), "it fails", "it holds")


@pytest.mark.parametrize(
    ("fast", "dev", "told"),
    [
        ([GOOD], [GOOD], AGREE),
        ([UNTESTABLE], [UNTESTABLE], AGREE),
        ([BAD] * 3, [GOOD] * 3, DIFFER),
        ([GOOD] * 3, [UNTESTABLE] * 3, DIFFER),
        ([UNTESTABLE] * 3, [BAD] * 3, LEFT),
        ([UNTESTABLE, BAD, UNTESTABLE], [GOOD] * 3, DIFFER),
        ([BAD, GOOD, BAD], [GOOD] * 3, FLICKERS),
    ],
)
def test_verdicts_differ_only_if_they_do_in_each_run(
    fast: list[Verdict], dev: list[Verdict], told: str
) -> None:
    assert row(fast, dev).told == told


def test_a_difference_is_shown_with_both_reasons() -> None:
    shown = str(row([BAD] * 3, [GOOD] * 3))
    assert "x.vtc DIFFER: fast it fails | dev it holds" in shown and "TLS" in shown


def test_items_are_chosen_evenly_with_both_ends() -> None:
    assert even(range(9), 3) == [0, 4, 8]
    assert even(range(3), 9) == [0, 1, 2]
    assert even(range(9), 1) == [0]


def test_with_another_beginning_others_are_chosen() -> None:
    chosen = [even(range(9), 3, first) for first in range(9)]
    assert {item for items in chosen for item in items} == set(range(9))
    assert all(len(items) == 3 for items in chosen)
