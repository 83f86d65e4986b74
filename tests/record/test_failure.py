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
        FailureClass.MISSING,
        FailureClass.SKIPPED,
        FailureClass.BROKEN,
    }


def test_a_kind_in_words_is_its_class_and_its_text() -> None:
    assert str(Failure(FailureClass.REFUSAL, "unknown keyword")) == (
        "refused configuration: unknown keyword"
    )
