"""tcc judges as gcc does, and where it cannot, gcc is asked instead."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bisector.git.history import History
from bisector.jobs.playground import Playground, make
from bisector.patch.model import Series
from bisector.probing.probe import probe
from bisector.record.verdict import Verdict
from bisector.system import debian
from bisector.system.workspace import Workspace
from tests.support.grounds import RELEASE_ONLY, SMALL
from tests.support.obtain import obtain
from tests.support.planted import Edit, plant
from tests.support.real import bisector, broken, context

NOT_FOR_TCC = Edit(
    "src/hash.c", "#include", "#ifdef __TINYC__\n#error not with tcc\n#endif\n#include"
)

pytestmark = pytest.mark.usefixtures("with_tcc")


@pytest.mark.parametrize("scenario", ["dns-flap", "dns-false-up"])
def test_both_toolchains_say_the_same(
    real_workspace: Workspace, ground_history: History, series: Series, scenario: str
) -> None:
    """On the good release, and on the one without the fix: all of it, or its second half."""
    good = ground_history.tree_id(ground_history.resolve("v3.0.11").id)
    taken_out = series.patches if scenario == "dns-flap" else series.patches[1:]
    bad = broken(real_workspace, ground_history, taken_out)
    ready = context(real_workspace, ground_history, scenario)
    fast, real = ready.toolchains.search, ready.toolchains.fallback
    assert real is not None
    assert not fast.is_real and real.is_real

    for tree, expected in ((good, Verdict.GOOD), (bad, Verdict.BAD)):
        said = [probe(real_workspace, ready.request(tree, toolchain)) for toolchain in (fast, real)]
        assert [one.verdict for one in said] == [expected] * 2, said
        assert said[0].binary != said[1].binary


@pytest.fixture(scope="module")
def old(real_workspace: Workspace) -> Playground:
    """A release from before 2.8, which does not know yet what tcc lacks."""
    source = obtain(lambda: debian.fetch_source(real_workspace, "2.6"))
    return make(real_workspace, source.path, Series(()), RELEASE_ONLY)


def test_a_release_from_before_2_8_is_judged_by_tcc_as_by_gcc(
    real_workspace: Workspace, old: Playground
) -> None:
    for name in ("fast", "dev"):
        done = bisector("probe", "--repo", str(old.path), "--toolchain", name)
        assert (done.returncode, done.stdout.partition(":")[0]) == (0, "good"), done.stderr


def test_a_source_that_tcc_cannot_compile_is_judged_by_gcc(
    ground: Playground, tmp_path: Path
) -> None:
    plant(tmp_path / "repo.git", ground.path, "v3.0.11", {NOT_FOR_TCC: range(1, 2)}, 2)
    asked = ("probe", "master", "--repo", str(tmp_path / "repo.git"))
    done = bisector(*asked)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^built with +dev\b", done.stdout, re.M)
    alone = bisector(*asked, "--toolchain", "fast")
    assert alone.returncode == 125
    assert alone.stdout.startswith("unbuildable: ")


def test_what_no_toolchain_can_judge_is_asked_of_both(
    real_workspace: Workspace, ground: Playground
) -> None:
    """A commit that does not compile, and one at which the test does not work."""
    plan = SMALL
    for number, word in ((plan.unbuildable[0], "unbuildable"), (plan.untestable[0], "untestable")):
        revision = f"{ground.heal}~{plan.heal - number}"
        done = bisector("probe", revision, "--repo", str(ground.path))
        assert done.returncode == 125
        assert done.stdout.startswith(f"{word}: ")
        assert re.search("^built with +dev$", done.stdout, re.M), "gcc was asked in the end"
