"""A revision's own reg-tests: which tests are run, and what is called newly failing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path

import pytest

from bisector.build.toolchain import Toolchains
from bisector.errors import BuildFailed, UsageProblem
from bisector.git.history import History
from bisector.jobs.reg_tests import changed, compare
from bisector.probing.context import Context
from bisector.probing.executors import Task
from bisector.probing.probe import Probe, key_of
from bisector.probing.prober import Prober
from bisector.record.journal import Journal
from bisector.record.patch_events import RegTested
from bisector.record.verdict import Result, Ruling, Verdict
from bisector.record.words import RegTestChange
from bisector.system.slots import Slot
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace
from bisector.testing.oracles.vtest_case import VTestCase
from tests.support.clone import Clone
from tests.support.hunting import BAD, GOOD, UNTESTABLE
from tests.support.toolchains import GCC

UNBUILDABLE = Verdict.UNBUILDABLE
VTC = 'vtest "a test"\n'
FILES: Mapping[str, str | None] = {
    "reg-tests/README": "read me",
    "reg-tests/checks/a.vtc": VTC,
    "reg-tests/checks/b.vtc": VTC,
    "reg-tests/checks/deep/c.vtc": VTC,
    "reg-tests/checks/a.lua": "-- lua",
    "reg-tests/lua/d.vtc": VTC,
}
SAID = Mapping[str, list[Verdict]]
"""The verdicts on a test (by its name without .vtc), run by run; the last one stays."""


def case_of(request: Probe) -> VTestCase:
    """The test of a probe."""
    assert isinstance(request.oracle, VTestCase)
    return request.oracle


class Machine:
    """Builds and tests nothing: what it answers is made up."""

    jobs = tests = 1

    def __init__(self, before: str, old: SAID, new: SAID) -> None:
        self.before, self.old, self.new = before, old, new
        self.asked: list[tuple[str, str, int]] = []
        self.features: set[frozenset[str]] = set()
        self.running = 0

    def submit(self, request: Probe) -> Task:
        assert not self.running, "one test at a time"
        self.running += 1
        self.features.add(request.oracle.features)
        side, said = ("old", self.old) if request.tree == self.before else ("new", self.new)
        stem = Path(case_of(request).vtc).stem
        self.asked.append((side, stem, request.run))
        verdicts = said.get(stem, [GOOD])
        verdict = verdicts[min(request.run, len(verdicts) - 1)]
        task = Task(Future(), Slot())
        ruling = Ruling(verdict, f"{stem} is {verdict}")
        task.future.set_result(Result(ruling, key_of(request), log=f"/{side}.log"))
        return task

    def wait(self, tasks: Collection[Task]) -> None:
        raise AssertionError("everything is answered at once")

    def cancel(self, task: Task) -> None:
        raise AssertionError("nothing is called off")


class Wide(Machine):
    """A machine with room for three tests; `widths` has how many were running as each began."""

    tests = 3

    def __init__(self, before: str, old: SAID, new: SAID) -> None:
        super().__init__(before, old, new)
        self.widths: dict[tuple[str, str, int], int] = {}
        self._open: list[tuple[Task, Result]] = []

    def submit(self, request: Probe) -> Task:
        self.running = 0
        done, task = super().submit(request), Task(Future(), Slot())
        self._open.append((task, done.future.result()))
        self.widths[self.asked[-1]] = len(self._open)
        return task

    def wait(self, tasks: Collection[Task]) -> None:
        task, result = self._open.pop(0)
        task.future.set_result(result)


class Asker(Prober):
    """A real prober that lets the machine know when an answer is there."""

    machine: Machine

    def _collect(self) -> None:
        super()._collect()
        self.machine.running = 0


class World:
    """A revision with reg-tests, and a patch to it."""

    def __init__(self, clone: Clone, workspace: Workspace, journal: Path) -> None:
        self.clone, self.workspace, self.journal = clone, workspace, journal
        self.revision = clone.commit(FILES)
        clone.tag("v3.0.0", self.revision)
        self.patch({"src/haproxy.c": "int main(void) { return 1; }\n"})
        self.old: dict[str, list[Verdict]] = {}
        self.new: dict[str, list[Verdict]] = {}
        self.kind = Machine

    def patch(self, change: Mapping[str, str | None]) -> None:
        self.after = self.clone.tree(change, self.revision)

    def compare(
        self,
        *dirs: str,
        only: Collection[str] | None = None,
        features: frozenset[str] = frozenset(),
    ) -> Iterator[RegTested]:
        history = History.open(self.clone.path, self.workspace)
        oracle = VTestCase("flap", "digest", "flap.vtc")
        tool = Tool(Path("/vtest"), "vtest", "id")
        context = Context(self.workspace, history, Toolchains(GCC, GCC), oracle, (tool,))
        self.machine = self.kind(history.tree_id(self.revision), self.old, self.new)
        prober = Asker(context, Journal(self.journal), self.machine, lambda text: None, False)
        prober.machine = self.machine
        return compare(prober, self.revision, self.after, dirs, only, features)

    def judge(self) -> RegTested:
        """The event for the test d."""
        (event,) = self.compare("reg-tests/lua")
        return event


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    return World(clone, workspace, tmp_path / "journal")


# --- what is called so ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        *((verdict, verdict, RegTestChange.SAME) for verdict in (GOOD, BAD, UNTESTABLE)),
        (GOOD, BAD, RegTestChange.FAILS),
        (GOOD, UNTESTABLE, RegTestChange.FAILS),  # HAProxy does not start any more
        (UNTESTABLE, BAD, RegTestChange.FAILS),
        (None, BAD, RegTestChange.FAILS),  # the patch's own test
        (BAD, GOOD, RegTestChange.PASSES),
        (UNTESTABLE, GOOD, RegTestChange.PASSES),
        (None, GOOD, RegTestChange.PASSES),
        (BAD, UNTESTABLE, RegTestChange.SAME),  # as little worth as before
        (None, UNTESTABLE, RegTestChange.SAME),
    ],
)
def test_what_a_pair_of_verdicts_is_called(
    before: Verdict | None, after: Verdict, change: str
) -> None:
    assert changed(before, after) == change


def test_a_test_that_stays_as_it_was_runs_once_on_each_side(world: World) -> None:
    event = world.judge()
    assert event == RegTested(
        world.revision,
        "v3.0.0",
        "reg-tests/lua/d.vtc",
        GOOD,
        GOOD,
        RegTestChange.SAME,
        1,
        "",
        "/new.log",
    )
    assert world.machine.asked == [("old", "d", 0), ("new", "d", 0)]


def test_a_skipped_test_is_the_same_and_says_why(world: World) -> None:
    world.old = world.new = {"d": [UNTESTABLE]}
    event = world.judge()
    assert (event.change, event.runs, event.reason) == (RegTestChange.SAME, 1, "d is untestable")


@pytest.mark.parametrize("verdict", [BAD, UNTESTABLE])
def test_a_difference_is_believed_when_three_more_runs_of_both_sides_agree(
    world: World, verdict: Verdict
) -> None:
    world.new = {"d": [verdict]}
    event = world.judge()
    assert (event.before, event.after, event.change) == (GOOD, verdict, RegTestChange.FAILS)
    assert (event.runs, event.reason) == (4, f"d is {verdict}")
    assert world.machine.asked == [(side, "d", run) for run in range(4) for side in ("old", "new")]


def test_what_passes_only_now_says_why_it_failed(world: World) -> None:
    world.old = {"d": [BAD]}
    event = world.judge()
    assert (event.change, event.runs, event.reason) == (RegTestChange.PASSES, 4, "d is bad")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ([GOOD], [BAD, GOOD], "before: good, good; after: bad, good"),
        (
            [GOOD],
            [BAD, BAD, BAD, GOOD],
            "before: good, good, good, good; after: bad, bad, bad, goo",
        ),
        ([BAD, GOOD], [GOOD], "before: bad, good; after: good, good"),
        ([GOOD, BAD], [BAD, GOOD], "before: good, bad; after: bad, good"),
    ],
)
def test_one_run_that_says_otherwise_makes_it_flicker(
    world: World, old: list[Verdict], new: list[Verdict], said: str
) -> None:
    world.old, world.new = {"d": old}, {"d": new}
    event = world.judge()
    assert event.change == RegTestChange.FLICKERS
    assert event.reason.startswith(said)
    assert event.runs == max(len(old), len(new)), "what is clear is not run again"


def test_a_side_that_does_not_compile_ends_it(world: World) -> None:
    world.new = {"d": [UNBUILDABLE]}
    with pytest.raises(BuildFailed, match="with the patch does not build: d is unbuildable"):
        world.judge()


def test_what_an_earlier_session_ran_is_not_run_again(world: World) -> None:
    world.new = {"d": [BAD]}
    first = world.judge()
    assert world.judge() == first
    assert world.machine.asked == []


# --- side by side ---------------------------------------------------------------------------------


def test_tests_run_side_by_side_after_the_first_which_makes_the_builds(world: World) -> None:
    world.kind = Wide
    events = list(world.compare("reg-tests"))
    assert [(event.test, event.runs) for event in events] == [
        ("reg-tests/checks/a.vtc", 1),
        ("reg-tests/checks/b.vtc", 1),
        ("reg-tests/checks/deep/c.vtc", 1),
        ("reg-tests/lua/d.vtc", 1),
    ]
    assert isinstance(world.machine, Wide)
    widths = world.machine.widths
    assert (widths["new", "a", 0], widths["old", "b", 0], widths["new", "d", 0]) == (2, 1, 6)


@pytest.mark.parametrize(
    ("alone", "change", "runs"),
    [(GOOD, RegTestChange.SAME, 1), (BAD, RegTestChange.FAILS, 4)],
)
def test_a_failure_beside_others_does_not_count_and_is_tried_alone(
    world: World, alone: Verdict, change: RegTestChange, runs: int
) -> None:
    world.kind, world.new = Wide, {"b": [BAD, alone]}
    *others, last = world.compare("reg-tests")
    assert {event.change for event in others} == {RegTestChange.SAME}
    assert (last.test, last.change, last.runs) == ("reg-tests/checks/b.vtc", change, runs)
    assert isinstance(world.machine, Wide)
    assert {width for (_, _, run), width in world.machine.widths.items() if run} == {1}


def test_a_failure_on_both_sides_may_be_a_collision_that_hides_another(world: World) -> None:
    world.kind, world.old, world.new = Wide, {"b": [BAD, GOOD]}, {"b": [BAD]}
    *_, last = world.compare("reg-tests")
    assert (last.test, last.change) == ("reg-tests/checks/b.vtc", RegTestChange.FAILS)


def test_a_new_test_is_tried_as_often_as_elsewhere(world: World) -> None:
    world.patch({"reg-tests/new/e.vtc": VTC})
    world.kind, world.new = Wide, {"e": [GOOD, GOOD, BAD]}
    (event,) = world.compare("reg-tests/new")
    assert event.change is RegTestChange.FLICKERS


# --- which tests ----------------------------------------------------------------------------------


def test_a_folder_means_all_tests_below_it_and_a_file_itself_each_once(world: World) -> None:
    def names(*dirs: str) -> list[str]:
        return [event.test for event in world.compare(*dirs)]

    assert names("reg-tests/checks/") == [
        "reg-tests/checks/a.vtc",
        "reg-tests/checks/b.vtc",
        "reg-tests/checks/deep/c.vtc",
    ]
    assert names("reg-tests/checks/b.vtc") == ["reg-tests/checks/b.vtc"]
    assert len(names("./reg-tests", "reg-tests/lua", "reg-tests/checks/b.vtc")) == 4


def test_only_some_may_run_on_builds_with_what_all_of_them_ask_for(world: World) -> None:
    tls, lua = (f"{VTC}#REQUIRE_OPTIONS={name}\n" for name in ("OPENSSL", "LUA"))
    world.revision = world.clone.commit({"reg-tests/checks/a.vtc": tls, "reg-tests/lua/d.vtc": lua})
    world.patch({"reg-tests/checks/e.vtc": VTC, "reg-tests/checks/b.vtc": None})
    only = {f"reg-tests/checks/{name}.vtc" for name in "abex"}
    events = list(world.compare("reg-tests", only=only))
    assert [event.test for event in events] == ["reg-tests/checks/a.vtc", "reg-tests/checks/e.vtc"]
    assert world.machine.features == {frozenset({"OPENSSL", "LUA"})}


def test_builds_may_have_more_so_that_others_have_the_same(world: World) -> None:
    lua = {"reg-tests/lua/d.vtc": f"{VTC}#REQUIRE_OPTIONS=LUA\n"}
    world.revision = world.clone.commit(lua)
    world.patch({})
    list(world.compare("reg-tests", features=frozenset({"QUIC"})))
    assert world.machine.features == {frozenset({"LUA", "QUIC"})}


def test_what_upstream_calls_broken_runs_only_by_its_own_name(world: World) -> None:
    world.revision = world.clone.commit({"reg-tests/lua/d.vtc": f"{VTC}#REGTEST_TYPE=broken\n"})
    world.patch({})
    with pytest.raises(UsageProblem, match=r"reg-tests/lua: \w+ has no such tests"):
        world.compare("reg-tests/lua")
    assert len(list(world.compare("reg-tests/lua/d.vtc"))) == 1


@pytest.mark.parametrize("name", ["reg-tests/none", "reg-tests/checks/none.vtc"])
def test_what_the_revision_does_not_have_is_told_before_anything_runs(
    world: World, name: str
) -> None:
    with pytest.raises(UsageProblem, match=f"--reg-tests {name}: v3.0.0 has no such tests"):
        world.compare("reg-tests/lua", name)
    assert world.machine.asked == []


@pytest.mark.parametrize("name", ["/etc", "reg-tests/../src", "src", "", "../reg-tests"])
def test_only_paths_below_reg_tests_are_taken(world: World, name: str) -> None:
    with pytest.raises(UsageProblem, match="not a path below reg-tests/"):
        world.compare(name)


def test_a_test_that_the_patch_brings_has_no_before(world: World) -> None:
    world.patch({"reg-tests/new/e.vtc": VTC})
    (event,) = world.compare("reg-tests/new")
    assert (event.before, event.after, event.change) == (None, GOOD, RegTestChange.PASSES)
    assert event.reason == "the test is new"
    assert {side for side, _, _ in world.machine.asked} == {"new"}


def test_a_new_test_that_flickers_is_no_pass(world: World) -> None:
    world.patch({"reg-tests/new/e.vtc": VTC})
    world.new = {"e": [GOOD, BAD]}
    (event,) = world.compare("reg-tests/new")
    assert (event.change, event.reason) == (RegTestChange.FLICKERS, "new; good, bad")


def test_a_test_that_the_patch_removes_is_left_out(world: World) -> None:
    world.patch({"reg-tests/checks/a.vtc": None})
    assert len(list(world.compare("reg-tests/checks"))) == 2


# --- the files ------------------------------------------------------------------------------------


def test_each_side_runs_its_own_text_with_what_lies_beside_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, str, bool]] = []
    submit = Machine.submit

    def spy(self: Machine, request: Probe) -> Task:
        case = case_of(request)
        folder = Path(case.folder)
        text = (folder / case.vtc).read_text()
        seen.append((request.oracle.name, text, (folder / "a.lua").exists()))
        return submit(self, request)

    monkeypatch.setattr(Machine, "submit", spy)
    world.patch({"reg-tests/checks/a.vtc": f"{VTC}# changed\n"})
    list(world.compare("reg-tests/checks/a.vtc"))
    name = "reg-tests/checks/a.vtc"
    assert seen == [(name, VTC, True), (name, f"{VTC}# changed\n", True)]


def test_a_changed_companion_is_another_question(world: World) -> None:
    list(world.compare("reg-tests/checks/a.vtc"))
    world.patch({"reg-tests/checks/a.lua": "-- other"})
    list(world.compare("reg-tests/checks/a.vtc"))
    assert world.machine.asked == [("new", "a", 0)]
