"""A text gets smaller as long as a made-up test says so; nothing is lost when it is interrupted."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest

from bisector.jobs.reduce.kept import Kept
from bisector.jobs.reduce.shrinking import Shrinking, newest
from bisector.system.workspace import Workspace

CONFIG = "".join(
    f"# number {n}\nfrontend f{n}\n    bind :{n}\n    use_backend b{n} if {{ path /{n} }}\n\n"
    f"backend b{n}\n    server s 127.0.0.{n}:1 check\n"
    for n in range(30)
).encode()
NEEDED = (b"frontend f7\n", b"    use_backend b7", b"\nbackend b7\n", b"    server s 127.0.0.7:1")


def shows_bug(text: bytes) -> bool:
    return all(part in text for part in NEEDED)


class Scripted:
    """Answers at once, from a rule for the text."""

    width = 3

    def __init__(self, does: Callable[[bytes], bool] = shows_bug) -> None:
        self.does = does
        self.asked: list[bytes] = []
        self.stop_after = -1

    def submit(self, text: bytes, runs: int) -> Future[bool]:
        if len(self.asked) == self.stop_after:
            raise KeyboardInterrupt
        self.asked.append(text)
        done: Future[bool] = Future()
        done.set_result(all(self.does(text) for _ in range(runs)))
        return done

    def is_steady(self, text: bytes, runs: int) -> bool:
        return all(self.does(text) for _ in range(runs))


class Desk:
    """One reduction, in as many sessions as it takes."""

    def __init__(self, workspace: Workspace, home: Path) -> None:
        self._workspace, self._home = workspace, home
        self.notes: list[str] = []

    def session(self, tester: Scripted, whole: bytes = CONFIG, seconds: float = 600.0) -> Shrinking:
        kept = Kept(self._workspace, self._home, fresh=False)
        return Shrinking(tester, kept, whole, seconds, lambda text: None, self.notes.append)

    @property
    def kept(self) -> Kept:
        return Kept(self._workspace, self._home, fresh=False)


@pytest.fixture
def desk(workspace: Workspace) -> Desk:
    return Desk(workspace, workspace.folder("hunts", "one"))


def test_only_what_is_needed_is_left(desk: Desk) -> None:
    tester = Scripted()
    shrinking = desk.session(tester)
    assert shrinking.run() == ""
    assert shrinking.text == (
        b"frontend f7\n    use_backend b7\nbackend b7\n    server s 127.0.0.7:1\n"
    )
    assert len(tester.asked) < 200
    assert desk.kept.best == shrinking.text
    assert desk.kept.tally.trials == len(tester.asked)


def test_without_any_line_it_would_not_show_the_bug(desk: Desk) -> None:
    """By a rule under which some parts depend on others, and some can go only after others."""

    def needs_each_other(text: bytes) -> bool:
        used = {n for n in range(30) if b"use_backend b%d " % n in text}
        there = {n for n in range(30) if b"backend b%d\n" % n in text}
        return used <= there and 7 in used and text.count(b"backend") % 3 != 1

    shrinking = desk.session(Scripted(needs_each_other))
    assert shrinking.run() == ""
    lines = shrinking.text.splitlines(keepends=True)
    assert len(lines) < 8
    for at in range(len(lines)):
        assert not needs_each_other(b"".join(lines[:at] + lines[at + 1 :]))


def test_what_cannot_be_made_smaller_stays(desk: Desk) -> None:
    shrinking = desk.session(Scripted(lambda text: text == CONFIG))
    assert shrinking.run() == ""
    assert shrinking.text == CONFIG


@pytest.mark.parametrize(
    "text", [b"\xff\xfe is latin\r\nneeded\r\nno\r\n", b"needed", b"\\\n\nneeded\\"]
)
def test_bytes_are_kept_as_they_are(desk: Desk, text: bytes) -> None:
    tester = Scripted(lambda candidate: b"needed" in candidate)
    shrinking = desk.session(tester, text)
    shrinking.run()
    assert b"needed" in shrinking.text
    assert all(one.translate(None, text) == b"" for one in tester.asked)
    assert any(b"\xff\xfe" in one for one in tester.asked) == (b"\xff\xfe" in text)


def test_after_an_interruption_at_any_step_it_ends_with_the_same(desk: Desk) -> None:
    whole = CONFIG[: CONFIG.index(b"# number 9")]
    for after in range(60):
        tester = Scripted()
        tester.stop_after = after % 7
        shrinking = desk.session(tester, whole)
        before = desk.kept.best or whole
        try:
            shrinking.run()
            break
        except KeyboardInterrupt:
            assert shows_bug(shrinking.text)
            assert len(shrinking.text) <= len(before), "nothing is lost"
            assert desk.kept.best in (shrinking.text, b"")
    assert shrinking.text == (
        b"frontend f7\n    use_backend b7\nbackend b7\n    server s 127.0.0.7:1\n"
    )
    last = Scripted()
    assert desk.session(last, whole).run() == ""
    assert last.asked == [], "all of it is known"


def test_when_the_time_is_up_the_smallest_so_far_is_the_result_and_it_goes_on_later(
    desk: Desk,
) -> None:
    shrinking = desk.session(Scripted(), seconds=0.0)
    assert shrinking.run() == "the time is up"
    assert shrinking.text == CONFIG
    assert desk.session(Scripted()).run() == ""


def test_a_kept_text_that_does_not_do_any_more_is_not_used(desk: Desk) -> None:
    desk.kept.keep(b"damaged")
    shrinking = desk.session(Scripted())
    shrinking.run()
    assert shows_bug(shrinking.text)


def test_candidates_that_do_only_now_and_then_are_left_again(desk: Desk) -> None:
    """Without one of the servers the test fails in a quarter of its runs only."""
    chance = random.Random(1)

    def flaky(text: bytes) -> bool:
        return shows_bug(text) and (b"127.0.0.9:1" in text or chance.random() < 0.25)

    shrinking = desk.session(Scripted(flaky))
    shrinking.run()
    assert b"127.0.0.9:1" in shrinking.text
    assert len(shrinking.text) < len(CONFIG) / 2
    assert any("not steady" in note for note in desk.notes)


def test_a_check_that_a_busy_machine_spoils_is_made_again(desk: Desk) -> None:
    """While it is busy, the whole file does not do, either."""
    tester, checks = Scripted(), iter([False, False])
    tester.is_steady = lambda text, runs: next(checks, True)  # type: ignore[method-assign]
    shrinking = desk.session(tester)
    assert shrinking.run() == ""
    assert len(shrinking.text.splitlines()) == 4
    assert not any("not steady" in note for note in desk.notes)


def test_the_newest_of_several_that_does_is_found_by_halving() -> None:
    texts = [bytes([n]) for n in range(100)]
    for last in range(-1, 100):
        asked: list[bytes] = []

        def does(text: bytes, last: int = last, asked: list[bytes] = asked) -> bool:
            asked.append(text)
            return text[0] <= last

        assert newest(texts, does) == (texts[last] if last >= 0 else None)
        assert len(asked) <= 7
    assert newest([], shows_bug) is None
