"""What brought the names that a fix lacks where it does not compile. Nothing is built here."""

from __future__ import annotations

from pathlib import Path

import pygit2
import pytest

from bisector.jobs.backport import lacking
from bisector.jobs.backport.backport import find_branches
from bisector.jobs.backport.fix import Fix
from bisector.jobs.backport.lacking import Lacks
from bisector.patch.cherry_pick import Picked, Picker
from bisector.record.missing_name import MissingName, NameKind
from bisector.system.workspace import Workspace
from tests.support.clone import AUTHOR, Clone
from tests.support.ports import C, World

LAMP = "include/haproxy/lamp.h"
LAMP_ON = MissingName(NameKind.IDENTIFIER, "LAMP_ON", C, 10)


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    return World(clone, workspace, tmp_path / "journal")


def found(world: World, fix: str, names: tuple[MissingName, ...] = (LAMP_ON,)) -> tuple[Lacks, int]:
    """What *fix* lacks on 3.0, where *names* are missing without the header, and the builds."""
    store = world.history.store
    builds: list[str] = []

    def missing(picked: Picked) -> tuple[MissingName, ...]:
        builds.append(picked.commits[-1])
        return () if LAMP in store[picked.commits[-1]].peel(pygit2.Tree) else names

    (branch,) = find_branches(world.history, ["3.0"])
    what = Fix.find(fix, world.history)
    lacks = lacking.find(world.history, Picker(store, AUTHOR), what, branch, missing)
    return lacks, len(builds)


def test_what_brought_a_name_that_the_compiler_misses_is_found(world: World) -> None:
    """The file used it before the fix, too, so that it is not new in the fix."""
    needed = world.step("line 19\n", "line 19 x\n", files={LAMP: "#define LAMP_ON 1\n"})
    world.step("line 3\n", "line 3 LAMP_ON\n")
    lacks, builds = found(world, world.fix("line 10 LAMP_ON"))
    assert lacks.needs is not None
    assert (lacks.needs.commits, builds) == ((needed,), 2)
    assert lacks.why == (f"needs {needed[:10]}: it brought LAMP_ON",)


def test_it_is_named_also_if_it_does_not_apply_itself(world: World) -> None:
    world.step("line 18\n", "line 18 x\n", subject="MEDIUM: x", files={LAMP: "/* none */\n"})
    header = "/* one */\n#define LAMP_ON 1\n"
    needed = world.step("line 18 x\n", "line 18 y\n", files={LAMP: header})
    world.step("line 3\n", "line 3 LAMP_ON\n")
    lacks, builds = found(world, world.fix("line 10 LAMP_ON"))
    assert (lacks.needs, builds) == (None, 1)
    assert lacks.why == (f"needs {needed[:10]}: it brought LAMP_ON",)


def test_what_the_fix_plainly_uses_is_found_before_anything_is_built(world: World) -> None:
    needed = world.step("line 19\n", "line 19 x\n", files={LAMP: "#define LAMP_ON 1\n"})
    lacks, builds = found(world, world.fix("line 10 LAMP_ON"))
    assert lacks.needs is not None
    assert (lacks.needs.commits, builds) == ((needed,), 1)


def test_a_name_that_no_commit_brought_leads_nowhere(world: World) -> None:
    world.step("line 3\n", "line 3 x\n")
    assert found(world, world.fix())[0] == Lacks()


def test_a_build_that_misses_no_name_needs_nothing(world: World) -> None:
    world.step("line 3\n", "line 3 x\n")
    assert found(world, world.fix(), ())[0] == Lacks()
