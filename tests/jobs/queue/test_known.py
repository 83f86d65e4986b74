"""What messages, trailers and lines say of a commit."""

from __future__ import annotations

import pytest

from bisector.jobs.queue.by_lines import Presence
from bisector.record.queue_events import Evidence, Says, Statement
from tests.support.queues import ASKS, OTHER, REFUSES, WAITS, C, Lines, line

SUBJECT = "BUG/MINOR: lamp: switch it off"


# --- subjects -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "is_bug", "is_fix"),
    [
        ("BUG/MINOR: lamp: fix it", True, True),
        ('Revert "BUG/MEDIUM: lamp: fix it"', True, True),
        ("BUILD: lamp: compile it", False, True),
        ("MINOR: lamp: fix a BUG", False, False),
        ("a lamp", False, False),
    ],
)
def test_the_subject_tells_a_fix(lines: Lines, subject: str, is_bug: bool, is_fix: bool) -> None:
    commit = lines.main({C: "int c;\n"}, subject)
    known = lines.known
    assert (known.is_bug(commit), known.is_fix(commit)) == (is_bug, is_fix)
    assert known.subject(commit) == subject
    assert known.message(commit).startswith(f"{subject}\n")


# --- what the message says ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ASKS, Says.YES),
        ("This must be backported as far as 2.6.", Says.YES),
        ("It should be backported to all stable versions.", Says.YES),
        ("This should be backported to 3.2.", Says.NO),
        (REFUSES, Says.NO),
        (WAITS, Says.WAIT),
        ("It can be backported.", Says.ANYWHERE),
        ("It is wrong since ever.", Says.NOTHING),
    ],
)
def test_each_form_of_advice(lines: Lines, text: str, says: Says) -> None:
    commit = lines.main({C: "int c;\n"}, f"{SUBJECT}\n\n{text}")
    assert lines.known.says(commit) == (says, "" if says is Says.NOTHING else text)


def test_advice_about_another_commit_goes_with_that(lines: Lines) -> None:
    first = lines.main({C: "int c;\n"}, f"{SUBJECT}\n\n{ASKS}")
    text = f"This should be backported wherever commit {first[:10]} was."
    second = lines.main({C: "int c2;\n"}, f"BUG/MINOR: lamp: again\n\n{text}")
    assert lines.known.says(second) == (Says.FOLLOWS, text)


def test_a_commit_that_is_only_mentioned_is_not_followed(lines: Lines) -> None:
    first = lines.main({C: "int c;\n"}, f"{SUBJECT}\n\n{ASKS}")
    second = lines.main({C: "int c2;\n"}, f"MINOR: lamp: more\n\nSee also {first[:10]}.")
    assert lines.known.says(second) == (Says.NOTHING, "")


def test_a_commit_and_the_later_ones_that_name_it(lines: Lines) -> None:
    first = lines.main({C: "int c;\n"}, SUBJECT)
    second = lines.main({C: "int c2;\n"}, f"BUG/MINOR: lamp: more\n\nBroken by {first[:10]}.")
    known = lines.known
    assert [one.named for one in known.named_by(second)] == [first]
    assert [one.commit for one in known.naming(first)] == [second]
    assert not known.named_by(first)
    assert not known.naming(second)


def test_what_is_reverted_and_applied_again_is_not_reverted(lines: Lines) -> None:
    first = lines.main({C: "int c;\n"}, SUBJECT)
    again = "BUG/MINOR: lamp: other"
    revert = lines.main({C: "int d;\n"}, f'Revert "{SUBJECT}"\n\nThis reverts commit {first}.')
    assert lines.known.reverted_by(first) == revert
    lines.main({C: "int c;\n"}, f"{again}\n\nThis reverts commit {revert}.")
    assert lines.known.reverted_by(first) == ""


# --- there ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("trailer", "picked as {} by its message"),
        ("change", "{} is the same change"),
        ("subject", "{} has the same author and subject"),
    ],
)
def test_what_says_that_a_commit_is_there(lines: Lines, how: str, text: str) -> None:
    fix = lines.main({C: line(3, "fixed();")}, SUBJECT)
    message, change = {
        "trailer": (f"BUG: other\n\n(cherry picked from commit {fix})", {OTHER: "int x;\n"}),
        "change": ("BUG: other", {C: line(3, "fixed();")}),
        "subject": (SUBJECT, {C: line(3, "adapted();")}),
    }[how]
    pick = lines.stable(change, message)
    known = lines.known
    assert known.is_there(fix) == Statement(text.format(pick[:10]), Evidence.HISTORY)
    assert known.picked == (frozenset([fix]) if how == "trailer" else frozenset())


def test_a_commit_that_the_branch_parted_after_is_there(lines: Lines) -> None:
    fix = lines.main({C: "int c;\n"}, SUBJECT)
    known = lines.known
    older = known.is_there(lines.base)
    assert older == Statement("it is older than the branch", Evidence.HISTORY)
    assert known.is_there(fix) is None


# --- lines ----------------------------------------------------------------------------------------


def test_lines_of_a_commit_that_the_branch_lacks(lines: Lines) -> None:
    brought = lines.main({C: line(3, "wrong();")}, "MINOR: lamp: a new line")
    fix = lines.main({C: line(3, "right();")}, SUBJECT)
    known = lines.known
    assert known.by_lines(fix, set()).presence is Presence.LACKS
    assert known.by_lines(fix, {brought}).presence is Presence.HAS
