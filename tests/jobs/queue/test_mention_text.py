"""What a message says of the commits that it names."""

from __future__ import annotations

import pytest

from bisector.jobs.queue import mention_text
from bisector.jobs.queue.mention_text import Relation
from bisector.jobs.queue.named_commits import NamedBy, NamedCommits

FIX, FIX_SUBJECT = "a1b2c3d4e5" * 4, "BUG/MINOR: lamp: switch it off when the door closes"
OTHER, OTHER_SUBJECT = "0f1e2d3c4b" * 4, "MEDIUM: door: count how often it closes"
PARENT, PARENT_SUBJECT = "77aa88bb99" * 4, "MINOR: door: name its hinges"
KNOWN = {FIX: FIX_SUBJECT, OTHER: OTHER_SUBJECT, PARENT: PARENT_SUBJECT}


class Three:
    """Three commits that may be named."""

    def by_hash(self, digits: str) -> str:
        return next((commit for commit in KNOWN if commit.startswith(digits)), "")

    def by_subject(self, words: list[str]) -> tuple[str, int]:
        for commit, subject in KNOWN.items():
            count = len(subject.split())
            if " ".join(words[:count]).startswith(subject):
                return commit, count
        return "", 0

    def is_fix(self, commit: str) -> bool:
        return KNOWN[commit].startswith("BUG")


def said(body: str, subject: str = "BUG/MINOR: lamp: do it right") -> dict[str, Relation]:
    """The relation to each commit that the message names."""
    names = NamedCommits(f"{subject}\n\n{body}\n", Three(), PARENT)
    return {one.named.commit: one.relation for one in mention_text.read(names)}


@pytest.mark.parametrize(
    "body",
    [
        "This was introduced in 3.1 by commit a1b2c3d4e5, so this goes there.",
        "It is broken since a1b2c3d4e5.",
        "Commit a1b2c3d4e5 left a case out.",
        "The fix in commit a1b2c3d4e5 was incomplete.",
        "Since commit a1b2c3d4e5 the lamp blinks.",
        "In a1b2c3d4e5 the door was handled. However the window is never looked at.",
        "The lamp is handled since the following commit:\n\n   a1b2c3d4e5\n\nBut not at night.",
        "This is complementary to a1b2c3d4e5.",
        "It must be backported wherever a1b2c3d4e5 was.",
        "No backport is needed unless a1b2c3d4e5 is.",
        "See a1b2c3d4e5.\n\nThe commit above was backported to 2.8, so this one has to be.",
        "Fixes: a1b2c3d4e5",
        "The lamp is good with a1b2c3d4e5.\n\nIt was wrongly lit. It is off now.\n\n"
        "A regression of the fix above.",
        f"It was caused by this one:\n\n   {FIX_SUBJECT}\n\nIt goes to 3.0.",
    ],
)
def test_a_fix_repairs_a_commit_that_it_blames_or_is_to_follow_everywhere(body: str) -> None:
    assert said(body)[FIX] is Relation.REPAIRS


@pytest.mark.parametrize(
    "body",
    [
        "The window is handled as was done in commit a1b2c3d4e5.",
        "It is similar to a1b2c3d4e5, but for windows.",
        "Since commit a1b2c3d4e5 it is possible to ask the door.",
        "Thanks to a1b2c3d4e5 the door tells.",
        "This is the same bug as the one fixed by a1b2c3d4e5.",
        "The issue was described in commit a1b2c3d4e5.",
        "The next commit, a1b2c3d4e5, moves it.",
        "With the commit a1b2c3d4e5, this is the end of it.",
        "This old bug was revealed by a1b2c3d4e5.",
    ],
)
def test_a_mention_that_blames_nobody_is_no_repair(body: str) -> None:
    assert said(body) == {FIX: Relation.MENTIONS}


@pytest.mark.parametrize(
    "body",
    [
        "This depends on commit 0f1e2d3c4b.",
        "It requires 0f1e2d3c4b to be there.",
        f'It needs the patch "{OTHER_SUBJECT}" first.',
        "It must be backported after 0f1e2d3c4b.",
        "This should be backported to 3.0 together with 0f1e2d3c4b.",
        "This relies on the following patch:\n\n  - 0f1e2d3c4b\n\nTake care.",
    ],
)
def test_what_must_be_there_before_is_needed(body: str) -> None:
    assert said(body)[OTHER] is Relation.NEEDS


def test_each_commit_of_a_list_is_needed() -> None:
    body = f"This relies on these:\n\n  * 0f1e2d3c4b\n  * {PARENT_SUBJECT}\n\nIt is for 3.0."
    assert said(body) == {OTHER: Relation.NEEDS, PARENT: Relation.NEEDS}


def test_the_strongest_relation_counts() -> None:
    body = "A regression came with a1b2c3d4e5.\n\nIt must be backported with a1b2c3d4e5."
    assert said(body) == {FIX: Relation.REPAIRS}


def test_a_revert_is_told_by_its_subject_or_its_text() -> None:
    assert said("It did harm.", f'Revert "{FIX_SUBJECT}"') == {FIX: Relation.REVERTS}
    assert said("This reverts commit a1b2c3d4e5.") == {FIX: Relation.REVERTS}
    assert said("It is not needed until a1b2c3d4e5 is reverted.")[FIX] is not Relation.REVERTS


def test_only_a_fix_blames_by_weak_words_but_each_kind_by_strong_ones() -> None:
    assert said("Since 0f1e2d3c4b it is counted.", "MINOR: door: show it") == {
        OTHER: Relation.MENTIONS
    }
    assert said("The typo was introduced by 0f1e2d3c4b.", "CLEANUP: door: a typo") == {
        OTHER: Relation.REPAIRS
    }
    assert said("These hinges were introduced by 0f1e2d3c4b.", "DOC: door: say it") == {
        OTHER: Relation.MENTIONS
    }


def test_a_second_attempt_repairs_the_fix_that_it_names() -> None:
    subject = "BUG/MINOR: lamp: switch it off (try 2)"
    assert said("It replaces a1b2c3d4e5 and uses 0f1e2d3c4b.", subject) == {
        FIX: Relation.REPAIRS,
        OTHER: Relation.MENTIONS,
    }


def test_words_of_a_quoted_subject_are_not_the_messages_own() -> None:
    assert said('As "BUG/MINOR: lamp: regression after 0f1e" says, see also 0f1e2d3c4b.') == {
        OTHER: Relation.MENTIONS
    }


def test_the_sentence_is_kept_as_it_is_written() -> None:
    names = NamedCommits(
        f'BUG/MINOR: lamp: x\n\nIt is. This was caused by\na1b2c3d4e5 ("{FIX_SUBJECT}"). So.',
        Three(),
    )
    (one,) = mention_text.read(names)
    assert one.named.by is NamedBy.HASH
    assert one.text == "This was caused by a1b2c3d4e5."
