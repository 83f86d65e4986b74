"""A verdict on each chosen revision, with the stand-in for builds and tests of test_hunt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bisector.build.toolchains.dev import Dev
from bisector.build.toolchains.fast import Fast
from bisector.errors import NoRelease, UsageProblem
from bisector.git.history import History
from bisector.jobs.hunt.proof import CONFIRM_RUNS, Tally, passes_needed
from bisector.jobs.survey.sweep import Choice, Sweep, SweepQuestion, choose, plan, sweep_id
from bisector.probing.options import Options
from bisector.probing.setup import Asked
from bisector.record.events import Ended, Noted, Probed, Retested, Stretch
from bisector.record.verdict import Verdict
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.hunting import (
    BAD,
    GOOD,
    UNTESTABLE,
    Scripted,
    Truth,
    World,
    bad_in,
    flaky_in,
    tell_fast,
)
from tests.support.toolchains import AUTO

pytestmark = pytest.mark.usefixtures("no_clock")

ALL = Choice(every=1)
Drawn = list[tuple[list[int], Verdict]]


class Land(World):
    """A history that is swept: 24 commits, 0 to 23, four of them releases."""

    def sweep(
        self,
        truth: Truth,
        choice: Choice = ALL,
        *,
        flaky: bool = False,
        prepare: Callable[[Scripted], None] = lambda prober: None,
    ) -> Scripted:
        """One session, over the journal of those before; the prober that it used."""
        prober = self.prober(truth)
        prepare(prober)
        Sweep(self.question(choice, flaky), prober).run()
        return prober

    def question(self, choice: Choice = ALL, flaky: bool = False) -> SweepQuestion:
        history = History.open(self.clone.path, self.workspace)
        span = history.range(self.range)
        commits = (span.old.id, *span.commits)
        return SweepQuestion(span, commits, choose(history, span, choice), flaky)

    def rows(self) -> list[Stretch]:
        return [event for event in self.events if isinstance(event, Stretch)]

    def drawn(self) -> Drawn:
        """The stretches by their commits' numbers."""
        return [([*map(self.commits.index, row.revisions)], row.verdict) for row in self.rows()]

    def map(self) -> dict[int, Verdict]:
        return {number: verdict for numbers, verdict in self.drawn() for number in numbers}

    def retested(self) -> dict[int, tuple[Verdict, Verdict, str]]:
        return {
            self.commits.index(e.revision): (e.before, e.after, e.toolchain)
            for e in self.events
            if isinstance(e, Retested)
        }

    def notes(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Noted)]


@pytest.fixture
def land(clone: Clone, workspace: Workspace, tmp_path: Path) -> Land:
    return Land(clone, workspace, tmp_path / "journal")


# --- the map --------------------------------------------------------------------------------------


def test_each_commit_has_the_verdict_that_is_true_of_it(land: Land) -> None:
    prober = land.sweep(bad_in(range(5, 14), untestable=range(8, 11)))
    assert land.drawn() == [
        ([*range(5)], GOOD),
        ([5, 6, 7], BAD),
        ([8, 9, 10], UNTESTABLE),
        ([11, 12, 13], BAD),
        ([*range(14, 24)], GOOD),
    ]
    assert sorted(prober.asked) == list(range(24)), "each is asked about once"
    assert land.retested() == {}
    assert land.ended() == Ended("answered", ("v3.0.0",))
    assert land.notes() == []


def test_a_stretch_says_where_it_lies_and_why_it_could_not_be_tested(land: Land) -> None:
    land.sweep(bad_in(range(5, 14), untestable=range(8, 11)))
    said = [(row.first, row.last, row.reason) for row in land.rows()]
    assert said[:3] == [
        ("v2.9.0", "v3.0-dev1~5", ""),
        ("v3.0-dev1~4", "v3.0-dev1~2", ""),
        ("v3.0-dev1~1", "v3.0.0~2", "untestable, as it is"),
    ]
    assert said[-1][1] == land.commits[23][:10], "no later release knows it"


def test_both_ends_come_first_then_ever_finer(land: Land) -> None:
    assert land.sweep(bad_in(range(0))).asked[:6] == [0, 8, 16, 23, 22, 21]


def test_what_builds_the_same_costs_one_probe(land: Land) -> None:
    documents = [land.clone.commit({f"doc/{n}": "x"}) for n in range(5)]
    land.commits += documents
    prober = land.sweep(bad_in(range(7, 29)))
    assert len(prober.asked) == 24
    assert land.drawn()[-1] == ([*range(7, 29)], BAD)


