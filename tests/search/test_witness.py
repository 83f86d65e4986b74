"""Where a bad revision is looked for between two good ends, and when that is given up."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st

from bisector.search.witness import BUDGET, farthest, order, stages, widest_gap


def walk(
    total: int,
    known: Collection[int] = (),
    related: Collection[int] = (),
    releases: Collection[int] = (),
) -> list[tuple[int, str]]:
    return list(order(total, stages(known, related, releases)))


def test_what_is_known_comes_first_then_the_patch_then_releases_then_strides() -> None:
    asked = walk(20, known=[7, 8], related=[2, 7], releases=[5, 8, 15])
    assert {place for place, _ in asked[:2]} == {7, 8}
    assert asked[2] == (2, "near the patch")
    assert asked[3:5] == [(15, "releases"), (5, "releases")]
    assert {stage for _, stage in asked[5:]} == {"strides"}
    assert sorted(place for place, _ in asked) == list(range(20)), "in the end everything"


def test_a_stage_takes_the_place_that_is_farthest_from_all_that_is_known() -> None:
    asked = [place for place, _ in walk(1000, releases=[100, 480, 500, 900])]
    assert asked[:4] == [500, 100, 900, 480]


def test_without_hints_the_strides_halve() -> None:
    asked = [place for place, _ in walk(127)]
    assert asked[0] == 63
    assert set(asked[1:3]) == {31, 95}
    assert set(asked[3:7]) == {15, 47, 79, 111}


def test_no_stage_but_the_last_can_use_up_the_budget() -> None:
    related, releases = range(0, 2000, 2), range(1, 2000, 2)
    count = dict.fromkeys(("near the patch", "releases", "strides"), 0)
    for _, stage in walk(2000, related=related, releases=releases):
        count[stage] += 1
    assert count == {"near the patch": 8, "releases": 16, "strides": BUDGET - 24}


def test_the_budget_keeps_its_promise_on_what_can_be_missed() -> None:
    probed = {place for place, _ in walk(6677)}
    assert len(probed) == BUDGET
    assert widest_gap(6677, probed) <= 6677 / 32, "40 probes by halving: as good as 31 even ones"


@given(
    st.integers(0, 60),
    st.sets(st.integers(0, 59)),
    st.sets(st.integers(0, 59)),
    st.sets(st.integers(0, 59)),
)
def test_each_place_is_asked_once_and_never_more_than_the_budget(
    total: int, known: set[int], related: set[int], releases: set[int]
) -> None:
    inside = [{place for place in some if place < total} for some in (known, related, releases)]
    asked = [place for place, _ in walk(total, *inside)]
    assert len(set(asked)) == len(asked)
    assert all(0 <= place < total for place in asked)
    assert len(asked) == min(BUDGET, total), "it gives up only for want of budget"


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
