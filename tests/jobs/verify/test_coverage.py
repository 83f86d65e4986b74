"""Coverage: which of a patch's lines are executed, which are missed, and when nothing is known."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pygit2
import pytest

from bisector.build import binaries
from bisector.build.toolchain import Toolchains
from bisector.build.toolchains.dev import Dev
from bisector.build.toolchains.fast import Fast
from bisector.git.history import History
from bisector.jobs.verify import coverage
from bisector.jobs.verify.coverage import added_lines, covered, measure, read
from bisector.probing.context import Context
from bisector.record.patch_events import Covered
from bisector.system import tools
from bisector.system.slots import Slot
from bisector.system.stop import Stopped
from bisector.system.tools import Lua, Tool
from bisector.system.workspace import Workspace
from bisector.testing.oracles.vtest_case import VTestCase
from tests.support.clone import Clone

LUA = Lua("5.4", Path("/lua/include"), Path("/lua/lib"), "lua5.4", "lua-id")
MAKE, GCC = Tool(Path("make"), "make", "make-id"), Tool(Path("gcc"), "gcc", "gcc-id")

# as HAProxy's, as far as it matters here: newer ones ask for the default action of SIGINT; and
# main() ends as VTest ends HAProxy
FILES: Mapping[str, str | None] = {
    "Makefile": """\
haproxy: src/haproxy.o src/a.o
\t$(CC) $(ARCH_FLAGS) -o $@ $^ $(ADDLIB)
%.o: %.c
\t$(CC) $(OPT_CFLAGS) $(ARCH_FLAGS) -Iinclude -c -o $@ $<
""",
    "src/haproxy.c": """\
#include <signal.h>
int a(int argc);
int main(int argc, char **argv)
{
	signal(SIGINT, SIG_DFL);
	raise(a(argc) ? SIGINT : SIGTERM);
	return 0;
}
""",
    "src/a.c": """\
