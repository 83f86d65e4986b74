"""What a queue takes by phase, and what comes out of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import queue_build
from bench.queue_build import Clock, Made, Used
from bisector.record.events import Event
from bisector.record.patch_events import RegTested
from bisector.record.queue_events import Evidence, Queued, Series, Statement, Word
from bisector.record.verdict import Verdict
from bisector.record.words import RegTestChange
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.queues import FUNCTION, C, Lines, line

PROGRESS = """\
qualify: v3.0.0 (fast)
3.0: reg-tests of 1 of 1 fixes
3.0: 0 of 2 commits
3.0: 0 of 2 commits
building the branch's tip
step of the series: v3.0.0 + patch (fast); step 1 of 2
finding out what each reg-test executes
what each reg-test executes: 1 of 3
reg-test reg-tests/a.vtc: v3.0.0 (fast)
reg-test 1 of 3 before and after the series
building the branch's tip
"""


@pytest.fixture
def lines(clone: Clone, workspace: Workspace) -> Lines:
    return Lines(clone, workspace)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A source that is another one."""
    for path, text in {C: line(2, "other();"), "include/haproxy/x.h": "#define X 1\n"}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def ticking() -> Iterator[Used]:
    """A second of the clock and two of the processors later each time."""
    yield from (Used(float(tick), 2.0 * tick) for tick in range(100))


def test_a_phase_lasts_until_the_next_one_begins_and_does_not_come_back() -> None:
    shown, ticks = list[str](), ticking()
    clock = Clock(shown.append, lambda: next(ticks))
    for text in PROGRESS.splitlines():
        clock.progress(text)
    clock.end()
    names = ["start", *(name for name, _ in queue_build.PHASES)]
    assert clock.phases == dict.fromkeys(names, Used(1.0, 2.0))
    assert shown == names[1:]


def test_a_phase_that_is_left_out_takes_nothing() -> None:
    ticks = ticking()
    clock = Clock(lambda text: None, lambda: next(ticks))
    clock.progress("3.0: 0 of 2 commits")
    clock.end()
    assert [*clock.phases] == ["start", "plan"]


def test_the_times_have_a_sum() -> None:
    text = queue_build.times({"plan": Used(1.4, 1.0), "builds": Used(10.0, 19.6)})
    assert [row.split() for row in text.splitlines()] == [
        ["phase", "seconds", "CPU"],
        ["plan", "1", "1"],
        ["builds", "10", "20"],
        ["all", "11", "21"],
    ]


def test_the_report_names_what_was_set_aside_and_what_does_not_build_alone(
    lines: Lines, release: Path
) -> None:
    picked = lines.stable({C: FUNCTION + "int x;\n"}, "MINOR: x")
    alone = Statement("does not build without abc, which follows at once", Evidence.PROVEN)
    events: list[Event] = [
        row("a" * 40, Word.PICK, builds=alone),
        row("b" * 40, Word.BREAKS, why="the message asks for it, but it does not build: no"),
        row("c" * 40, Word.PICK, warnings=("src/x.c: unused variable",)),
        Series("3.0", "master", lines.base, picked, (picked,) * 2, True, 0, ("a" * 40, "c" * 40)),
        ran("reg-tests/a.vtc", RegTestChange.SAME),
        ran("reg-tests/b.vtc", RegTestChange.FLICKERS),
    ]
    made = Made(tuple(events), {"plan": Used(1.0, 1.0)}, 200)
    _, text = queue_build.report(lines.history, made, release).split("\n\n")
    assert text.splitlines() == [
        "memory of bisector itself: 200 MB at most",
        "2 steps, each of them built",
        "1 of them only build with the next one",
        f"  {'a' * 10} BUG/MINOR: x: {alone.text}",
        "1 of them bring warnings of the compiler",
        f"  {'c' * 10} BUG/MINOR: x: src/x.c: unused variable",
        "1 set aside, since they break the build or a reg-test",
        f"  {'b' * 10} BUG/MINOR: x: the message asks for it, but it does not build: no",
        "2 reg-tests were run before and after the series",
        "  reg-tests/b.vtc flickers: x",
        "lines that differ from the release: 5 in src/, 0 in include/",
    ]


def row(
    revision: str,
    word: Word,
    *,
    why: str = "",
    builds: Statement | None = None,
    warnings: tuple[str, ...] = (),
) -> Queued:
    subject = "BUG/MINOR: x"
    return Queued("3.0", revision, subject, "Jo", 0, word, why, builds=builds, warnings=warnings)


def ran(test: str, change: RegTestChange) -> RegTested:
    return RegTested("a" * 40, "3.0", test, Verdict.GOOD, Verdict.GOOD, change, 1, "x", "")
