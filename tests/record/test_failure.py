"""Which failures are bad by themselves, and which may be learnt as the bug's."""

from __future__ import annotations

from bisector.record.failure import Failure, FailureClass


def test_only_an_expectation_and_a_crash_speak_for_themselves() -> None:
    speaking = {kind for kind in FailureClass if kind.speaks_for_itself}
    assert speaking == {FailureClass.EXPECTATION, FailureClass.CRASH}
    assert all(kind.learnable for kind in speaking)


def test_what_says_nothing_about_haproxy_is_not_learnable() -> None:
    assert {kind for kind in FailureClass if not kind.learnable} == {
        FailureClass.HARNESS,
        FailureClass.UNSUPPORTED,
        FailureClass.MISSING,
        FailureClass.SKIPPED,
        FailureClass.BROKEN,
    }


def test_a_kind_in_words_is_its_class_and_its_text() -> None:
    assert str(Failure(FailureClass.REFUSAL, "unknown keyword")) == (
        "refused configuration: unknown keyword"
    )


SEGV, ELSEWHERE = (Failure(FailureClass.CRASH, f"SIGSEGV in {name}") for name in ("f", "g"))


def test_a_crash_is_told_by_the_function_in_which_it_happened() -> None:
    assert SEGV.covers(SEGV)
    assert not SEGV.covers(ELSEWHERE)
    assert SEGV.covers(SEGV.anywhere), "it may have happened there"


def test_a_crash_anywhere_covers_every_place_and_no_other_crash() -> None:
    assert SEGV.anywhere == Failure(FailureClass.CRASH, "SIGSEGV")
    assert SEGV.anywhere.covers(ELSEWHERE)
    assert not SEGV.anywhere.covers(Failure(FailureClass.CRASH, "SIGABRT in f"))
    said = Failure(FailureClass.CRASH, 'SIGILL: FATAL: bug condition "x in y" matched in f')
    assert said.anywhere.text == 'SIGILL: FATAL: bug condition "x in y" matched'


def test_only_a_crash_has_a_place() -> None:
    failure = Failure(FailureClass.EXPECTATION, "c1: found in f")
    assert failure.anywhere == failure
