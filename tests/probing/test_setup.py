"""From what the user said to what is done; and the journals of hunts, one process at a time."""

from __future__ import annotations

import fcntl
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pygit2
import pytest

from bisector.build import tcc
from bisector.build.toolchain import Toolchains
from bisector.build.toolchains.dev import Dev
from bisector.errors import (
    BisectorError,
    EnvironmentProblem,
    HuntBusy,
    MissingProgram,
    NoSuchHunt,
    PatchProblem,
    ScenarioProblem,
    UsageProblem,
)
from bisector.git.history import History
from bisector.jobs.catalog import find_claims, find_hunt, hunts, journal_of
from bisector.jobs.hunt.hunt import Question
from bisector.jobs.hunt.job import hunt_id
from bisector.jobs.judge import find_suites
from bisector.patch.load import from_commit, load
from bisector.patch.model import Series
from bisector.probing import setup
from bisector.probing.context import Bench
from bisector.probing.setup import Options, Test, find_series, find_test, find_toolchains
from bisector.record.events import Confirmed, Ended, Event, Noted
from bisector.record.journal import Journal, read
from bisector.record.words import Change, Job
from bisector.report.terminal import hunt_state
from bisector.system import tools
from bisector.system.tools import Lua, Tool
from bisector.system.workspace import Workspace
from bisector.testing.oracles.vtest_case import VTestCase
from bisector.testing.scenario import Known
from tests.support import judged
from tests.support.clone import Clone
from tests.support.records import FIXED, INTRODUCED, PROVEN, STARTED

VTC = 'vtest "x"\n'
LOOKERS = 3
DIFF = "--- a/src/haproxy.c\n+++ b/src/haproxy.c\n@@ -1 +1 @@\n-int x = 1;\n+int x = 2;\n"


# --- the test -------------------------------------------------------------------------------------


def test_without_a_word_it_is_the_default_scenario_in_its_default_variant() -> None:
    found = find_test(Options())
    assert found.oracle.name == setup.DEFAULT_SCENARIO
    assert found.title and found.oracle.variant and found.known.suspect and found.known.patches
    assert found.oracle.knows_its_bug


def test_a_scenario_and_its_variant_are_what_was_named() -> None:
    found = find_test(Options(scenario="dns-false-up", settings=("record=SRV",)))
    assert found.oracle.name == "dns-false-up"
    assert "record=SRV" in found.oracle.variant
    assert found.oracle.digest != find_test(Options(scenario="dns-false-up")).oracle.digest


def test_any_vtc_is_a_test_of_which_nothing_is_known(tmp_path: Path) -> None:
    path = tmp_path / "x.vtc"
    path.write_text(VTC)
    found = find_test(Options(own_test=("vtc", str(path)), bad_if="boom", skip_if="not here"))
    assert found.oracle == VTestCase.of_option(str(path), bad_if="boom", skip_if="not here")
    assert (found.title, found.oracle.variant, found.known) == (str(path), "", Known())
    assert not found.make


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options(own_test=("vtc", "x.vtc"), scenario="dns-flap"), "--vtc takes the place of"),
        (Options(own_test=("vtc", "x.vtc"), settings=("record=A",)), "--vtc takes the place of"),
        (Options(bad_if="boom"), "go with --vtc"),
        (Options(skip_if="boom"), "go with --vtc"),
        (Options(bad_if=""), "go with --vtc"),
        (Options(settings=("record",)), "--set record: write NAME=VALUE"),
        (Options(settings=("record=MX",)), "record cannot be 'MX'"),
    ],
)
def test_what_does_not_go_together_is_told(options: Options, said: str) -> None:
    with pytest.raises(UsageProblem, match=said):
        find_test(options)


def test_an_empty_pattern_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.vtc").write_text(VTC)
    with pytest.raises(ScenarioProblem, match="--bad-if"):
        find_test(Options(own_test=("vtc", str(tmp_path / "x.vtc")), bad_if=""))


def suites(**options: Any) -> dict[str, list[str]]:
    """The variants that verification takes, by scenario, the wanted one marked."""
    asked = Options(**options)
    return {
        suite.scenario + "*" * suite.wanted: [case.variant for case in suite.cases]
        for suite in find_suites(asked, find_test(asked))
    }


