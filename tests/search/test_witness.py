"""The order of the witness hunt between two good ends, and its budget."""

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


def test_known_commits_come_first_then_the_patch_then_releases_then_strides() -> None:
    probed = walk(20, known=[7, 8], related=[2, 7], releases=[5, 8, 15])
    assert {index for index, _ in probed[:2]} == {7, 8}
    assert probed[2] == (2, "near the patch")
    assert probed[3:5] == [(15, "releases"), (5, "releases")]
    assert {stage for _, stage in probed[5:]} == {"strides"}
    assert sorted(index for index, _ in probed) == list(range(20)), "finally every index"


def test_a_stage_chooses_the_candidate_farthest_from_all_probed_ones() -> None:
    probed = [index for index, _ in walk(1000, releases=[100, 480, 500, 900])]
    assert probed[:4] == [500, 100, 900, 480]


def test_without_hints_the_strides_are_halved() -> None:
    probed = [index for index, _ in walk(127)]
    assert probed[0] == 63
    assert set(probed[1:3]) == {31, 95}
    assert set(probed[3:7]) == {15, 47, 79, 111}


def test_only_the_last_stage_can_use_up_the_budget() -> None:
    related, releases = range(0, 2000, 2), range(1, 2000, 2)
    count = dict.fromkeys(("near the patch", "releases", "strides"), 0)
    for _, stage in walk(2000, related=related, releases=releases):
        count[stage] += 1
    assert count == {"near the patch": 8, "releases": 16, "strides": BUDGET - 24}


def test_the_budget_limits_the_bad_stretch_that_can_be_missed() -> None:
    probed = {index for index, _ in walk(6677)}
    assert len(probed) == BUDGET
    assert widest_gap(6677, probed) <= 6677 / 32, "as good as 31 evenly spaced probes"


@given(
    st.integers(0, 60),
    st.sets(st.integers(0, 59)),
    st.sets(st.integers(0, 59)),
    st.sets(st.integers(0, 59)),
)
def test_each_index_is_probed_once_and_at_most_the_budget_of_them(
    total: int, known: set[int], related: set[int], releases: set[int]
) -> None:
    sets = (known, related, releases)
    inside = [{index for index in indexes if index < total} for indexes in sets]
    probed = [index for index, _ in walk(total, *inside)]
    assert len(set(probed)) == len(probed)
    assert all(0 <= index < total for index in probed)
    assert len(probed) == min(BUDGET, total), "only the budget ends it early"


def test_the_widest_gap_is_halved() -> None:
    assert farthest(7, []) == 3
    assert farthest(7, [3]) == 1
    assert farthest(7, [3, 1]) == 5
    assert farthest(100, [10, 20]) in {59, 60}


def test_the_choice_can_be_restricted() -> None:
    assert farthest(100, [], candidates=[3, 40, 90]) == 40
    assert farthest(100, [40], candidates=[3, 40, 90]) == 90
    assert farthest(100, [40, 90], candidates=[3, 40, 90]) == 3
    assert farthest(100, [40, 90, 3], candidates=[3, 40, 90]) is None


def test_if_all_are_probed_there_is_no_farthest() -> None:
    assert farthest(3, [0, 1, 2]) is None
    assert farthest(0, []) is None
    assert farthest(3, [], candidates=[]) is None


def test_the_widest_gap_counts_the_indexes_not_probed() -> None:
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
