"""Hunk by hunk: who notices when one is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.build.toolchain import Toolchains
from bisector.jobs.judge import Judge, Suite
from bisector.jobs.verify.hunk_ablation import HunkAblation
from bisector.patch.model import Series
from bisector.record.patch_events import HunkDropped
from bisector.record.verdict import Verdict
from bisector.record.words import HunkState
from bisector.system.workspace import Workspace
from bisector.testing.oracle import Oracle
from tests.support.clone import Clone
from tests.support.patches import change
from tests.support.reading import case, reading_prober
from tests.support.toolchains import GCC, TCC

SUITE = Suite("flap", True, (case("flap", "a=1"), case("flap", "a=2")))

GAP = "".join(f"int gap{n};\n" for n in range(9))
OLD = f"int port = 0;\n{GAP}/* old words */\n{GAP}int family = 0;\n{GAP}int dead = 0;\n"
NEW = f"int port = 1;\n{GAP}/* new words */\n{GAP}int family = 1;\n{GAP}int dead = 1;\n"


def reading(source: str, oracle: Oracle, toolchain: str) -> Verdict:
    """One variant watches the port, the other one the family."""
    watched = "port = 1" if oracle.variant == "a=1" else "family = 1"
    return Verdict.GOOD if watched in source else Verdict.BAD


@pytest.fixture
def dropped(clone: Clone, workspace: Workspace, tmp_path: Path) -> list[HunkDropped]:
    return drop(clone, workspace, tmp_path, change("src/haproxy.c", OLD, NEW))


def drop(clone: Clone, workspace: Workspace, path: Path, series: Series) -> list[HunkDropped]:
    clone.commit({"src/haproxy.c": OLD})
    prober = reading_prober(clone, workspace, path / "journal", reading, Toolchains(TCC, GCC))
    judge = Judge(prober, (SUITE,))
    return list(HunkAblation(judge, prober.context.history.head().id).drop_each(series))


def test_each_hunk_is_noticed_by_the_variants_that_go_through_it(
    dropped: list[HunkDropped],
) -> None:
    assert [one.hunk for one in dropped] == [0, 1, 2, 3]
    assert [one.state for one in dropped] == [
        HunkState.NOTICED,
        HunkState.COMMENT,
        HunkState.NOTICED,
        HunkState.UNCOVERED,
    ]
    assert dropped[0].noticed_by == ("flap a=1",)
    assert dropped[2].noticed_by == ("flap a=2",)
    assert dropped[0].path == "src/haproxy.c"
    assert dropped[0].header.startswith("@@ -1,4 +1,4 @@")


def test_a_patch_of_one_hunk_is_dropped_whole(
    clone: Clone, workspace: Workspace, tmp_path: Path
) -> None:
    one = change("src/haproxy.c", OLD, OLD.replace("port = 0", "port = 1"))
    (only,) = drop(clone, workspace, tmp_path, one)
    assert (only.state, only.noticed_by) == (HunkState.NOTICED, ("flap a=1",))


def test_a_later_patch_does_not_hide_what_an_earlier_ones_hunk_is_for(
    clone: Clone, workspace: Workspace, tmp_path: Path
) -> None:
    middle = OLD.replace("port = 0", "port = 1")
    first = change("src/haproxy.c", OLD, middle, "first")
    second = change("src/haproxy.c", middle, middle.replace("port = 1", "port = 12"), "second")
    told = drop(clone, workspace, tmp_path, Series((*first.patches, *second.patches)))
    assert [(one.patch, one.state) for one in told] == [
        ("BUG: first", HunkState.NOTICED),
        ("BUG: second", HunkState.UNCOVERED),
    ]


def test_a_hunk_without_which_nothing_compiles_is_needed(
    clone: Clone, workspace: Workspace, tmp_path: Path
) -> None:
    def compiles(source: str, oracle: Oracle, toolchain: str) -> Verdict:
        halves = ("port = 1" in source) == ("family = 1" in source)
        return Verdict.GOOD if halves else Verdict.UNBUILDABLE

    clone.commit({"src/haproxy.c": OLD})
    prober = reading_prober(clone, workspace, tmp_path / "journal", compiles, Toolchains(GCC))
    judge = Judge(prober, (SUITE,))
    head = prober.context.history.head().id
    told = list(HunkAblation(judge, head).drop_each(change("src/haproxy.c", OLD, NEW)))
    assert [one.state for one in told] == [
        HunkState.NEEDED,
        HunkState.COMMENT,
        HunkState.NEEDED,
        HunkState.UNCOVERED,
    ]
    assert told[0].problem == "unbuildable, as it is"


def test_what_is_not_built_is_no_code(clone: Clone, workspace: Workspace, tmp_path: Path) -> None:
    clone.commit({"doc/x.txt": "old\n"})
    (told,) = drop(clone, workspace, tmp_path, change("doc/x.txt", "old\n", "new\n"))
    assert told.state == HunkState.COMMENT
