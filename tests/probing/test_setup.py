"""From the options of a command to its test, its toolchains and its patches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pygit2
import pytest

from bisector.build import tcc
from bisector.errors import (
    EnvironmentProblem,
    MissingProgram,
    PatchProblem,
    ScenarioProblem,
    UsageProblem,
)
from bisector.git.history import History
from bisector.patch.load import from_commit, load
from bisector.patch.model import Series
from bisector.probing import setup
from bisector.probing.options import Options, Test
from bisector.probing.setup import find_series, find_test
from bisector.probing.toolchains import find_toolchains
from bisector.system import tools
from bisector.system.tools import Lua, Tool
from bisector.system.workspace import Workspace
from bisector.testing.oracles.config_file import ConfigFile
from bisector.testing.oracles.vtest_case import VTestCase
from bisector.testing.scenario import Known
from tests.support.clone import Clone

VTC = 'vtest "x"\n'
LOOKERS = 3
DIFF = "--- a/src/haproxy.c\n+++ b/src/haproxy.c\n@@ -1 +1 @@\n-int x = 1;\n+int x = 2;\n"


# --- the test -------------------------------------------------------------------------------------


def test_without_options_it_is_the_default_scenario_in_its_default_variant() -> None:
    found = find_test(Options())
    assert found.oracle.name == setup.DEFAULT_SCENARIO
    assert found.title and found.oracle.variant and found.known.suspect and found.known.patches
    assert found.oracle.knows_its_bug


def test_the_options_name_a_scenario_and_its_variant() -> None:
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
        (Options(own_test=("build", ""), scenario="dns-flap"), "--build takes the place of"),
        (Options(own_test=("vtc", "x.vtc"), extras=(("expect", "refused"),)), "goes with --config"),
        (Options(extras=(("expect", "refused"),)), "--expect: it goes with --config"),
        (Options(bad_if="boom"), "go with --vtc"),
        (Options(skip_if="boom"), "go with --vtc"),
        (Options(bad_if=""), "go with --vtc"),
        (Options(settings=("record",)), "--set record: write NAME=VALUE"),
        (Options(settings=("record=MX",)), "record cannot be 'MX'"),
    ],
)
def test_options_that_exclude_each_other_are_an_error(options: Options, said: str) -> None:
    with pytest.raises(UsageProblem, match=said):
        find_test(options)


def test_an_extra_option_goes_to_its_kind_of_test(tmp_path: Path) -> None:
    path = tmp_path / "x.cfg"
    path.write_text("global\n")
    asked = Options(own_test=("config", str(path)), extras=(("expect", "refused"),))
    oracle = find_test(asked).oracle
    assert isinstance(oracle, ConfigFile) and oracle.refused


def test_an_empty_pattern_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.vtc").write_text(VTC)
    with pytest.raises(ScenarioProblem, match="--bad-if"):
        find_test(Options(own_test=("vtc", str(tmp_path / "x.vtc")), bad_if=""))


@pytest.mark.parametrize("said", [True, False])
def test_the_user_decides_whether_a_test_is_flaky(tmp_path: Path, said: bool) -> None:
    path = tmp_path / "x.vtc"
    path.write_text(VTC)
    assert find_test(Options(own_test=("vtc", str(path)), flaky=said)).flaky is said
    assert find_test(Options(flaky=said)).flaky is said


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
    toolchains = find_toolchains(options, workspace, test)
    search, proof, fallback = toolchains.search, toolchains.proof, toolchains.fallback
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
def test_the_options_decide_which_toolchain_searches_proves_and_stands_in(
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
def test_without_a_usable_tcc_gcc_does_all_and_a_remark_says_so(
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


def test_only_where_fast_searches_by_default_is_release_tried_as_well(
    workspace: Workspace, machine: list[str]
) -> None:
    test = Test(VTestCase("a", "digest", "a.vtc"), "a", Known(), {})
    for name, tried in (("auto", "release"), ("fast", ""), ("dev", ""), ("release", "")):
        release = find_toolchains(Options(toolchain=name), workspace, test).release
        assert (release.name if release else "") == tried


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options(toolchain="tcc"), "no toolchain 'tcc'"),
        (Options(confirm="fast"), "--confirm fast: one of dev, release, asan, none"),
        (Options(confirm="auto"), "--confirm auto"),
    ],
)
def test_an_unknown_toolchain_is_an_error(
    workspace: Workspace, machine: list[str], options: Options, said: str
) -> None:
    with pytest.raises(UsageProblem, match=said):
        roles(workspace, options)


def test_builds_are_judged_by_real_toolchains(workspace: Workspace, machine: list[str]) -> None:
    def chosen(**more: str) -> tuple[str, str | None]:
        options = Options(own_test=("build", ""), **more)  # type: ignore[arg-type]
        found = find_toolchains(options, workspace, find_test(options))
        assert found.fallback is None
        return found.search.name, found.proof.name if found.proof else None

    assert find_test(Options(own_test=("build", ""))).title == "build"
    assert chosen() == ("dev", "dev")
    assert chosen(toolchain="release") == ("release", "release")
    with pytest.raises(UsageProblem, match="--toolchain fast cannot judge builds: use dev or rel"):
        chosen(toolchain="fast")


def test_make_variables_go_to_all_of_them_and_the_users_win(
    workspace: Workspace, machine: list[str]
) -> None:
    test = Test(VTestCase("a", "digest", "a.vtc"), "a", Known(), {"A": "1", "B": "1"})
    toolchains = find_toolchains(Options(make=("B=2",)), workspace, test)
    for one in (toolchains.search, toolchains.proof, toolchains.fallback):
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


def test_a_name_that_is_neither_file_nor_revision_is_an_error(history: History) -> None:
    with pytest.raises(PatchProblem, match=r"no patch 'nonesuch': .*neither a file nor a revision"):
        find_series(["nonesuch"], Known(), history)


def test_a_series_that_does_not_come_with_bisector_is_an_error() -> None:
    with pytest.raises(PatchProblem, match=r"no patch series 'nonesuch' .*--patch"):
        setup.bundled_patches("nonesuch")