@pytest.mark.parametrize("auto", [False, True])
def test_a_worker_with_other_tools_answers_for_all_that_build_the_same(
    land: Land, auto: bool
) -> None:
    """Of four revisions one is asked about; and gcc, too, of what fast can say nothing about."""
    land.commits += [land.clone.commit({f"doc/{n}": "x"}) for n in range(3)]
    land.range = f"{land.commits[23]}..master"
    land.toolchains, land.other_tools = AUTO if auto else land.toolchains, True
    prober = land.sweep(bad_in(range(24)), prepare=tell_fast(bad_in(range(0), [23])))
    assert land.drawn() == [([23, 24, 25, 26], BAD)]
    assert prober.asked == [23] * (2 if auto else 1)


def test_the_places_of_the_probes_are_those_in_the_history(land: Land) -> None:
    land.sweep(bad_in(range(0)), Choice(every=5))
    places = {e.revision: e.place for e in land.events if isinstance(e, Probed)}
    assert places == {land.commits[n]: n for n in (0, 5, 10, 15, 20, 23)}


# --- which revisions ------------------------------------------------------------------------------


def test_the_releases_are_those_of_the_range_and_its_old_end(land: Land) -> None:
    land.sweep(bad_in(range(10, 24)), Choice(tags=True))
    assert land.drawn() == [([0, 9], GOOD), ([12, 20], BAD)]
    assert land.ended().affected == ("v3.0.0", "v3.1-dev1")


def test_where_some_are_left_out_the_reader_is_told_how_many(land: Land) -> None:
    land.sweep(bad_in(range(0)), Choice(every=9))
    assert land.map().keys() == {0, 9, 18, 23}
    (note,) = land.notes()
    assert note.startswith("4 of 24 commits were probed, up to 8 between two of them were not")
    assert "--all" in note


def test_a_short_range_is_swept_whole_unless_one_says_otherwise(land: Land) -> None:
    assert land.question(Choice()).places == tuple(range(24))


def test_a_range_without_a_release_is_told(land: Land) -> None:
    land.range = f"{land.commits[21]}..master"
    with pytest.raises(NoRelease, match=r"has no release tag: .*--every N"):
        land.question(Choice(tags=True))


def test_a_patch_is_refused(land: Land) -> None:
    options = Options(repo=str(land.clone.path), patches=("x",))
    with pytest.raises(UsageProblem, match="leave --patch out"):
        plan(Asked(land.workspace, options, lambda _: None, lambda _: None), land.range, ALL)


# --- oddities -------------------------------------------------------------------------------------


def test_an_isolated_revision_is_tested_again_by_a_real_toolchain(land: Land) -> None:
    land.toolchains = AUTO
    land.sweep(bad_in(range(6, 7)))
    assert land.drawn() == [([*range(6)], GOOD), ([6], BAD), ([*range(7, 24)], GOOD)]
    assert [row.odd for row in land.rows()] == [False, True, False]
    assert land.retested() == {6: (BAD, BAD, Dev.name)}
    asked = [e.toolchain for e in land.events if isinstance(e, Probed) and e.run]
    assert asked == [Dev.name]


def test_what_the_real_toolchain_does_not_see_is_not_claimed(land: Land) -> None:
    land.toolchains = AUTO
    land.sweep(bad_in(range(0)), prepare=tell_fast(bad_in(range(6, 8))))
    assert land.drawn() == [([*range(24)], GOOD)]
    assert land.retested() == {6: (BAD, GOOD, Dev.name), 7: (BAD, GOOD, Dev.name)}
    assert land.ended() == Ended("answered", ())


def test_a_good_one_among_bad_ones_is_tested_again_too(land: Land) -> None:
    land.toolchains = AUTO
    land.sweep(bad_in(range(24)), prepare=tell_fast(lambda n, run: GOOD if n == 6 else BAD))
    assert land.drawn() == [([*range(24)], BAD)]
    assert land.retested() == {6: (GOOD, BAD, Dev.name)}


def test_one_that_is_now_bad_and_now_good_is_called_neither(land: Land) -> None:
    land.sweep(lambda number, run: BAD if number == 6 and run == 0 else GOOD)
    assert land.map()[6] is UNTESTABLE
    assert land.rows()[1].reason == "bad in one run of dev, good in another"
    assert land.rows()[1].odd
    assert land.retested() == {6: (BAD, UNTESTABLE, Dev.name)}


