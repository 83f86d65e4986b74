"""Prior weights: evidence changes the order of probes, and never excludes a commit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisector.search import commit_subject
from bisector.search.priors import (
    BY_TEST,
    EVERY_COMMIT,
    EXECUTED,
    FILES,
    FLOOR,
    FUNCTIONS,
    HARMLESS,
    HINTED,
    MAJOR,
    MEDIUM,
    SUSPECT,
    Evidence,
    weigh,
)

TEN = [f"c{n}" for n in range(10)]


def test_without_evidence_all_weights_are_equal() -> None:
    assert weigh(TEN, Evidence()) == pytest.approx(dict.fromkeys(TEN, 0.1))


def test_commits_that_cannot_change_the_binary_have_weight_0() -> None:
    evidence = Evidence(inert=frozenset({"c0", "c1"}), files=frozenset({"c0"}))
    weights = weigh(TEN, evidence, suspect="c1")
    assert weights["c0"] == weights["c1"] == 0
    assert weights["c2"] == pytest.approx(1 / 8)


def test_commits_near_the_fix_have_most_of_the_mass_and_the_others_a_floor() -> None:
    weights = weigh(TEN, Evidence(files=frozenset({"c3", "c7", "elsewhere"})))
    near = (1 - FLOOR) * (FILES + FUNCTIONS) / (FILES + FUNCTIONS + EVERY_COMMIT)
    assert weights["c0"] == pytest.approx((1 - near) / 10)
    assert weights["c3"] == weights["c7"] == pytest.approx((1 - near) / 10 + near / 2)


def test_functions_weigh_more_than_files_and_files_more_than_the_subsystem() -> None:
    weights = weigh(
        [f"c{n}" for n in range(100)],
        Evidence(
            functions={"c1": 1},
            files=frozenset(f"c{n}" for n in range(1, 4)),
            subsystem=frozenset(f"c{n}" for n in range(1, 10)),
        ),
    )
    assert weights["c1"] > 5 * weights["c2"] > 5 * weights["c4"] > 5 * weights["c10"] > 0
    assert weights["c2"] == weights["c3"]


def test_what_only_the_failing_test_executes_weighs_most() -> None:
    weights = weigh(TEN, Evidence(executed=frozenset({"c1", "c2"}), by_test={"c1": 3.0, "c3": 1.0}))
    common, mass = weights["c0"], 1 - FLOOR
    shares = EVERY_COMMIT + EXECUTED + BY_TEST
    assert weights["c2"] - common == pytest.approx(mass * EXECUTED / shares / 2)
    assert weights["c3"] - common == pytest.approx(mass * BY_TEST / shares / 4)
    assert weights["c1"] - common == pytest.approx(
        mass * (EXECUTED / shares / 2 + BY_TEST / shares * 3 / 4)
    )
    assert common > 0, "what it does not execute keeps its minimum"


def test_and_more_if_the_commit_touches_what_registers_the_tests_keywords() -> None:
    by_test = {"c2": 1.0, "c3": 1.0}
    evidence = Evidence(by_test=by_test, registering=frozenset({"c3", "c4"}))
    weights = weigh(TEN, evidence)
    plain = weigh(TEN, Evidence(by_test=by_test))
    assert weights["c3"] > plain["c3"] == plain["c2"] > weights["c2"] > weights["c4"]
    assert weights["c4"] == plain["c4"], "alone it says nothing"


def test_the_weight_is_proportional_to_the_number_of_functions_touched() -> None:
    weights = weigh(TEN, Evidence(functions={"c1": 3, "c2": 1}))
    common = weights["c0"]
    assert weights["c1"] - common == pytest.approx(3 * (weights["c2"] - common))


def test_the_weight_is_multiplied_by_the_factor_of_the_class() -> None:
    lines = ["MAJOR: a: x", "MEDIUM: a: x", "MINOR: a: x", "CLEANUP: a: x", "Merge", ""]
    commits = [f"c{n}" for n in range(len(lines))]
    subjects = {c: commit_subject.parse(line) for c, line in zip(commits, lines, strict=True)}
    weights = weigh(commits, Evidence(subjects=subjects))
    floor = FLOOR / len(commits)
    share = (weights["c2"] - floor) / 1.0
    expected = [MAJOR, MEDIUM, 1, HARMLESS, 1, 1]
    assert [(weights[c] - floor) / share for c in commits] == pytest.approx(expected)


def test_a_hint_weighs_as_much_as_the_patchs_functions() -> None:
    weights = weigh(TEN, Evidence(functions={"c1": 1}, hinted=frozenset({"c2"})))
    assert HINTED == FUNCTIONS
    assert weights["c1"] == pytest.approx(weights["c2"])
    assert weights["c2"] > 10 * weights["c3"]


def test_a_suspect_has_half_of_the_mass_in_addition_to_its_share() -> None:
    weights = weigh(TEN, Evidence(), suspect="c4")
    assert weights["c4"] == pytest.approx(SUSPECT + (1 - SUSPECT) / 10)
    assert weights["c5"] == pytest.approx((1 - SUSPECT) / 10)


def test_a_suspect_outside_the_range_is_ignored() -> None:
    assert weigh(TEN, Evidence(), suspect="elsewhere") == weigh(TEN, Evidence())


def test_an_empty_range_has_no_weights() -> None:
    assert weigh([], Evidence()) == {}


SOME = st.frozensets(st.sampled_from([*TEN, "elsewhere"]))
LINES = st.sampled_from(["BUG/MAJOR: x: y", "CLEANUP: x: y", "whatever"])
EVIDENCE = st.builds(
    Evidence,
    inert=SOME,
    files=SOME,
    functions=st.dictionaries(st.sampled_from([*TEN, "elsewhere"]), st.integers(1, 5)),
    subsystem=SOME,
    hinted=SOME,
    subjects=st.dictionaries(st.sampled_from(TEN), LINES.map(commit_subject.parse)),
)


@given(EVIDENCE, st.sampled_from([*TEN, "elsewhere", ""]))
def test_with_any_evidence_every_live_commit_keeps_a_floor_and_the_sum_is_1(
    evidence: Evidence, suspect: str
) -> None:
    weights = weigh(TEN, evidence, suspect=suspect)
    assert list(weights) == TEN
    live = [commit for commit in TEN if commit not in evidence.inert]
    assert sum(weights.values()) == pytest.approx(1 if live else 0)
    floor = FLOOR * (1 - SUSPECT) / max(1, len(live))
    assert all(weights[commit] >= floor * 0.999 for commit in live)
    assert all(weights[commit] == 0 for commit in TEN if commit in evidence.inert)