def test_verification_takes_the_named_scenario_and_all_others_crossed() -> None:
    found = suites(scenario="dns-false-up")
    assert list(found) == ["dns-false-up*", "dns-flap"]
    assert {len(variants) for variants in found.values()} == {30}
    assert list(suites()) == ["dns-flap*", "dns-false-up"]


def test_settings_leave_only_the_variants_that_have_them() -> None:
    found = suites(settings=("record=SRV", "check=plain"))
    assert len(found["dns-flap*"]) == 5
    assert all("record=SRV" in one and "check=plain" in one for one in found["dns-flap*"])
    assert len(found["dns-false-up"]) == 30


def test_settings_that_no_crossed_variant_has_are_a_variant_of_their_own() -> None:
    words = ("record=A", "failure=nxdomain", "check=plain", "declare=line", "servers=3")
    (only,) = suites(settings=words)["dns-flap*"]
    assert "declare=line servers=3" in only


@pytest.mark.parametrize("said", [True, False])
def test_that_a_test_is_flaky_is_what_the_user_says_of_any(tmp_path: Path, said: bool) -> None:
    path = tmp_path / "x.vtc"
    path.write_text(VTC)
    assert find_test(Options(own_test=("vtc", str(path)), flaky=said)).flaky is said
    assert find_test(Options(flaky=said)).flaky is said


def test_any_vtc_is_a_suite_of_one(tmp_path: Path) -> None:
    path = tmp_path / "x.vtc"
    path.write_text(VTC)
    assert suites(own_test=("vtc", str(path)))["x*"] == [""]
    assert len(suites(own_test=("vtc", str(path)))) == 3


def test_a_proven_hunt_is_believed_before_the_scenario(clone: Clone, workspace: Workspace) -> None:
    clone.line(2)
    history = History.open(clone.path, workspace)
    test = find_test(Options())

    def hunted(name: str, *events: Event) -> None:
        with journal_of(workspace, name, fresh=False) as journal:
            for event in (*events, Ended("answered", ())):
                journal.append(event)

    def claims() -> tuple[str, str]:
        return find_claims(workspace, history, test.oracle.name, test.known)

    asked = replace(STARTED, repository=str(history.path))
    assert claims() == (test.known.suspect, test.known.fix)
    hunted("unproven", asked, INTRODUCED, FIXED)
    assert claims() == (test.known.suspect, test.known.fix)
    hunted("proven", asked, INTRODUCED, FIXED, *PROVEN)
    assert claims() == (INTRODUCED.revisions[-1], FIXED.revisions[-1])
    hunted("elsewhere", replace(asked, repository="/x", at=2.0), INTRODUCED, *PROVEN[:1])
    assert claims() == (INTRODUCED.revisions[-1], FIXED.revisions[-1])


@pytest.fixture
def hunted(clone: Clone, workspace: Workspace) -> Hunted:
    return Hunted(clone, workspace)


class Hunted:
    """A history of ten commits, in which the scenario has the suspect 2 and the fix 7."""

    def __init__(self, clone: Clone, workspace: Workspace) -> None:
        self.commits = clone.line(10)
        self.workspace = workspace
        self.history = History.open(clone.path, workspace)
        self.known = Known(suspect=self.commits[2], fix=self.commits[7])
        self._at = 0.0

    def hunt(self, old: int, new: int, **found: int) -> None:
        """A proven hunt over *old*..*new*, newer than those before, that found these."""
        self._at += 1
        place, ends = str(self.history.path), (self.commits[old], self.commits[new])
        asked = replace(STARTED, repository=place, at=self._at, old=ends[0], new=ends[1])
        with journal_of(self.workspace, f"hunt-{self._at}", fresh=False) as journal:
            journal.append(asked)
            for what, number in found.items():
                revision = (self.commits[number],)
                journal.append(replace(INTRODUCED, what=Change(what), revisions=revision))
                journal.append(Confirmed(what, True, 5, ""))
            journal.append(Ended("answered", ()))

    def claims(self) -> tuple[int | None, int | None]:
        """The introducing commit and the fix, by number."""
        numbers = {commit: number for number, commit in enumerate(self.commits)}
        introduced, fixed = find_claims(self.workspace, self.history, STARTED.scenario, self.known)
        return numbers.get(introduced), numbers.get(fixed)


