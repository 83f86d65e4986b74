"""Which commits are picks of which: by the trailer, the change, or the author and subject."""

from __future__ import annotations

import pytest

from bisector.git.picks import Pick, PickedBy, Picks, origins
from tests.support.clone import Clone

FIX = {"src/haproxy.c": "int fixed;\n"}
SUBJECT = "BUG/MINOR: x: fix it"


def trailer(commit: str) -> str:
    return f"(cherry picked from commit {commit})"


@pytest.fixture
def base(clone: Clone) -> str:
    return clone.commit({"src/other.c": "1\n2\n3\n"})


@pytest.fixture
def fix(clone: Clone, base: str) -> str:
    return clone.commit(FIX, subject=SUBJECT)


def picked(clone: Clone, base: str, change: dict[str, str], subject: str) -> str:
    """A commit on the stable branch, one after the other."""
    clone.commit({"VERSION": "3.0.1\n"}, branch="3.0", parents=[base])
    return clone.commit(change, subject=subject, branch="3.0")


def test_a_message_names_the_original_and_then_the_picks_between() -> None:
    message = f"BUG: x\n\nText.\n{trailer('a' * 40)}\nSigned-off-by: Jo\n{trailer('b' * 40)}\n"
    assert origins(message.encode()) == ("a" * 40, "b" * 40)
    assert origins(b"see (cherry picked from commit 64c9c8ef39)") == ()


def test_the_trailer_tells_the_pick_of_the_original_and_of_a_pick_between(
    clone: Clone, base: str, fix: str
) -> None:
    between = clone.commit(
        FIX, subject=f"{SUBJECT}\n\n{trailer(fix)}", branch="3.2", parents=[base]
    )
    last = picked(clone, base, {"x": "1\n"}, f"{SUBJECT}\n\n{trailer(fix)}\n{trailer(between)}")
    picks = Picks(clone.git, [last])
    assert picks.by_trailer == {fix: last, between: last}
    assert picks.of(fix) == picks.of(between) == Pick(last, PickedBy.TRAILER)


def test_a_pick_of_the_same_original_on_another_branch_is_found(
    clone: Clone, base: str, fix: str
) -> None:
    """Each was picked from master by itself."""
    one = clone.commit(FIX, subject=f"{SUBJECT}\n\n{trailer(fix)}", branch="3.2", parents=[base])
    other = picked(clone, base, {"x": "1\n"}, f"{SUBJECT}\n\n{trailer(fix)}")
    assert Picks(clone.git, [other]).of(one) == Pick(other, PickedBy.TRAILER)


def test_without_a_trailer_the_same_change_tells(clone: Clone, base: str, fix: str) -> None:
    pick = picked(clone, base, FIX, "Apply the fix of x")
    assert Picks(clone.git, [pick]).of(fix) == Pick(pick, PickedBy.PATCH)


def test_an_adapted_change_is_told_by_author_and_subject(clone: Clone, base: str, fix: str) -> None:
    pick = picked(clone, base, {"src/haproxy.c": "int fixed_here;\n"}, SUBJECT)
    assert Picks(clone.git, [pick]).of(fix) == Pick(pick, PickedBy.SUBJECT)


def test_two_commits_with_the_same_subject_tell_nothing(clone: Clone, base: str, fix: str) -> None:
    one = picked(clone, base, {"src/a.c": "1\n"}, SUBJECT)
    two = clone.commit({"src/b.c": "1\n"}, subject=SUBJECT, branch="3.0")
    assert Picks(clone.git, [one, two]).of(fix) is None


def test_a_commit_that_was_not_picked_has_no_pick(clone: Clone, base: str, fix: str) -> None:
    other = picked(clone, base, {"src/haproxy.c": "int other;\n"}, "BUG/MINOR: y: fix another")
    picks = Picks(clone.git, [base, other])
    assert picks.of(fix) is None


def test_first_commits_and_merges_are_no_picks(clone: Clone, base: str, fix: str) -> None:
    side = picked(clone, base, {"src/b.c": "1\n"}, "MINOR: b")
    merge = clone.commit({}, subject="Merge", parents=[fix, side])
    assert Picks(clone.git, [base, merge]).of(side) is None
    assert Picks(clone.git, [side]).of(merge) is None