def test_what_is_odd_only_after_a_re_test_is_tested_again(land: Land) -> None:
    """Of gggggggg bb g bbb ggg, the good one stands out; it is bad, and then nothing does."""
    land.toolchains = AUTO
    fast = bad_in(range(8, 14), untestable=())
    land.sweep(
        bad_in(range(8, 9)), prepare=tell_fast(lambda n, run: fast(n, run) if n < 10 else GOOD)
    )
    assert land.map()[8] is BAD
    assert land.map()[9] is GOOD
    assert land.retested().keys() == {8, 9}


def test_a_boundary_and_a_long_stretch_are_no_oddities(land: Land) -> None:
    land.toolchains = AUTO
    land.sweep(bad_in(range(6, 9)))
    assert land.retested() == {}
    assert {e.toolchain for e in land.events if isinstance(e, Probed)} == {Fast.name}
    assert land.notes() == ["judged with fast builds only: --toolchain dev builds with gcc -O0"]


# --- flaky tests ----------------------------------------------------------------------------------


def test_a_flaky_test_has_to_pass_so_often_that_a_bad_one_would_hardly(land: Land) -> None:
    prober = land.sweep(lambda n, run: BAD if n in range(7, 20) and run == 3 else GOOD, flaky=True)
    assert land.drawn() == [([*range(7)], GOOD), ([*range(7, 20)], BAD), ([20, 21, 22, 23], GOOD)]
    needed = prober.asked.count(0)
    assert CONFIRM_RUNS < needed == passes_needed(Tally(passed=3 * 13, bad=13))
    assert prober.asked.count(7) == 4, "bad once is bad"
    assert sorted(prober.asked[:24]) == [*range(24)], "the first runs are a map already"
    assert f"passed {needed} times; a bad revision passes so often with P = 0.0" in land.notes()[-1]


@pytest.mark.parametrize("truth", [lambda n, run: GOOD, lambda n, run: BAD if n > 6 else GOOD])
def test_where_none_is_bad_or_a_bad_one_fails_each_time_five_passes_do(
    land: Land, truth: Truth
) -> None:
    prober = land.sweep(truth, flaky=True)
    assert prober.asked.count(0) == CONFIRM_RUNS
    assert f"passed {CONFIRM_RUNS} times" in land.notes()[-1]


def test_a_bug_that_hides_in_four_of_five_runs_is_hardly_ever_missed(land: Land) -> None:
    """Five passes alone are shown by a third of the bad revisions."""
    missed = 0
    for seed in range(3):
        land.path = land.path.with_name(f"journal-{seed}")
        land.sweep(flaky_in(range(7, 24), 0.2, f"{seed}/"), flaky=True)
        told = land.map()
        assert {told[number] for number in range(7)} == {GOOD}
        missed += sum(told[number] is GOOD for number in range(7, 24))
    assert missed <= 2, "of 51"


# --- resuming -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("flaky", "other_tools"), [(False, False), (True, False), (False, True)])
def test_killed_at_any_time_it_goes_on_and_ends_the_same(
    land: Land, flaky: bool, other_tools: bool
) -> None:
    land.toolchains, land.other_tools = AUTO, other_tools
    truth = bad_in(range(4, 15), untestable=[9])
    lie = tell_fast(lambda n, run: BAD if n == 20 else truth(n, run))
    land.sweep(truth, flaky=flaky, prepare=lie)
    whole, rows, again = land.path.read_bytes(), land.rows(), land.retested()
    assert again
    lines = whole.splitlines(keepends=True)
    for kept in range(0, len(lines), 3 if not flaky else 11):
        land.path.write_bytes(b"".join(lines[:kept]) + lines[kept][:20])
        land.sweep(truth, flaky=flaky, prepare=lie)
        assert (land.rows(), land.retested()) == (rows, again)
        asked = [(e.key, e.run) for e in land.events if isinstance(e, Probed) and not e.known]
        assert len(asked) == len(set(asked))
    land.path.write_bytes(whole)
    assert land.sweep(truth, flaky=flaky, prepare=lie).asked == []
    assert land.path.read_bytes() == whole


def test_another_question_has_another_journal(land: Land) -> None:
    bench, asked = land.context(), land.question()
    others = [land.question(Choice(every=2)), land.question(Choice(tags=True))]
    others.append(replace(asked, flaky=True))
    assert len({sweep_id(question, bench) for question in (asked, *others)}) == 4
    assert sweep_id(land.question(Choice()), bench) == sweep_id(asked, bench), "the same commits"