def test_what_a_proven_hunt_did_not_find_the_scenario_still_knows(hunted: Hunted) -> None:
    hunted.hunt(4, 9, fix=8)
    assert hunted.claims() == (2, 8)
    hunted.hunt(0, 5, introduction=3)
    assert hunted.claims() == (3, 8), "and an older hunt knows it better"


def test_a_scenario_s_fix_is_believed_where_the_bug_is_still_there_before_it(
    hunted: Hunted,
) -> None:
    hunted.hunt(0, 5, introduction=3)
    assert hunted.claims() == (3, 7)


def test_what_the_hunt_contradicts_is_not_believed(hunted: Hunted) -> None:
    """The bug was there at the old end, before the suspect; or at the new one, after the fix."""
    hunted.hunt(1, 9, fix=8)
    assert hunted.claims() == (None, 8)
    hunted.hunt(0, 9, introduction=3)
    assert hunted.claims() == (3, None)


def test_what_the_history_does_not_have_is_no_claim_beside_a_hunt(hunted: Hunted) -> None:
    hunted.known = Known(suspect="0123456789", fix="nonesuch")
    hunted.hunt(4, 9, fix=8)
    assert hunted.claims() == (None, 8)


# --- the toolchains -------------------------------------------------------------------------------


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A machine with all that it takes; the names of the compilers that were looked for."""
    asked: list[str] = []

    def compiler(name: str) -> Tool:
        asked.append(name)
        return Tool(Path("/bin", name), name, f"{name}-id")

    make, lua = (
        Tool(Path("/bin/make"), "make", "id"),
        Lua("5.4", Path("/i"), Path("/l"), "lua", "id"),
    )
    monkeypatch.setattr(tools, "require_make", lambda: make)
    monkeypatch.setattr(tools, "require_lua", lambda workspace: lua)
    monkeypatch.setattr(tools, "require_compiler", lambda: compiler("gcc"))
    monkeypatch.setattr(tcc, "compiler", lambda workspace: compiler("tcc"))
    return asked


def roles(workspace: Workspace, options: Options, **more: Any) -> tuple[str, str, str]:
    """Which toolchain searches, proves, and helps out."""
    test = Test(VTestCase("a", "digest", "a.vtc"), "a", Known(), {}, **more)
    chains = find_toolchains(options, workspace, test)
    search, proof, fallback = chains.search, chains.proof, chains.fallback
    return search.name, proof.name if proof else "", fallback.name if fallback else ""


@pytest.mark.parametrize(
    ("toolchain", "confirm", "scenario", "expected"),
    [
        ("auto", "", "", ("fast", "dev", "dev")),
        ("auto", "release", "", ("fast", "release", "dev")),
        ("auto", "none", "", ("fast", "", "dev")),
        ("fast", "", "", ("fast", "dev", "")),
        ("fast", "none", "", ("fast", "", "")),
        ("dev", "", "", ("dev", "dev", "")),
        ("dev", "release", "", ("dev", "release", "")),
        ("release", "", "", ("release", "release", "")),
        ("release", "dev", "", ("release", "dev", "")),
        ("auto", "", "release", ("release", "release", "")),
        ("auto", "none", "dev", ("dev", "", "")),
        ("dev", "", "release", ("dev", "dev", "")),  # the user has the last word
    ],
)
def test_who_searches_who_proves_and_who_helps_out(
    workspace: Workspace,
    machine: list[str],
    toolchain: str,
    confirm: str,
    scenario: str,
    expected: tuple[str, str, str],
) -> None:
    options = Options(toolchain=toolchain, confirm=confirm)
    assert roles(workspace, options, toolchain=scenario) == expected


def test_for_fast_alone_no_gcc_is_needed(workspace: Workspace, machine: list[str]) -> None:
    roles(workspace, Options(toolchain="fast", confirm="none"))
    assert machine == ["tcc"]


@pytest.mark.parametrize("toolchain", ["dev", "release"])
def test_without_fast_no_tcc_is_looked_for(
    workspace: Workspace, machine: list[str], toolchain: str
) -> None:
    roles(workspace, Options(toolchain=toolchain))
    assert set(machine) == {"gcc"}


PROBLEMS = [MissingProgram("no tcc on this machine"), EnvironmentProblem("/tcc cannot be used")]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_without_a_usable_tcc_gcc_does_it_all_and_that_is_said(
    workspace: Workspace,
    machine: list[str],
    monkeypatch: pytest.MonkeyPatch,
    problem: EnvironmentProblem,
) -> None:
    def none(workspace: Workspace) -> Tool:
        raise problem

    monkeypatch.setattr(tcc, "compiler", none)
    assert roles(workspace, Options()) == ("dev", "dev", "")
    test = Test(VTestCase("a", "digest", "a.vtc"), "a", Known(), {})
    assert str(problem) in find_toolchains(Options(), workspace, test).remark
    with pytest.raises(type(problem), match=str(problem)):
        roles(workspace, Options(toolchain="fast"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options(toolchain="tcc"), "no toolchain 'tcc'"),
        (Options(confirm="fast"), "--confirm fast: one of dev, release, none"),
        (Options(confirm="auto"), "--confirm auto"),
    ],
)
def test_a_toolchain_that_is_none_is_told(
    workspace: Workspace, machine: list[str], options: Options, said: str
) -> None:
    with pytest.raises(UsageProblem, match=said):
        roles(workspace, options)


def test_make_variables_go_to_all_of_them_and_the_users_win(
    workspace: Workspace, machine: list[str]
) -> None:
    test = Test(VTestCase("a", "digest", "a.vtc"), "a", Known(), {"A": "1", "B": "1"})
    chains = find_toolchains(Options(make=("B=2",)), workspace, test)
    for one in (chains.search, chains.proof, chains.fallback):
        assert one is not None
        assert {("A", "1"), ("B", "2")} <= set(one.variables)


# --- the patches ----------------------------------------------------------------------------------


@pytest.fixture
def line(clone: Clone) -> list[str]:
    return clone.line(4)


@pytest.fixture
def history(clone: Clone, line: list[str], workspace: Workspace) -> History:
    return History.open(clone.path, workspace)


def test_without_a_name_the_series_is_the_scenarios_own_if_it_has_one(history: History) -> None:
    assert find_series((), Known(), history) is None
    known = Known(patches="dns-flap")
    assert find_series((), known, history) == load(setup.bundled_patches("dns-flap"))


def test_a_name_takes_the_place_of_the_scenarios_own(
    history: History, line: list[str], clone: Clone
) -> None:
    found = find_series([line[2]], Known(patches="dns-flap"), history)
    commit = clone.git[line[2]].peel(pygit2.Commit)
    assert found == Series((from_commit(clone.git, commit),))


def test_files_folders_and_revisions_follow_each_other_as_named(
    history: History, line: list[str], tmp_path: Path
) -> None:
    fix, folder = tmp_path / "fix.patch", tmp_path / "series"
    folder.mkdir()
    for path in (fix, folder / "0001-a.patch", folder / "0002-b.patch"):
        path.write_text(DIFF)
    found = find_series(["master", str(folder), str(fix)], Known(), history)
    assert found is not None
    names = [patch.name for patch in found.patches]
    assert names == [line[3][:12], "0001-a", "0002-b", "fix"]


def test_a_file_comes_before_a_revision_of_that_name(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("master").write_text(DIFF)
    found = find_series(["master"], Known(), history)
    assert found is not None
    assert [patch.name for patch in found.patches] == ["master"]


def test_what_is_neither_file_nor_revision_is_told(history: History) -> None:
    with pytest.raises(PatchProblem, match=r"no patch 'nonesuch': .*neither a file nor a revision"):
        find_series(["nonesuch"], Known(), history)


def test_a_series_that_does_not_come_with_bisector_is_told() -> None:
    with pytest.raises(PatchProblem, match=r"no patch series 'nonesuch' .*--patch"):
        setup.bundled_patches("nonesuch")


# --- which hunt it is -----------------------------------------------------------------------------


def test_another_question_is_another_hunt_and_the_same_one_is_not(
    history: History, line: list[str], workspace: Workspace
) -> None:
    tool, chain = Tool(Path("/vtest"), "vtest", "id"), Dev("make", (), "id")
    bench = Bench(workspace, history, Toolchains(chain), VTestCase("a", "digest", "a.vtc"), (tool,))
    span = history.range(f"{line[0]}..master")
    question = Question(span)
    other_series = find_series([line[1]], Known(), history)
    names = [
        hunt_id(question, bench),
        hunt_id(replace(question, range=history.range(f"{line[1]}..master")), bench),
        hunt_id(replace(question, series=other_series), bench),
        hunt_id(replace(question, blind=True), bench),
        hunt_id(question, replace(bench, oracle=replace(bench.oracle, digest="other"))),
        hunt_id(question, replace(bench, chains=Toolchains(replace(chain, identity="other")))),
        hunt_id(question, replace(bench, chains=Toolchains(chain, proof=chain))),
        hunt_id(replace(question, hint="dns"), bench),
        hunt_id(replace(question, flaky=True), bench),
        hunt_id(question, replace(bench, tools=(replace(tool, identity="other"),))),
    ]
    assert len(set(names)) == len(names)
    spelt = replace(question, range=history.range(f"{line[0][:12]}..HEAD"))
    assert hunt_id(spelt, bench) == names[0]
    assert hunt_id(replace(question, hunks=True), bench) == names[0], "it only adds to the answer"


# --- journals -------------------------------------------------------------------------------------


def test_a_hunt_goes_on_from_its_journal(workspace: Workspace) -> None:
    for number in range(2):
        with journal_of(workspace, "one", fresh=False) as journal:
            assert len(journal.events) == number
            journal.append(Noted(str(number)))
    with journal_of(workspace, "other", fresh=False) as journal:
        assert journal.events == []


def test_a_hunt_is_one_processs_at_a_time(workspace: Workspace) -> None:
    with (
        journal_of(workspace, "one", fresh=False),
        pytest.raises(HuntBusy, match="under way"),
        journal_of(workspace, "one", fresh=True),
    ):
        raise AssertionError("two have the same hunt")
    with journal_of(workspace, "other", fresh=False), journal_of(workspace, "one", fresh=False):
        pass


def test_a_hunt_that_failed_is_given_back(workspace: Workspace) -> None:
    with pytest.raises(BisectorError), journal_of(workspace, "one", fresh=False):
        raise BisectorError("x")
    with journal_of(workspace, "one", fresh=False):
        pass


def test_a_fresh_hunt_sets_the_older_journal_aside(workspace: Workspace) -> None:
    with journal_of(workspace, "one", fresh=True) as journal:
        journal.append(Noted("older"))
    with journal_of(workspace, "one", fresh=True) as journal:
        assert journal.events == []
        journal.append(Noted("newer"))
        path = journal.path
    (aside,) = path.parent.glob("journal.*")
    assert read(aside)[0] == [Noted("older")]
    assert read(path)[0] == [Noted("newer")]


def test_of_the_journals_set_aside_the_last_one_stays(workspace: Workspace) -> None:
    for text in ("oldest", "older", "newest"):
        with journal_of(workspace, "one", fresh=True) as journal:
            journal.append(Noted(text))
            path = journal.path
    (aside,) = path.parent.glob("journal.*")
    assert read(aside)[0] == [Noted("older")]
    assert read(path)[0] == [Noted("newest")]


# --- how hunts stand ------------------------------------------------------------------------------

DOUBTED = replace(PROVEN[0], proven=False, doubt="run 3 differs")
STATES: dict[str, list[Event]] = {
    "interrupted": [STARTED, INTRODUCED],
    "no answer": [STARTED, Ended("both ends are bad", ())],
    "proven": [STARTED, INTRODUCED, FIXED, *PROVEN, Ended("answered", ())],
    "not proven": [STARTED, INTRODUCED, DOUBTED, Ended("answered", ())],
    "verified": [replace(STARTED, job=Job.VERIFY), judged.fixes("v3.0.0"), Ended("answered", ())],
    "not verified": [replace(STARTED, job=Job.VERIFY), Ended("answered", ())],
    "backported": [replace(STARTED, job=Job.BACKPORT), judged.PORTED[0], Ended("answered", ())],
    "swept": [replace(STARTED, job=Job.SWEEP), Ended("answered", ())],
    "affected": [replace(STARTED, job=Job.AFFECTED), Ended("answered", ())],
}

Record = Callable[..., Journal]


@pytest.fixture
def record(workspace: Workspace) -> Record:
    """Write a hunt's journal, as a process that has ended since."""

    def write(name: str, *events: Event) -> Journal:
        with journal_of(workspace, name, fresh=False) as journal:
            for event in events:
                journal.append(event)
            return journal

    return write


