"""The guarantees of the exact search; its answers are compared with those of brute force."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bisector.search.bisection import Contradiction, Observation, Search
from bisector.search.graph import Graph, Revision
from tests.support.histories import MERGED, History

OLD, NEW, SKIP = Observation.OLD, Observation.NEW, Observation.SKIP


def linear(length: int) -> History:
    """r0, r1, ..., each the parent of the next; the parent of r0 is outside."""
    return [(f"r{i}", [f"r{i - 1}"]) for i in range(length)]


def on_line(culprit: int, untestable: Collection[int] = ()) -> Callable[[Revision], Observation]:
    """The probe of a linear history: NEW from index *culprit* on, SKIP at the *untestable*."""

    def probe(revision: Revision) -> Observation:
        index = int(revision[1:])
        return SKIP if index in untestable else NEW if index >= culprit else OLD

    return probe


def probe_all(search: Search, probe: Callable[[Revision], Observation]) -> list[Revision]:
    """Run the search to its end; return the revisions it probed, in order."""
    probed = []
    while (revision := search.choose()) is not None:
        assert revision not in probed, "nothing is probed twice"
        probed.append(revision)
        search.record(revision, probe(revision))
    return probed


def search_line(
    length: int,
    culprit: int,
    untestable: Collection[int] = (),
    suspects: Collection[int] = (),
) -> tuple[tuple[Revision, ...], list[Revision]]:
    """The candidates in a linear history, and what was probed.

    The suspects share half of the weight.
    """
    history = linear(length)
    weights = {revision: 1.0 for revision, _ in history}
    for suspect in suspects:
        weights[f"r{suspect}"] = length / len(suspects)
    search = Search(Graph.of(history), history[-1][0], weights)
    probed = probe_all(search, on_line(culprit, untestable))
    return search.candidates(), probed


# --- the answer, compared with brute force --------------------------------------------------------


@dataclass
class Case:
    """A history with one culprit, which the search does not know."""

    history: History
    new: Revision
    culprit: Revision
    untestable: set[Revision]
    weights: dict[Revision, float]
    above: dict[Revision, set[Revision]] = field(init=False)

    def __post_init__(self) -> None:
        self.above = ancestors_of(self.history)

    def probe(self, revision: Revision) -> Observation:
        return SKIP if revision in self.untestable else self.truth(revision, self.culprit)

    def truth(self, revision: Revision, culprit: Revision) -> Observation:
        return NEW if culprit in self.above[revision] else OLD

    def indistinguishable(self) -> set[Revision]:
        """The revisions that fit all possible observations; of these, the ones with a weight."""
        tested = self.above[self.new] - self.untestable
        fitting = {
            suspect
            for suspect in self.above[self.new]
            if all(self.truth(r, suspect) is self.truth(r, self.culprit) for r in tested)
        }
        return {r for r in fitting if self.weights[r]} or fitting


def ancestors_of(history: History) -> dict[Revision, set[Revision]]:
    above: dict[Revision, set[Revision]] = {}
    for revision, parents in history:
        above[revision] = {revision}.union(*(above.get(parent, set()) for parent in parents))
    return above


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Lines, side branches, merges of up to three, several roots, parents outside the range."""
    straight = draw(st.booleans())
    parents = st.sampled_from([{1}, {1, 2}, {1, 3}, {2, 3}, {2}, {3}, {1, 4, 6}, {30}])
    length = draw(st.sampled_from([10, 16, 6, 4, 2, 1]))
    steps = [{1}] * length if straight else draw(st.tuples(*[parents] * length))
    return [
        (f"r{i}", [f"r{i - step}" if step <= i else f"outside{step}" for step in sorted(picked)])
        for i, picked in enumerate(steps)
    ]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    history = draw(histories())
    names = [revision for revision, _ in history]
    new = draw(st.sampled_from([names[-1], names[-1], names[-1], names[len(names) // 2]]))
    weights = dict.fromkeys(names, 1.0)
    if draw(st.booleans()):
        weight = st.sampled_from([0.0, 0.0, 1.0, 1.0, 0.1, 7.0, 1e-30, 1e12])
        weights = dict(zip(names, draw(st.tuples(*[weight] * len(names))), strict=True))
    if draw(st.booleans()):
        untestable = draw(st.sets(st.sampled_from(names)))
    else:  # a stretch, as when a build is broken for some time
        start, end = sorted(draw(st.tuples(*[st.integers(0, len(names))] * 2)))
        untestable = set(names[start:end])
    in_range = sorted(ancestors_of(history)[new])
    possible = [r for r in in_range if weights[r]] or in_range
    culprit = draw(st.sampled_from(possible))
    return Case(history, new, culprit, untestable - {new}, weights)


@settings(max_examples=700)
@given(cases())
def test_it_finds_the_culprit_or_the_smallest_set_that_tests_can_distinguish(case: Case) -> None:
    search = Search(Graph.of(case.history), case.new, case.weights)
    probed = probe_all(search, case.probe)
    assert set(search.candidates()) == case.indistinguishable()
    assert case.culprit in search.candidates()
    assert set(probed) <= case.above[case.new] - {case.new}


@settings(max_examples=150)
@given(cases())
def test_every_testable_history_ends_in_one_revision(case: Case) -> None:
    case.untestable = set()
    search = Search(Graph.of(case.history), case.new, dict.fromkeys(case.above, 1.0))
    probed = probe_all(search, case.probe)
    assert search.candidates() == (case.culprit,)
    parents = dict(case.history)[case.culprit]
    assert {case.probe(p) for p in parents if p in case.above} <= {OLD}
    assert len(probed) < len(case.above[case.new])


@settings(max_examples=150)
@given(cases(), st.randoms())
def test_the_order_of_records_does_not_change_the_answer(case: Case, rnd: Random) -> None:
    search = Search(Graph.of(case.history), case.new, case.weights)
    in_range = sorted(case.above[case.new])
    for revision in rnd.sample(in_range, len(in_range)):
        search.record(revision, case.probe(revision))
    assert set(search.candidates()) == case.indistinguishable()
    assert search.choose() is None


@settings(max_examples=150)
@given(cases())
def test_each_probe_excludes_a_candidate_unless_it_is_a_skip(case: Case) -> None:
    search = Search(Graph.of(case.history), case.new, case.weights)
    while (revision := search.choose()) is not None:
        before = search.candidates()
        assert search.steps_left() >= 1
        search.record(revision, observation := case.probe(revision))
        assert (len(search.candidates()) < len(before)) is (observation is not SKIP)
    assert search.steps_left() == 0


@settings(max_examples=150)
@given(cases())
def test_a_search_resumed_from_its_records_makes_the_same_choices(case: Case) -> None:
    graph = Graph.of(case.history)
    records: list[tuple[Revision, Observation]] = []
    first = Search(graph, case.new, case.weights)
    while (revision := first.choose()) is not None:
        resumed = Search(graph, case.new, case.weights)
        for record in records:
            resumed.record(*record)
        assert resumed.choose() == revision
        records.append((revision, case.probe(revision)))
        first.record(*records[-1])


@pytest.mark.parametrize("before, after", [("good", "bad"), ("bad", "good")])
def test_a_fix_is_searched_like_an_introduction(before: str, after: str) -> None:
    observations = {before: OLD, after: NEW, "unbuildable": SKIP}
    verdicts = {f"r{i}": before if i < 70 else after for i in range(100)} | {"r49": "unbuildable"}
    search = Search(Graph.of(linear(100)), "r99")
    probed = probe_all(search, lambda revision: observations[verdicts[revision]])
    assert search.candidates() == ("r70",)
    assert probed[0] == "r49"


# --- the number of probes -------------------------------------------------------------------------


@settings(max_examples=100)
@given(st.data(), st.integers(1, 600), st.sampled_from([1.0, 0.1, 1 / 3, 1e300, 1e-300]))
def test_equal_weights_on_a_line_take_as_many_probes_as_git_bisect(
    data: st.DataObject, n: int, weight: float
) -> None:
    culprit = data.draw(st.integers(0, n - 1))
    search = Search(Graph.of(linear(n)), f"r{n - 1}", {f"r{i}": weight for i in range(n)})
    estimate = search.steps_left()
    probed = probe_all(search, on_line(culprit))
    assert search.candidates() == (f"r{culprit}",)
    assert math.floor(math.log2(n)) <= len(probed) <= math.ceil(math.log2(n)) == estimate


@pytest.mark.parametrize("suspect", [0, 1, 300, 500, 999])
def test_a_likely_suspect_and_its_parent_come_first(suspect: int) -> None:
    answer, probed = search_line(1000, culprit=suspect, suspects=[suspect])
    assert answer == (f"r{suspect}",)
    assert set(probed) <= {f"r{suspect}", f"r{suspect - 1}"}


def test_a_wrong_suspect_costs_few_probes() -> None:
    answer, probed = search_line(1000, culprit=800, suspects=[300])
    assert answer == ("r800",)
    assert len(probed) <= 12


def test_of_several_suspects_the_middle_one_comes_first() -> None:
    answer, probed = search_line(1000, culprit=700, suspects=[10, 400, 410, 700, 900])
    assert answer == ("r700",)
    assert probed[0] in {"r409", "r410"}
    assert len(probed) <= 5


@pytest.mark.parametrize("culprit", [0, 7, 300, 700, 850, 1150, 1400, 1998])
def test_a_stretch_of_untestable_commits_is_left_quickly(culprit: int) -> None:
    answer, probed = search_line(2000, culprit, untestable=range(900, 1100))
    assert answer == (f"r{culprit}",)
    assert len(probed) <= 16  # 11 without the stretch
    assert sum(900 <= int(r[1:]) < 1100 for r in probed) <= 5


@pytest.mark.parametrize("culprit", [100, 300, 400, 2100, 2500, 2900])
def test_half_of_a_history_may_be_untestable(culprit: int) -> None:
    answer, probed = search_line(3000, culprit, untestable=range(500, 2000))
    assert answer == (f"r{culprit}",)
    assert len(probed) <= 12 + 5


def test_a_culprit_near_an_untestable_stretch_is_found_without_probing_all_of_it() -> None:
    for culprit in (890, 1105):
        answer, probed = search_line(2000, culprit, untestable=range(900, 1100))
        assert answer == (f"r{culprit}",)
        assert len(probed) <= 30


def test_a_culprit_in_an_untestable_stretch_gives_a_set_after_all_of_it_was_probed() -> None:
    stretch = range(900, 1100)
    answer, probed = search_line(2000, culprit=1000, untestable=stretch)
    assert answer == tuple(f"r{i}" for i in range(900, 1101))
    assert {f"r{i}" for i in stretch} <= set(probed)
    assert len(probed) <= 200 + 2 * 11


def test_a_single_testable_commit_in_an_untestable_stretch_is_found() -> None:
    answer, _ = search_line(300, culprit=150, untestable=set(range(100, 200)) - {140})
    assert answer == tuple(f"r{i}" for i in range(141, 201))


@pytest.mark.slow
def test_choosing_in_a_long_history_takes_little_time() -> None:
    search = Search(Graph.of(linear(100_000)), "r99999")
    started = time.process_time()
    search.choose()
    assert time.process_time() - started < 3  # measured: 0.4 s


# --- the costs of probes --------------------------------------------------------------------------


def test_equal_costs_change_nothing() -> None:
    search = Search(Graph.of(linear(100)), "r99")
    assert search.choose(lambda _: 40.0) == search.choose() == "r49"


def test_of_two_about_equally_informative_revisions_the_cheaper_one_is_chosen() -> None:
    search = Search(Graph.of(linear(100)), "r99")
    assert search.choose(lambda r: 4.0 if r == "r40" else 40.0) == "r40"
    assert search.choose(lambda r: 39.0 if r == "r2" else 40.0) == "r49"


def test_cached_revisions_come_first_as_long_as_they_are_informative() -> None:
    cached = {"r3", "r60", "r97"}
    search = Search(Graph.of(linear(100)), "r99")
    probe, probed = on_line(70), []
    while (revision := search.choose(lambda r: 0.01 if r in cached else 40.0)) is not None:
        probed.append(revision)
        search.record(revision, probe(revision))
    assert search.candidates() == ("r70",)
    assert set(probed[:2]) == {"r60", "r97"}
    assert "r3" not in probed  # not informative once r60 is OLD


def spend(culprit: int, cost_aware: bool) -> tuple[float, int]:
    """Seconds and probes of a search in which builds near the last one take half the time."""
    search = Search(Graph.of(linear(1000)), "r999")
    built, spent, probes = -1000, 0.0, 0

    def seconds(revision: Revision) -> float:
        return 2.0 if abs(int(revision[1:]) - built) <= 20 else 4.0

    while (revision := search.choose(seconds if cost_aware else None)) is not None:
        spent, probes = spent + seconds(revision), probes + 1
        built = int(revision[1:])
        search.record(revision, on_line(culprit)(revision))
    assert search.candidates() == (f"r{culprit}",)
    return spent, probes


def test_cheap_neighbours_do_not_turn_the_search_into_a_linear_one() -> None:
    culprits = range(5, 1000, 199)
    aware, blind = (
        [spend(culprit, cost_aware) for culprit in culprits] for cost_aware in (True, False)
    )
    assert max(probes for _, probes in aware) <= 13
    assert sum(spent for spent, _ in aware) <= 1.02 * sum(spent for spent, _ in blind)


# --- parallel probes ------------------------------------------------------------------------------


@settings(max_examples=50)
@given(cases(), st.integers(1, 4))
def test_parallel_probes_find_the_same_answer(case: Case, count: int) -> None:
    search = Search(Graph.of(case.history), case.new, case.weights)
    while revisions := search.choose_many(count):
        assert len(set(revisions)) == len(revisions) <= count
        assert search.choose() == search.choose_many(1)[0]
        for revision in revisions:
            search.record(revision, case.probe(revision))
    assert search.choose() is None
    assert set(search.candidates()) == case.indistinguishable()


@settings(max_examples=50)
@given(cases(), st.randoms(), st.integers(2, 4))
def test_probes_that_end_in_any_order_give_the_same_answer(
    case: Case, rnd: Random, slots: int
) -> None:
    search = Search(Graph.of(case.history), case.new, case.weights)
    pending: set[Revision] = set()
    while True:
        chosen = search.choose_many(slots - len(pending), pending=pending)
        assert not pending & set(chosen), "nothing is probed twice"
        pending.update(chosen)
        if not pending:
            break
        search.record(done := rnd.choice(sorted(pending)), case.probe(done))
        pending.remove(done)
        pending.difference_update(search.obsolete(pending))  # cancelled
    assert search.choose() is None
    assert set(search.candidates()) == case.indistinguishable()


@given(cases(), st.randoms(), st.integers(1, 4))
def test_whatever_is_answered_to_what_is_asked_contradicts_nothing(
    case: Case, rnd: Random, slots: int
) -> None:
    """Provided that obsolete probes are called off."""
    search = Search(Graph.of(case.history), case.new, case.weights)
    pending: set[Revision] = set()
    while pending := pending | {*search.choose_many(slots - len(pending), pending=pending)}:
        search.record(done := rnd.choice(sorted(pending)), rnd.choice([OLD, NEW, SKIP]))
        pending.remove(done)
        pending.difference_update(search.obsolete(pending))
    assert search.candidates()


def test_an_answer_to_an_obsolete_probe_can_contradict() -> None:
    search = Search(Graph.of(linear(9)), "r8")
    search.record("r3", NEW)
    assert search.obsolete(["r2", "r6"]) == ("r6",)
    with pytest.raises(Contradiction):
        search.record("r6", OLD)


def test_parallel_probes_split_the_range_into_equal_parts() -> None:
    search = Search(Graph.of(linear(1000)), "r999")
    assert search.choose_many(3) == ("r249", "r499", "r749")
    assert search.choose_many(0) == ()


def test_three_parallel_probes_take_half_as_many_rounds() -> None:
    for culprit in range(0, 1000, 97):
        search, rounds = Search(Graph.of(linear(1000)), "r999"), 0
        while revisions := search.choose_many(3):
            rounds += 1
            for revision in revisions:
                search.record(revision, on_line(culprit)(revision))
        assert search.candidates() == (f"r{culprit}",)
        assert rounds == 5


def test_pending_probes_count_as_cuts() -> None:
    search = Search(Graph.of(linear(1000)), "r999")
    assert search.choose(pending=["r499"]) == "r249"
    assert search.choose_many(2, pending=["r499"]) == ("r249", "r749")
    assert search.choose(pending=["r99"]) == "r549"
    assert search.choose(pending=["elsewhere"]) == "r499"


def test_only_informative_revisions_are_chosen() -> None:
    search = Search(Graph.of(linear(4)), "r3")
    assert search.choose_many(8) == ("r0", "r1", "r2")
    assert search.choose_many(8, pending=["r1"]) == ("r0", "r2")
    assert search.choose(pending=["r0", "r1", "r2"]) is None


def test_parallel_probes_keep_away_from_an_untestable_stretch() -> None:
    search = Search(Graph.of(linear(2000)), "r1999")
    for place in range(990, 1010):
        search.record(f"r{place}", SKIP)
    chosen = [int(revision[1:]) for revision in search.choose_many(3)]
    assert min(abs(place - 1000) for place in chosen) > 50


def test_many_are_skipped_at_once_as_one_by_one() -> None:
    graph = Graph.of(linear(40))
    one_by_one, at_once = Search(graph, "r39"), Search(graph, "r39")
    for search in (one_by_one, at_once):
        search.record("r12", OLD)
    for place in range(10, 20):
        one_by_one.record(f"r{place}", SKIP)
    at_once.skip([*(f"r{place}" for place in range(10, 20)), "elsewhere"])
    for search in (one_by_one, at_once):
        search.record("r20", NEW)
    assert at_once.choose() == one_by_one.choose() is None
    assert (
        at_once.candidates()
        == one_by_one.candidates()
        == tuple(f"r{place}" for place in range(13, 21))
    )


def test_pending_probes_without_information_are_obsolete() -> None:
    search = Search(Graph.of(linear(100)), "r99")
    pending = ["r24", "r74", "elsewhere"]
    assert search.obsolete(pending[:2]) == ()
    search.record("r49", NEW)
    assert search.obsolete(pending) == ("r74", "elsewhere")
    search.record("r24", OLD)
    assert search.obsolete(["r23", "r30"]) == ("r23",)


def test_choosing_eight_at_once_takes_little_time() -> None:
    search = Search(Graph.of(linear(7000)), "r6999")
    started = time.process_time()
    assert len(search.choose_many(8)) == 8
    assert time.process_time() - started < 0.5  # measured: 0.06 s


# --- merges ---------------------------------------------------------------------------------------


def test_an_old_side_branch_excludes_only_itself_and_what_it_forked_from() -> None:
    search = Search(Graph.of(MERGED), "z")
    search.record("t", OLD)
    assert search.candidates() == ("b", "c", "m", "z")


def test_a_new_side_branch_leaves_only_itself_and_what_it_forked_from() -> None:
    search = Search(Graph.of(MERGED), "z")
    search.record("t", NEW)
    assert search.candidates() == ("a", "s", "t")


def test_a_merge_can_be_the_culprit() -> None:
    search = Search(Graph.of(MERGED), "z")
    probe_all(search, lambda revision: NEW if revision in "mz" else OLD)
    assert search.candidates() == ("m",)


def test_common_ancestors_of_two_branches_are_counted_once() -> None:
    search = Search(Graph.of(MERGED), "z", dict.fromkeys("abcstmz", 1.0) | {"a": 6.0, "b": 3.0})
    # Of a total of 14, a has 6, b 9 and s 7, an even split; not so if m counted a twice.
    assert search.choose() == "s"
    search.record("s", OLD)
    assert search.choose() == "b"


def test_a_side_branch_distinguishes_untestable_commits() -> None:
    # u and v are untestable; w has u but not v, and is not a candidate after x is NEW.
    history = [("u", []), ("v", ["u"]), ("w", ["u"]), ("x", ["v"]), ("y", ["w", "x"])]
    search = Search(Graph.of(history), "y")
    for revision, observation in (("x", NEW), ("u", SKIP), ("v", SKIP)):
        search.record(revision, observation)
    assert search.choose() == "w"
    search.record("w", NEW)
    assert search.candidates() == ("u",)


def test_only_ancestors_of_the_new_end_are_searched() -> None:
    search = Search(Graph.of(MERGED), "c")
    assert search.candidates() == ("a", "b", "c")
    assert "b" in search
    assert "t" not in search and "elsewhere" not in search
    with pytest.raises(ValueError, match="t is not in the range"):
        search.record("t", OLD)


# --- weights --------------------------------------------------------------------------------------


def test_a_revision_of_weight_0_is_not_in_the_answer_and_needs_no_probe() -> None:
    weights = {f"r{i}": float(i in (20, 50, 80)) for i in range(100)}
    search = Search(Graph.of(linear(100)), "r99", weights)
    assert search.candidates() == ("r20", "r50", "r80")
    assert probe_all(search, on_line(50)) == ["r20", "r50"]
    assert search.candidates() == ("r50",)


def test_a_revision_of_weight_0_is_probed_in_place_of_its_untestable_parent() -> None:
    search = Search(Graph.of(linear(3)), "r2", {"r0": 1, "r1": 0, "r2": 1})
    search.record("r0", SKIP)
    assert search.choose() == "r1"
    search.record("r1", NEW)
    assert search.candidates() == ("r0",)


def test_if_all_weights_are_0_they_are_ignored_and_this_is_reported() -> None:
    search = Search(Graph.of(linear(64)), "r63", {f"r{i}": 0 for i in range(64)})
    assert len(probe_all(search, on_line(41))) == 6
    assert search.candidates() == ("r41",)


def test_a_culprit_of_weight_0_is_found_when_the_answer_is_confirmed() -> None:
    search = Search(Graph.of(linear(4)), "r3", {"r0": 1, "r1": 0, "r2": 1, "r3": 1})
    probe = on_line(1)
    probe_all(search, probe)
    assert search.candidates() == ("r2",)  # by its weight, r1 has the state of r0
    search.record("r1", probe("r1"))
    assert search.candidates() == ("r1",)


def test_a_tiny_weight_is_not_lost_to_rounding_beside_a_huge_one() -> None:
    search = Search(Graph.of(linear(3)), "r2", {"r0": 1e-300, "r1": 1e300, "r2": 1e-300})
    probe_all(search, on_line(0))
    assert search.candidates() == ("r0",)


@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf, -math.inf])
def test_a_negative_or_infinite_weight_is_rejected(weight: float) -> None:
    with pytest.raises(ValueError, match="finite and not negative"):
        Search(Graph.of(linear(3)), "r2", {"r0": 1.0, "r1": weight, "r2": 1.0})


def test_a_missing_weight_is_rejected_and_not_taken_for_0() -> None:
    with pytest.raises(KeyError, match="r1"):
        Search(Graph.of(linear(2)), "r1", {"r0": 1.0})


# --- records --------------------------------------------------------------------------------------


def test_a_single_revision_needs_no_probe() -> None:
    search = Search(Graph.of(linear(1)), "r0")
    assert search.choose() is None
    assert search.candidates() == ("r0",)


def test_if_all_others_are_untestable_the_whole_range_remains() -> None:
    search = Search(Graph.of(linear(4)), "r3")
    assert sorted(probe_all(search, lambda _: SKIP)) == ["r0", "r1", "r2"]
    assert search.candidates() == ("r0", "r1", "r2", "r3")


def test_a_skip_does_not_make_a_known_revision_untestable() -> None:
    search = Search(Graph.of(linear(4)), "r3", {"r0": 4, "r1": 1, "r2": 1, "r3": 4})
    search.record("r3", SKIP)
    assert search.choose() == "r1"  # r0, which is farther away, if r3 counted as skipped


def test_a_skip_replaces_nothing_but_can_be_replaced() -> None:
    search = Search(Graph.of(linear(4)), "r3")
    search.record("r1", OLD)
    search.record("r1", SKIP)
    search.record("r2", SKIP)
    assert search.candidates() == ("r2", "r3")
    assert search.choose() is None
    search.record("r2", NEW)
    assert search.candidates() == ("r2",)


@pytest.mark.parametrize(
    "records",
    [
        [("r5", OLD), ("r5", NEW)],
        [("r5", NEW), ("r5", OLD)],
        [("r5", OLD), ("r3", NEW)],
        [("r5", NEW), ("r7", OLD)],
        [("r9", OLD)],
    ],
)
def test_a_contradiction_is_rejected_and_changes_nothing(
    records: list[tuple[Revision, Observation]],
) -> None:
    search = Search(Graph.of(linear(10)), "r9")
    for record in records[:-1]:
        search.record(*record)
    before = search.candidates(), search.choose()
    with pytest.raises(Contradiction, match=records[-1][0]):
        search.record(*records[-1])
    assert (search.candidates(), search.choose()) == before


def test_what_is_already_known_changes_nothing() -> None:
    search = Search(Graph.of(linear(10)), "r9")
    records = (("r5", OLD), ("r5", OLD), ("r2", OLD), ("r8", NEW), ("r9", NEW))
    for revision, observation in records:
        search.record(revision, observation)
    assert search.candidates() == ("r6", "r7", "r8")


def test_a_new_end_outside_the_graph_is_rejected() -> None:
    with pytest.raises(KeyError, match="elsewhere"):
        Search(Graph.of(linear(3)), "elsewhere")
