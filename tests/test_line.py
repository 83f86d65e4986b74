"""Probing a line evenly: looking for a bad revision between good ones."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bisector.line import farthest, widest_gap


def test_the_widest_gap_is_halved() -> None:
    assert farthest(7, []) == 3
    assert farthest(7, [3]) == 1
    assert farthest(7, [3, 1]) == 5
    assert farthest(100, [10, 20]) in {59, 60}


def test_the_choice_can_be_narrowed() -> None:
    assert farthest(100, [], among=[3, 40, 90]) == 40
    assert farthest(100, [40], among=[3, 40, 90]) == 90
    assert farthest(100, [40, 90], among=[3, 40, 90]) == 3
    assert farthest(100, [40, 90, 3], among=[3, 40, 90]) is None


def test_nothing_is_left_when_all_is_probed() -> None:
    assert farthest(3, [0, 1, 2]) is None
    assert farthest(0, []) is None
    assert farthest(3, [], among=[]) is None


def test_the_widest_gap_counts_what_was_never_probed() -> None:
    assert widest_gap(10, []) == 10
    assert widest_gap(10, [4]) == 5
    assert widest_gap(10, [8, 2, 2]) == 5
    assert widest_gap(3, [0, 1, 2]) == 0
    assert widest_gap(0, []) == 0


@given(st.integers(1, 300), st.integers(1, 60))
def test_a_bad_stretch_longer_than_the_widest_gap_is_hit(total: int, tries: int) -> None:
    probed: list[int] = []
    while len(probed) < tries and (index := farthest(total, probed)) is not None:
        assert index not in probed
        probed.append(index)
    gap = widest_gap(total, probed)
    assert all(set(probed) & set(range(at, at + gap + 1)) for at in range(total - gap))
    if total >= tries:
        assert gap <= 2 * total / tries  # never far from even strides