def test_without_hunts_there_is_nothing_to_list(workspace: Workspace) -> None:
    assert list(hunts(workspace)) == []


@pytest.mark.parametrize("state", STATES)
def test_a_hunts_state_is_what_its_journal_says(
    workspace: Workspace, record: Record, state: str
) -> None:
    record("one", *STATES[state])
    ((name, busy, summary),) = hunts(workspace)
    assert (name, hunt_state(busy, summary)) == ("one", state)
    assert summary.started == STATES[state][0]


@pytest.mark.parametrize("state", STATES)
def test_a_hunt_that_somebody_is_at_is_under_way_whatever_its_journal_says(
    workspace: Workspace, record: Record, state: str
) -> None:
    record("one", *STATES[state])
    with journal_of(workspace, "one", fresh=False):
        assert [hunt_state(busy, summary) for _, busy, summary in hunts(workspace)] == ["under way"]
    assert [hunt_state(busy, summary) for _, busy, summary in hunts(workspace)] == [state]


def test_two_who_list_the_hunts_at_once_do_not_take_each_other_for_a_hunt(
    workspace: Workspace, record: Record
) -> None:
    record("one", STARTED)
    with (workspace.root / "hunts/one/lock").open() as looked_at:
        fcntl.flock(looked_at, fcntl.LOCK_SH)
        assert [busy for _, busy, _ in hunts(workspace)] == [False]