#include "haproxy/x.h"
int a(int argc)
{
	return 1;
}
""",
    "src/spare.c": "int spare(void) { return 1; }\n",
}
PATCHED = """\
#include "haproxy/x.h"
int a(int argc)
{
	/* a comment */
	if (argc > 1)
		argc = 7;
	argc += 1;
	return 1;
}
"""


class World:
    """A tiny HAProxy, the real compiler, and a VTest that starts HAProxy and no more."""

    def __init__(self, clone: Clone, workspace: Workspace, vtest: Path) -> None:
        for name in ("gcc", "gcov", "make"):
            if not shutil.which(name):
                pytest.skip(f"no {name} on this machine")
        self.clone, self.workspace = clone, workspace
        self.revision = clone.commit(FILES)
        clone.tag("v3.0.0", self.revision)
        self.toolchains = Toolchains(Dev.of(MAKE, GCC, LUA, {}))
        self.vtest(vtest, '"$HAPROXY_PROGRAM"\n')

    def vtest(self, path: Path, script: str) -> None:
        path.write_text(f"#!/bin/sh\n{script}exit 0\n")
        path.chmod(0o755)
        self.tool = Tool(path, "vtest", "id")

    def context(self) -> Context:
        history = History.open(self.clone.path, self.workspace)
        return Context(
            self.workspace, history, self.toolchains, VTestCase("", "", ""), (self.tool,)
        )

    def measure(
        self, change: Mapping[str, str | None], tests: int = 1, slot: Slot | None = None
    ) -> dict[str, Covered]:
        """What is known of each file that *change* touches."""
        oracles = [VTestCase("x", "d", "x.vtc", files=(("x.vtc", ""),))] * tests
        tree = self.clone.tree(change, self.revision)
        found = measure(self.context(), self.revision, tree, oracles, slot)
        assert all((e.revision, e.name) == (self.revision, "v3.0.0") for e in found)
        return {event.path: event for event in found}

    def problem(self, change: Mapping[str, str | None], tests: int = 1) -> str:
        """Why nothing is known of the one file that *change* touches."""
        (event,) = self.measure(change, tests).values()
        assert (event.executed, event.missed, event.text) == ((), (), ())
        return event.problem


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    return World(clone, workspace, tmp_path / "vtest")


# --- the lines that a patch adds ------------------------------------------------------------------


def test_added_lines_are_those_of_c_files_by_their_number_in_the_patched_file(clone: Clone) -> None:
    base = clone.commit({"src/a.c": "1\n2\n3\n", "src/b.h": "gone\n", "doc/x.txt": "1\n"})
    after = clone.tree(
        {
            "src/a.c": "0\n1\n3\n4\r\n5",  # 2 is gone
            "src/b.h": None,
            "include/new.h": "1\n2\n",
            "doc/x.txt": "2\n",
            "Makefile": "all:\n",
        },
        base,
    )
    before = str(clone.git[base].peel(pygit2.Tree).id)
    assert added_lines(clone.git, before, after) == {
        "include/new.h": {1: "1", 2: "2"},
        "src/a.c": {1: "0", 4: "4", 5: "5"},
    }
    assert added_lines(clone.git, before, before) == {}


def test_the_lines_of_a_renamed_file_are_not_added(clone: Clone) -> None:
    text = "".join(f"line {number}\n" for number in range(20))
    base = clone.commit({"src/old.c": text})
    after = clone.tree({"src/old.c": None, "src/new.c": f"{text}more\n"}, base)
    before = str(clone.git[base].peel(pygit2.Tree).id)
    assert added_lines(clone.git, before, after) == {"src/new.c": {21: "more"}}


def test_lines_are_executed_or_missed_or_make_no_code() -> None:
    lines = {3: "/* c */", 4: "x();", 5: "y();"}
    event = covered("r", "v3", "src/a.c", lines, {"src/a.c": {4: 2, 5: 0, 6: 0, 7: 1}})
    assert event == Covered("r", "v3", "src/a.c", (4,), (5,), ("y();",))


def test_what_is_not_known_is_not_called_missed() -> None:
    lines = {4: "x();"}
    no_build = covered("r", "v3", "src/a.c", lines, "it does not build")
    assert no_build == Covered("r", "v3", "src/a.c", (), (), (), "it does not build")
    other = covered("r", "v3", "src/a.c", lines, {"src/b.c": {4: 0}})
    assert (other.missed, other.problem) == ((), "this build does not compile it")


def test_a_headers_line_is_executed_if_any_object_executed_it() -> None:
    text = '{"files": [{"file": "x.h", "lines": [{"line_number": 3, "count": %d}]}]}'
    counts: coverage.Counts = {"x.h": {}}
    read([(text % count).encode() for count in (0, 2, 0)], counts)
    assert counts == {"x.h": {3: 2}}


# --- the whole ------------------------------------------------------------------------------------


def test_what_the_tests_execute_is_told_from_what_they_miss(world: World) -> None:
    event = world.measure({"src/a.c": PATCHED})["src/a.c"]
    assert (event.executed, event.missed, event.problem) == ((5, 7), (6,), "")
    assert event.text == ("\t\targc = 7;",)


def test_several_tests_add_up(world: World, tmp_path: Path) -> None:
    """The first to come gives HAProxy an argument, the others do not."""
    once = f'mkdir {tmp_path}/first 2>/dev/null && set -- x || set --\n"$HAPROXY_PROGRAM" "$@"\n'
    world.vtest(tmp_path / "vtest", once)
    event = world.measure({"src/a.c": PATCHED}, tests=5)["src/a.c"]
    assert (event.executed, event.missed) == ((5, 6, 7), ())


@pytest.mark.parametrize("result", [0, 1])
def test_counters_are_written_whatever_signal_ends_it(world: World, result: int) -> None:
    source = f"int a(int argc)\n{{\n\treturn argc == {result};\n}}\n"
    assert world.measure({"src/a.c": source})["src/a.c"].executed == (3,)


def test_a_headers_code_is_found_in_what_includes_it(world: World) -> None:
    header = "static inline int x(int n)\n{\n\treturn n;\n}\n#define N 1\n"
    source = PATCHED.replace("argc += 1", "argc += x(1)")
    found = world.measure({"include/haproxy/x.h": header, "src/a.c": source})
    assert found["include/haproxy/x.h"].executed == (1, 3)
    assert found["src/a.c"].executed == (5, 7)


def test_a_patch_to_other_files_needs_no_build(world: World) -> None:
    assert world.measure({"doc/intro.txt": "text\n"}) == {}
    assert not (world.workspace.root / "trees").exists()


def test_a_comment_is_neither_executed_nor_missed(world: World) -> None:
    event = world.measure({"src/a.c": f"/* why */\n{FILES['src/a.c']}"})["src/a.c"]
    assert (event.executed, event.missed, event.problem) == ((), (), "")


def test_each_measurement_starts_from_nothing_and_leaves_other_builds_alone(world: World) -> None:
    world.measure({"src/a.c": PATCHED})
    assert "wrote no counters" in world.problem({"src/a.c": PATCHED}, tests=0)
    context = world.context()
    tree = context.history.tree_id(world.revision)
    binaries.build(world.workspace, context.history.store, tree, context.toolchains.search)
    trees = world.workspace.root / "trees"
    assert {path.name for path in trees.iterdir() if path.is_dir()} == {"coverage-0", "dev-0"}
    assert not list((trees / "dev-0").rglob("*.gcno"))


# --- when nothing can be known --------------------------------------------------------------------


def test_a_file_that_is_not_compiled_says_so(world: World) -> None:
    said = world.problem({"src/spare.c": "int spare(void)\n{\n\treturn 2;\n}\n"})
    assert said == "this build does not compile it"


def test_a_patch_that_does_not_compile_says_so(world: World) -> None:
    said = world.problem({"src/a.c": "int a(int argc) { return b; }\n"})
    assert "does not build with counters: src/a.c:1:" in said


def test_flags_that_the_build_ignores_are_noticed(world: World) -> None:
    makefile = (FILES["Makefile"] or "").replace("$(ARCH_FLAGS) -o", "-o").replace("$(ADDLIB)", "")
    world.revision = world.clone.commit({"Makefile": makefile.replace(" $(ARCH_FLAGS) ", " ")})
    world.clone.tag("v3.0.0", world.revision)
    assert "wrote no counters" in world.problem({"src/a.c": PATCHED})


def test_without_gcov_nothing_is_built(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "find_compiler", lambda name: None)
    assert world.problem({"src/a.c": PATCHED}).startswith("no gcov on this machine")
    assert not (world.workspace.root / "trees").exists()


def test_a_gcov_of_another_gcc_says_what_it_says(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gcov = tmp_path / "gcov"
    gcov.write_text("#!/bin/sh\necho \"x.gcno:version 'A93*', prefer 'B22*'\" >&2\n")
    gcov.chmod(0o755)
    monkeypatch.setattr(tools, "find_compiler", lambda name: Tool(gcov, "gcov 12", "id"))
    said = world.problem({"src/a.c": PATCHED})
    assert said == "gcov cannot read the counters: x.gcno:version 'A93*', prefer 'B22*'"


def test_tcc_alone_cannot_count(world: World) -> None:
    world.toolchains = Toolchains(Fast.of(MAKE, GCC, LUA, {}))
    assert world.problem({"src/a.c": PATCHED}).startswith("coverage needs gcc")


def test_it_can_be_called_off(world: World) -> None:
    slot = Slot()
    slot.cancel()
    with pytest.raises(Stopped):
        world.measure({"src/a.c": PATCHED}, slot=slot)


def test_called_off_during_the_tests_it_starts_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot, started = Slot(1), []

    def run(*_: object) -> None:
        started.append(True)
        slot.cancel()
        slot.stop.check()

    monkeypatch.setattr(VTestCase, "run", run)
    with pytest.raises(Stopped):
        world.measure({"src/a.c": PATCHED}, tests=5, slot=slot)
    assert len(started) == 1
