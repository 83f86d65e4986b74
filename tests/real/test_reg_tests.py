"""HAProxy's own reg-tests before and after a patch."""

from __future__ import annotations

from pathlib import Path

from bisector.git.history import History
from bisector.jobs.reg_tests import compare
from bisector.probing.executors import Local
from bisector.probing.prober import Prober
from bisector.record.journal import Journal
from bisector.record.patch_events import RegTested
from bisector.record.verdict import Verdict
from bisector.record.words import RegTestChange
from bisector.system.workspace import Workspace
from tests.support.real import context, edited

# a converter's first line of work; its own test is among these
CONVERTER = ("src/sample.c", "field = 1;")
TESTS = tuple(f"reg-tests/converter/{name}.vtc" for name in ("bytes", "field", "word"))


def compared(workspace: Workspace, history: History, journal: Path, new: str) -> list[RegTested]:
    """What TESTS say of the release with *new* in the converter."""
    revision = history.resolve("v3.0.11").id
    after = edited(history, revision, *CONVERTER, new)
    with Local(workspace, 1) as executor:
        ready = context(workspace, history, "dns-flap")
        prober = Prober(ready, Journal(journal), executor, lambda text: None, fresh=False)
        return list(compare(prober, revision, after, TESTS))


def test_a_patch_that_breaks_a_converter_newly_fails_its_test_and_no_other(
    real_workspace: Workspace, ground_history: History, tmp_path: Path
) -> None:
    events = compared(real_workspace, ground_history, tmp_path / "journal", "field = 2;")
    assert [event.change for event in events] == [
        RegTestChange.SAME,
        RegTestChange.FAILS,
        RegTestChange.SAME,
    ], events
    broken = events[1]
    assert (broken.before, broken.after, broken.runs) == (Verdict.GOOD, Verdict.BAD, 4)
    assert "EXPECT" in broken.reason
    assert broken.reason.split(": ", 1)[1] in " ".join(Path(broken.log).read_text().split())


def test_a_patch_that_breaks_nothing_changes_nothing(
    real_workspace: Workspace, ground_history: History, tmp_path: Path
) -> None:
    harmless = "field = 2;\n\t\tfield = 1;"
    events = compared(real_workspace, ground_history, tmp_path / "journal", harmless)
    assert [(event.before, event.after, event.change, event.runs) for event in events] == [
        (Verdict.GOOD, Verdict.GOOD, RegTestChange.SAME, 1)
    ] * 3
