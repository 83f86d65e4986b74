"""Weights: guesses move the probes, none of them rules a commit out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisector.priors import FLOOR, SUSPECT, weigh

TEN = [f"c{n}" for n in range(10)]


def test_who_knows_nothing_weighs_all_alike() -> None:
    assert weigh(TEN) == pytest.approx(dict.fromkeys(TEN, 0.1))


def test_what_cannot_change_the_binary_weighs_nothing() -> None:
    weights = weigh(TEN, inert={"c0", "c1"}, related=["c0"], suspect="c1")
    assert weights["c0"] == weights["c1"] == 0
    assert weights["c2"] == pytest.approx(1 / 8)


def test_commits_near_the_fix_share_most_of_the_mass_and_the_others_keep_a_floor() -> None:
    weights = weigh(TEN, related=["c3", "c7", "elsewhere"])
    assert weights["c3"] == weights["c7"] == pytest.approx(FLOOR / 10 + (1 - FLOOR) / 2)
    assert weights["c0"] == pytest.approx(FLOOR / 10)


def test_a_suspect_has_half_of_the_mass_on_top_of_its_own() -> None:
    weights = weigh(TEN, suspect="c4")
    assert weights["c4"] == pytest.approx(SUSPECT + (1 - SUSPECT) / 10)
    assert weights["c5"] == pytest.approx((1 - SUSPECT) / 10)


def test_a_suspect_outside_of_the_range_is_no_suspect() -> None:
    assert weigh(TEN, suspect="elsewhere") == weigh(TEN)


def test_an_empty_range_has_no_weights() -> None:
    assert weigh([]) == {}


SOME = st.sets(st.sampled_from([*TEN, "elsewhere"]))


@given(SOME, SOME, st.sampled_from([*TEN, "elsewhere", ""]))
def test_whatever_is_guessed_every_live_commit_keeps_a_chance_and_the_sum_is_one(
    inert: set[str], related: set[str], suspect: str
) -> None:
    weights = weigh(TEN, inert=inert, related=related, suspect=suspect)
    assert list(weights) == TEN
    live = [commit for commit in TEN if commit not in inert]
    assert sum(weights.values()) == pytest.approx(1 if live else 0)
    floor = FLOOR * (1 - SUSPECT) / max(1, len(live))
    assert all(weights[commit] >= floor * 0.999 for commit in live)
    assert all(weights[commit] == 0 for commit in TEN if commit in inert)