def _look_and_look(workspace: Workspace, first: float) -> None:
    while time.monotonic() < first + 1.5:
        list(hunts(workspace))


def test_who_lists_the_hunts_is_in_no_hunt_s_way(workspace: Workspace, record: Record) -> None:
    record("one", STARTED)
    start = time.monotonic()
    fork = multiprocessing.get_context("fork")
    lookers = [fork.Process(target=_look_and_look, args=(workspace, start)) for _ in range(LOOKERS)]
    for looker in lookers:
        looker.start()
    while any(looker.is_alive() for looker in lookers):
        with journal_of(workspace, "one", fresh=False):
            pass
    assert [looker.exitcode for looker in lookers] == [0] * LOOKERS


def test_the_newest_hunt_comes_first(workspace: Workspace, record: Record) -> None:
    for name, at in {"b": 2.0, "c": 3.0, "a": 1.0}.items():
        record(name, replace(STARTED, at=at))
    assert [name for name, _, _ in hunts(workspace)] == ["c", "b", "a"]


def test_a_hunt_is_found_by_how_its_name_begins(workspace: Workspace, record: Record) -> None:
    for name, at in {"abc1": 2.0, "abd2": 3.0, "e": 1.0}.items():
        record(name, replace(STARTED, at=at))
    path, summary = find_hunt(workspace, "abc")
    assert (path, summary.started.at) == (workspace.root / "hunts/abc1/journal", 2.0)
    assert path.exists()
    assert find_hunt(workspace, "")[1].started.at == 3.0


@pytest.mark.parametrize(
    ("name", "what"),
    [("x", "no hunt 'x'"), ("ab", "2 hunts begin with 'ab'"), ("", "no hunts yet")],
)
def test_a_hunt_that_nobody_can_mean_is_none(
    workspace: Workspace, record: Record, name: str, what: str
) -> None:
    for one in ("abc", "abd") if name else ():
        record(one, STARTED)
    with pytest.raises(NoSuchHunt, match=f"{what}: 'bisector hunts' lists them"):
        find_hunt(workspace, name)


def test_what_was_set_aside_or_never_began_is_no_hunt(workspace: Workspace, record: Record) -> None:
    record("never", Noted("x"))
    record("one", STARTED)
    with journal_of(workspace, "one", fresh=True):
        pass
    assert list(hunts(workspace)) == []
