"""Which releases have the bug, with the stand-in for builds and tests of test_hunt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bisector.build.toolchain import Toolchains
from bisector.errors import NoRelease
from bisector.jobs.hunt.proof import CONFIRM_RUNS, Tally, passes_needed
from bisector.jobs.survey.affected import AffectedQuestion, ReleaseSurvey, affected_id
from bisector.jobs.survey.releases import Releases
from bisector.record.events import Ended, Noted, Probed, Released
from bisector.record.verdict import Verdict
from bisector.report.parts import stretches
from bisector.search.release_inference import BUDGET
from bisector.system.workspace import Workspace
from bisector.testing.scenario import Known
from tests.support.clone import Clone
from tests.support.hunting import BAD, GOOD, UNTESTABLE, Scripted, Truth, World, bad_in, tell_fast
from tests.support.toolchains import AUTO, GCC, TCC

pytestmark = pytest.mark.usefixtures("no_clock")

TAGGED = {0: "v3.0.0", **{n: f"v3.1-dev{n}" for n in range(1, 20)}, 20: "v3.1.0"}


class Shelf(World):
    """A history in which each of the first 21 commits is a release."""

    def __init__(self, clone: Clone, workspace: Workspace, path: Path) -> None:
        super().__init__(clone, workspace, path)
        for ref in [ref for ref in clone.git.references if ref.startswith("refs/tags/")]:
            clone.git.references.delete(ref)
        for number, name in TAGGED.items():
            clone.tag(name, self.commits[number])
        self.range = "v3.0..master"

    def judge(
        self,
        truth: Truth,
        *,
        tags: str = "*",
        every: bool = False,
        known: Known | None = None,
        flaky: bool = False,
        prepare: Callable[[Scripted], None] = lambda prober: None,
    ) -> Scripted:
        """One session, over the journal of those before; the prober that it used."""
        prober = self.prober(truth)
        prepare(prober)
        history = prober.context.history
        span = history.range(self.range)
        question = AffectedQuestion(span, tags, every, known or Known(), None, flaky)
        ReleaseSurvey(question, Releases.of_range(history, span, tags), prober).run()
        return prober

    def table(self) -> dict[str, Verdict]:
        return {e.release: e.verdict for e in self.events if isinstance(e, Released)}

    def probed(self) -> set[str]:
        """The releases whose verdict is not inferred."""
        return {e.release for e in self.events if isinstance(e, Released) and e.probed}

    def notes(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Noted)]

    def told_as(self, truth: Truth) -> bool:
        """Does the table say of each release what is true?"""
        return self.table() == {name: truth(number, 0) for number, name in TAGGED.items()}


@pytest.fixture
def shelf(clone: Clone, workspace: Workspace, tmp_path: Path) -> Shelf:
    return Shelf(clone, workspace, tmp_path / "journal")


# --- the table ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "truth",
    [bad_in(range(7, 24)), bad_in(range(14)), bad_in(range(4, 15))],
    ids=["good to bad", "bad to good", "good to good"],
)
def test_each_release_has_its_verdict_by_fewer_probes_than_releases(
    shelf: Shelf, truth: Truth
) -> None:
    prober = shelf.judge(truth)
    assert shelf.told_as(truth)
    assert len(shelf.probed()) == len(set(prober.asked)) <= 11
    assert shelf.ended() == Ended(
        "answered", tuple(name for number, name in TAGGED.items() if truth(number, 0) is BAD)
    )


def test_what_is_inferred_is_marked_and_the_reader_is_told_what_could_be_missed(
    shelf: Shelf,
) -> None:
    shelf.judge(bad_in(range(7, 24)))
    inferred = [e for e in shelf.events if isinstance(e, Released) and not e.probed]
    assert inferred and all(event.reason == "" for event in inferred)
    (note,) = shelf.notes()
    assert f"{len(shelf.probed())} of 21 releases were probed" in note
    assert "a stretch of up to 9 with another verdict could have been missed: --every" in note


def test_every_release_is_probed_if_that_is_wanted(shelf: Shelf) -> None:
    truth = bad_in(range(9, 10))
    shelf.judge(truth, every=True)
    assert shelf.told_as(truth)
    assert shelf.probed() == set(TAGGED.values())
    assert shelf.notes() == []


def test_commits_that_are_no_release_are_not_asked_about(shelf: Shelf) -> None:
    assert set(shelf.judge(bad_in(range(7, 24)), every=True).asked) == set(TAGGED)


def test_releases_that_cannot_be_tested_are_rows_of_their_own_with_the_reason(
    shelf: Shelf,
) -> None:
    truth = bad_in(range(9, 24), untestable=range(6, 12))
    shelf.judge(truth)
    assert shelf.told_as(truth)
    rows = [e for e in shelf.events if isinstance(e, Released) and e.verdict is UNTESTABLE]
    assert len(rows) == 6
    assert all(row.probed and row.reason == "untestable, as it is" for row in rows)


def test_a_commit_with_two_tags_is_two_rows_and_one_probe(shelf: Shelf) -> None:
    shelf.clone.tag("v3.2-dev0", shelf.commits[20])
    prober = shelf.judge(bad_in(range(20, 24)))
    assert prober.asked.count(20) == 1
    assert shelf.ended().affected == ("v3.1.0", "v3.2-dev0")


# --- which releases -------------------------------------------------------------------------------


def test_only_the_releases_that_are_named_are_asked_about(shelf: Shelf) -> None:
    prober = shelf.judge(bad_in(range(2, 24)), tags="v3.1-dev[1-4]")
    assert shelf.table() == {
        "v3.1-dev1": GOOD,
        "v3.1-dev2": BAD,
        "v3.1-dev3": BAD,
        "v3.1-dev4": BAD,
    }
    assert set(prober.asked) <= {1, 2, 3, 4}


def test_a_pattern_that_matches_none_is_told_with_a_name_like_theirs(shelf: Shelf) -> None:
    said = r"--tags 3\.1\* matches none of the 21 releases of v3.0..master: .* like v3.1.0"
    with pytest.raises(NoRelease, match=said) as caught:
        shelf.judge(bad_in(range(0)), tags="3.1*")
    assert caught.value.exit_code == 2
    assert shelf.events == []


def test_a_range_without_a_release_is_told(shelf: Shelf) -> None:
    shelf.range = f"{shelf.commits[21]}..master"
    with pytest.raises(NoRelease, match="has no release tag"):
        shelf.judge(bad_in(range(0)))


def test_across_branches_a_verdict_is_inferred_on_one_line_only(shelf: Shelf) -> None:
    """The maintained branch v3.1.x is bad, and says nothing of the development that went on."""
    fork = shelf.commits[20]
    stable = [shelf.clone.commit({"src/x.c": "a\n"}, parents=[fork], branch="stable")]
    stable += [shelf.clone.commit({"src/x.c": f"{n}\n"}, branch="stable") for n in "bcd"]
    merged = shelf.clone.commit({"src/x.c": "m\n"}, parents=[shelf.commits[23], stable[3]])
    for number, commit in enumerate(stable, 1):
        shelf.clone.tag(f"v3.1.{number}", commit)
    shelf.clone.tag("v3.2-dev1", shelf.commits[23])
    shelf.clone.tag("v3.2-dev2", merged)
    shelf.commits += [*stable, merged]
    shelf.judge(bad_in(range(24, 28)), tags="v3.[12]?*[1-4]")
    table = shelf.table()
    assert [table[f"v3.1.{n}"] for n in (1, 2, 3, 4)] == [BAD] * 4
    assert table["v3.2-dev1"] is table["v3.2-dev2"] is GOOD


# --- where to look --------------------------------------------------------------------------------


def test_a_known_suspect_and_fix_lead_to_the_bad_stretch(shelf: Shelf) -> None:
    known = Known(suspect=shelf.commits[11], fix=shelf.commits[13])
    prober = shelf.judge(bad_in(range(11, 13)), known=known)
    assert prober.asked[:4] == [0, 20, 11, 12]
    assert shelf.told_as(bad_in(range(11, 13)))


def test_where_the_suspect_is_no_release_the_next_one_is_looked_at(shelf: Shelf) -> None:
    known = Known(suspect=shelf.commits[11])
    prober = shelf.judge(bad_in(range(11, 14)), known=known, tags="*[024680]")
    assert prober.asked[:3] == [0, 20, 12]


def test_what_is_known_of_another_history_is_passed_over(shelf: Shelf) -> None:
    truth = bad_in(range(4, 15))
    shelf.judge(truth, known=Known(suspect="64c9c8ef39", fix="nonesuch"))
    assert shelf.told_as(truth)


def test_where_all_are_alike_it_stops_at_its_budget_and_says_what_might_help(shelf: Shelf) -> None:
    shelf.toolchains = Toolchains(TCC, GCC, GCC)
    prober = shelf.judge(bad_in(range(0)))
    assert len(prober.asked) == BUDGET
    assert shelf.ended() == Ended("answered", ())
    assert "none is bad: use --toolchain release if" in shelf.notes()[-1]


# --- doubts ---------------------------------------------------------------------------------------


def test_what_fast_cannot_judge_is_judged_by_the_other(shelf: Shelf) -> None:
    shelf.toolchains, truth = AUTO, bad_in(range(4, 15))
    shelf.judge(truth, prepare=tell_fast(bad_in(range(4, 15), untestable=range(2, 9))), every=True)
    assert shelf.told_as(truth)
    assert shelf.notes() == ["judged with fast builds only: --toolchain dev builds with gcc -O0"]


def test_a_flaky_release_is_good_only_after_several_passes(shelf: Shelf) -> None:
    prober = shelf.judge(lambda n, run: BAD if n in range(7, 24) and run == 2 else GOOD, flaky=True)
    assert shelf.told_as(bad_in(range(7, 24)))
    bad = len([n for n in set(prober.asked) if n >= 7])
    needed = passes_needed(Tally(2 * bad, bad))
    assert CONFIRM_RUNS < needed <= prober.asked.count(0)
    assert f"passed {needed} times; a bad revision passes so often with P" in shelf.notes()[-1]


def test_where_none_was_seen_to_be_bad_five_passes_are_good(shelf: Shelf) -> None:
    prober = shelf.judge(bad_in(range(0)), flaky=True)
    assert prober.asked.count(0) == CONFIRM_RUNS
    assert any(f"passed {CONFIRM_RUNS} times" in note for note in shelf.notes())


# --- resuming -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("every", "flaky", "other_tools"),
    [
        *((every, flaky, False) for every in (False, True) for flaky in (False, True)),
        (True, False, True),
    ],
)
def test_killed_at_any_time_it_goes_on_and_ends_the_same(
    shelf: Shelf, every: bool, flaky: bool, other_tools: bool
) -> None:
    shelf.other_tools = other_tools
    truth = bad_in(range(4, 15), untestable=[9])
    shelf.judge(truth, every=every, flaky=flaky)
    whole, rows = shelf.path.read_bytes(), shelf.table()
    lines = whole.splitlines(keepends=True)
    for kept in range(0, len(lines), 3):
        shelf.path.write_bytes(b"".join(lines[:kept]) + lines[kept][:20])
        shelf.judge(truth, every=every, flaky=flaky)
        assert shelf.table() == rows
        asked = [(e.key, e.run) for e in shelf.events if isinstance(e, Probed) and not e.known]
        assert len(asked) == len(set(asked))
    shelf.path.write_bytes(whole)
    assert shelf.judge(truth, every=every, flaky=flaky).asked == []
    assert shelf.path.read_bytes() == whole


def test_another_question_has_another_journal(shelf: Shelf) -> None:
    bench = shelf.context()
    span = bench.history.range(shelf.range)
    asked, releases = AffectedQuestion(span), Releases.of_range(bench.history, span, "*")
    others = [replace(asked, every=True), replace(asked, tags="v3*"), replace(asked, flaky=True)]
    names = {affected_id(question, releases, bench) for question in (asked, *others)}
    assert len(names) == 4
    assert affected_id(AffectedQuestion(span), releases, bench) in names


# --- with other branches --------------------------------------------------------------------------


def test_one_table_tells_of_the_range_and_of_each_branch(shelf: Shelf) -> None:
    """The bug came before the branch parted and was fixed on both, later on the branch."""
    base, branches = shelf.commits[0], {"3.0": list[str]()}
    for number in range(1, 7):
        change = {"src/x.c": f"{number}\n"}
        parents = [base] if number == 1 else None
        shelf.commits.append(shelf.clone.commit(change, branch="3.0", parents=parents))
        shelf.clone.tag(f"v3.0.{number}", shelf.commits[-1])
        branches["3.0"].append(shelf.commits[-1])
    bad = {*range(5), *range(24, 28)}

    prober = shelf.prober(lambda number, run: BAD if number in bad else GOOD)
    history = prober.context.history
    span = history.range("v3.0.0..v3.1.0")
    releases = Releases.of_range(history, span, "*", branches)
    ReleaseSurvey(AffectedQuestion(span), releases, prober).run()

    names = [*TAGGED.values(), *(f"v3.0.{number}" for number in range(1, 7))]
    wanted = [*range(21), *range(24, 30)]
    assert shelf.table() == {
        name: BAD if number in bad else GOOD for name, number in zip(names, wanted, strict=True)
    }
    assert len(set(prober.asked)) < len(names)
    told = [event for event in shelf.events if isinstance(event, Released)]
    assert [e.release for e in told if e.branch == "3.0"] == names[21:]
    assert {e.branch for e in told[:21]} == {""}
    rows = [[one.release for one in some] for some in stretches(told)]
    assert [(row[0], row[-1]) for row in rows] == [
        ("v3.0.0", "v3.1-dev4"),
        ("v3.1-dev5", "v3.1.0"),
        ("v3.0.1", "v3.0.4"),
        ("v3.0.5", "v3.0.6"),
    ]


def test_of_a_branch_only_its_own_releases_are_asked_about(shelf: Shelf) -> None:
    """It left the main line after the end of the range."""
    history = shelf.context().history
    span = history.range("v3.0.0..v3.1-dev5")
    releases = Releases.of_range(history, span, "*", {"3.1": shelf.commits[6:]})
    assert [*releases.names.values()][5:] == [["v3.1-dev5"], *[[]] * 14, ["v3.1.0"]]
    assert releases.branches == [frozenset(range(6)), frozenset({6})]


def test_a_release_that_is_known_later_makes_another_journal(shelf: Shelf) -> None:
    names = []
    for _ in range(2):
        bench = shelf.context()
        span = bench.history.range("v3.0..master")
        releases = Releases.of_range(bench.history, span, "*")
        names.append(affected_id(AffectedQuestion(span), releases, bench))
        shelf.clone.tag("v3.1.1", shelf.commits[22])
    assert names[0] != names[1]
