"""The journal: what it says is on the disk, and what was damaged is never believed."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bisector.errors import WorkspaceProblem
from bisector.record.events import Confirmed, Ended, Event, Noted, Probed
from bisector.record.journal import FORMAT, Journal, encode, format_of, read
from bisector.record.verdict import Verdict
from tests.support import old_journal
from tests.support.strategies import EVENTS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def probed(key: str, run: int = 0, verdict: Verdict = Verdict.GOOD) -> Probed:
    return Probed(
        purpose="end",
        revision="r",
        name="r",
        subject="s",
        patched=False,
        run=run,
        key=key,
        verdict=verdict,
        reason="why",
        evidence=("line",),
        binary="b",
        build_seconds=1.5,
        test_seconds=0.3,
        log="/log",
        known=False,
        at=1.0,
    )


THREE: list[Event] = [probed("a"), Noted("ünïcode\nand a line break"), Ended("answered", ())]


def written(path: Path, events: list[Event]) -> bytes:
    journal = Journal(path)
    for event in events:
        journal.append(event)
    return path.read_bytes()


# --- what is written is there ---------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=5))
def test_what_was_appended_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, events: list[Event]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal"
    written(path, events)
    assert read(path) == (events, 0)
    assert Journal(path).events == events


def test_a_journal_that_is_not_there_is_empty(path: Path) -> None:
    assert read(path) == ([], 0)
    assert Journal(path).events == []
    assert not path.exists(), "nothing has happened yet"


def test_a_name_that_is_not_utf8_is_kept_too(path: Path) -> None:
    """As Python has the names of files: bytes that are no text as lone surrogates."""
    note = Noted(os.fsdecode(b"/home/\xff/x"))
    written(path, [note])
    assert read(path) == ([note], 0)


def test_each_event_is_one_line_and_the_next_session_appends(path: Path) -> None:
    written(path, THREE[:1])
    written(path, THREE[1:])
    assert path.read_bytes().count(b"\n") == 3
    assert read(path) == (THREE, 0)


def test_an_event_is_on_the_disk_before_anybody_hears_of_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    real = os.fsync

    def watch(descriptor: int) -> None:
        assert path.read_bytes() == encode(THREE[0]), "the whole line is there when it is synced"
        real(descriptor)
        happened.append("synced")

    monkeypatch.setattr(os, "fsync", watch)
    journal = Journal(path)
    journal.listeners.append(lambda event: happened.append("told"))
    journal.append(THREE[0])
    assert happened == ["synced", "told"]
    assert journal.events == THREE[:1]


def test_a_disk_that_refuses_is_explained_and_the_event_did_not_happen(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(path)
    told: list[Event] = []
    journal.listeners.append(told.append)

    def refuse(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(WorkspaceProblem, match=r"cannot write the journal .*make room"):
            journal.append(probed("a"))
    assert not journal.events and not told
    assert journal.recall("a", 0) is None


# --- damage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", range(1, len(encode(THREE[1])) + 1, 7))
def test_a_torn_last_line_is_left_out_and_the_next_event_is_whole(path: Path, kept: int) -> None:
    whole = written(path, THREE[:1])
    path.write_bytes(whole + encode(THREE[1])[:kept][:-1])
    events, damaged = read(path)
    assert events == THREE[:1]
    assert damaged == (1 if kept > 1 else 0)

    Journal(path).append(THREE[2])
    assert read(path) == ([THREE[0], THREE[2]], damaged)


def test_a_line_that_only_lacks_its_end_is_whole(path: Path) -> None:
    path.write_bytes(encode(THREE[0])[:-1])
    Journal(path).append(THREE[1])
    assert read(path) == (THREE[:2], 0)


def test_after_an_append_that_failed_half_way_the_next_one_is_whole(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: path.write_bytes(b"01234567 {to") and 1 / 0)
        with pytest.raises(ZeroDivisionError):
            journal.append(THREE[0])
    journal.append(THREE[1])
    assert read(path) == (THREE[1:2], 1)


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(0, 7))
def test_whatever_bit_flips_no_event_is_invented(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal"
    content = bytearray(written(path, THREE))
    content[place % len(content)] ^= 1 << bit
    path.write_bytes(content)
    events, damaged = read(path)
    assert [event for event in events if event not in THREE] == []
    # an upper case digit of a checksum says the same; a lost line break takes two lines
    assert (len(events), damaged) in [(3, 0), (2, 1), (2, 2), (1, 1)]


def test_a_flip_in_the_middle_costs_that_line_only(path: Path) -> None:
    content = written(path, THREE)
    path.write_bytes(content.replace(b"line break", b"line brake"))
    assert read(path) == ([THREE[0], THREE[2]], 1)
    assert Journal(path).damaged == 1


@pytest.mark.parametrize("garbage", [b"\x00" * 50, b"x\n", b"00000000 []\n", b"\xff \xff\n"])
def test_garbage_is_no_event(path: Path, garbage: bytes) -> None:
    path.write_bytes(garbage)
    assert read(path) == ([], 1)


# --- what it knows --------------------------------------------------------------------------------


def test_a_verdict_is_recalled_by_question_and_run_in_this_session_and_the_next(
    path: Path,
) -> None:
    journal = Journal(path)
    asked = [probed("a"), probed("a", run=1, verdict=Verdict.BAD), probed("b")]
    for event in asked:
        journal.append(event)
    for known in (journal, Journal(path)):
        assert known.recall("a", 0) == asked[0]
        assert known.recall("a", 1) == asked[1]
        assert known.recall("b", 1) is None
        assert known.recall("c", 0) is None


def test_a_verdict_is_found_for_the_revision_that_it_was_asked_for(path: Path) -> None:
    """Two revisions that build the same share a key; each has its own event."""
    one, other = probed("a"), replace(probed("a"), revision="other", known=True)
    journal = Journal(path)
    journal.append(one)
    assert journal.asked("a", 0, "other", False) is None
    journal.append(other)
    for known in (journal, Journal(path)):
        assert known.asked("a", 0, "r", False) == one
        assert known.asked("a", 0, "other", False) == other
        assert known.asked("a", 0, "r", True) is None
        assert known.asked("a", 1, "r", False) is None
        assert known.recall("a", 0) == one, "the one that was really made"


def test_what_was_noted_is_not_noted_again_by_the_next_session(path: Path) -> None:
    confirmed = Confirmed("fix", True, 5, "")
    for _ in range(2):
        journal = Journal(path)
        journal.note(confirmed)
        journal.note(Noted("x"))
    journal.note(Confirmed("fix", False, 5, "doubt"))
    assert journal.events == [confirmed, Noted("x"), Confirmed("fix", False, 5, "doubt")]
    assert read(path)[0] == journal.events


# --- formats --------------------------------------------------------------------------------------


def test_a_journal_says_its_format(path: Path) -> None:
    assert format_of(path) == FORMAT, "one that is about to begin has ours"
    content = written(path, THREE)
    assert format_of(path) == FORMAT
    path.write_bytes(b"0" + content[1:])
    assert format_of(path) == FORMAT, "any line says it"


def test_a_journal_of_0_1_0_says_none_and_is_read(path: Path) -> None:
    path.write_bytes(b"".join((*old_journal.HUNT, *old_journal.VERIFICATION)))
    assert format_of(path) == 1
    events, damaged = read(path)
    assert (len(events), damaged) == (len(old_journal.HUNT) + len(old_journal.VERIFICATION), 0)
