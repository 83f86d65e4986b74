"""Which commits of a line name an earlier one, in small repositories."""

from __future__ import annotations

import pytest

from bisector.git.history import History
from bisector.jobs.queue.mentions import Mention, NamedBy, Relation, mentions
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

SUBJECT = "BUG/MINOR: lamp: switch it off when the door closes"


@pytest.fixture
def base(clone: Clone) -> str:
    return clone.commit({}, subject="MINOR: door: have one that closes")


@pytest.fixture
def fix(clone: Clone, base: str) -> str:
    return clone.commit({"src/lamp.c": "int on;\n"}, subject=SUBJECT)


def later(clone: Clone, message: str) -> str:
    return clone.commit({"src/door.c": f"/* {message} */\n"}, subject=message)


def found(clone: Clone, workspace: Workspace, *commits: str) -> list[Mention]:
    return mentions(History.open(clone.path, workspace), commits)


@pytest.mark.parametrize("digits", [7, 10, 40])
def test_a_commit_is_named_by_its_hash(
    clone: Clone, fix: str, workspace: Workspace, digits: int
) -> None:
    sentence = f"This was introduced by {fix[:digits]}."
    commit = later(clone, f"BUG/MINOR: door: close it\n\n{sentence}")
    assert found(clone, workspace, fix, commit) == [
        Mention(commit, fix, NamedBy.HASH, Relation.REPAIRS, sentence)
    ]


@pytest.mark.parametrize(
    "body",
    [
        f'This is a regression of "{SUBJECT}".',
        f'This is a regression of\ncommit deadbeef99 ("{SUBJECT[:30]}\n{SUBJECT[31:]}").',
        f"It is a regression of this commit:\n\n    {SUBJECT}\n\nAnd so on.",
    ],
)
def test_a_commit_is_named_by_its_subject_quoted_wrapped_or_on_its_own_line(
    clone: Clone, fix: str, workspace: Workspace, body: str
) -> None:
    commit = later(clone, f"BUG/MINOR: door: close it\n\n{body}")
    (one,) = found(clone, workspace, fix, commit)
    assert (one.named, one.by, one.relation) == (fix, NamedBy.SUBJECT, Relation.REPAIRS)


def test_of_equal_subjects_the_last_one_before_is_meant(
    clone: Clone, fix: str, workspace: Workspace
) -> None:
    again = later(clone, SUBJECT)
    commit = later(clone, f'BUG/MINOR: door: x\n\nIt was broken by "{SUBJECT}".')
    after = later(clone, SUBJECT)
    assert [one.named for one in found(clone, workspace, fix, again, commit, after)] == [again]


@pytest.mark.parametrize("words", ["The previous commit", "The previous patch"])
def test_the_previous_commit_is_the_first_parent(
    clone: Clone, fix: str, workspace: Workspace, words: str
) -> None:
    commit = later(clone, f"BUG/MINOR: door: close it\n\n{words} forgot the door.")
    (one,) = found(clone, workspace, fix, commit)
    assert (one.named, one.by, one.relation) == (fix, NamedBy.PREVIOUS, Relation.REPAIRS)


def test_the_previous_fix_is_one_that_the_message_names_or_else_the_parent_if_it_is_one(
    clone: Clone, fix: str, workspace: Workspace
) -> None:
    other = later(clone, "MINOR: door: paint it")
    silent = later(clone, "BUG/MINOR: lamp: x\n\nThe previous fix was wrong.")
    named = later(
        clone,
        f"BUG/MINOR: lamp: y\n\nThe previous fix was wrong.\n\nBackport it with {fix[:10]}.",
    )
    assert [
        (one.commit, one.named, one.relation)
        for one in found(clone, workspace, fix, other, silent, named)
    ] == [(named, fix, Relation.REPAIRS)]


def test_a_name_after_the_words_says_which_commit_is_the_previous_one(
    clone: Clone, fix: str, workspace: Workspace
) -> None:
    other = later(clone, "MINOR: door: paint it")
    body = f"See the previous commit {fix[:10]}.\n\nThe previous commit forgot the door."
    commit = later(clone, f"BUG/MINOR: lamp: x\n\n{body}")
    assert [one.named for one in found(clone, workspace, fix, other, commit)] == [fix]


@pytest.mark.parametrize(
    "words", ["A previous fix", "The previous fix deadbeef99", "This previous commit"]
)
def test_a_previous_fix_and_one_with_an_unknown_hash_are_not_the_parent(
    clone: Clone, fix: str, workspace: Workspace, words: str
) -> None:
    commit = later(clone, f"BUG/MINOR: door: close it\n\n{words} was wrong.")
    assert found(clone, workspace, fix, commit) == []


def test_the_previous_one_is_a_commit_only_if_this_one_depends_on_it(
    clone: Clone, fix: str, workspace: Workspace
) -> None:
    door = later(clone, "MINOR: door: open it\n\nThe new door hides the previous one.")
    commit = later(clone, "MINOR: door: paint it\n\nThis patch relies on the previous one.")
    assert [
        (one.commit, one.named, one.relation) for one in found(clone, workspace, fix, door, commit)
    ] == [(commit, door, Relation.NEEDS)]


def test_a_fixes_line_and_a_revert_are_said_to_be_such(
    clone: Clone, fix: str, workspace: Workspace
) -> None:
    fixing = later(clone, f"BUG/MINOR: door: x\n\nIt fell off.\n\nFixes: {fix[:12]}")
    revert = later(clone, f'Revert "{SUBJECT}"\n\nIt did harm.')
    assert [
        (one.commit, one.named, one.by, one.relation)
        for one in found(clone, workspace, fix, fixing, revert)
    ] == [
        (fixing, fix, NamedBy.FIXES, Relation.REPAIRS),
        (revert, fix, NamedBy.REVERT, Relation.REVERTS),
    ]


def test_a_revert_of_a_revert_names_the_revert(
    clone: Clone, fix: str, workspace: Workspace
) -> None:
    revert = later(clone, f'Revert "{SUBJECT}"\n\nIt did harm.')
    back = later(clone, f'Revert "Revert "{SUBJECT}""\n\nIt did none.')
    assert (back, revert) in [
        (one.commit, one.named) for one in found(clone, workspace, fix, revert, back)
    ]


def test_an_ancestor_of_the_line_can_be_named_but_says_nothing_itself(
    clone: Clone, base: str, fix: str, workspace: Workspace
) -> None:
    before = later(clone, f"BUG/MINOR: door: x\n\nIt came with {fix[:10]}.")
    commit = later(clone, f"BUG/MINOR: door: y\n\nIt came with {base[:10]}.")
    assert [(one.commit, one.named) for one in found(clone, workspace, commit)] == [(commit, base)]
    assert before not in {one.commit for one in found(clone, workspace, commit)}


def test_what_is_no_earlier_commit_is_not_named(
    clone: Clone, fix: str, workspace: Workspace
) -> None:
    other = clone.commit(
        {"x": "1\n"}, subject="MINOR: side: a branch", branch="side", parents=[fix]
    )
    commit = later(
        clone,
        f"BUG/MINOR: door: close it\n\nBroken by {other[:10]}, {'0' * 10}, "
        f'"MINOR: side: a branch", "BUG/MINOR: lamp: switch it", {fix[:5]} and 1234567.\n'
        "Prior to this patch it fell off. The previous connection is not one.",
    )
    assert found(clone, workspace, fix, commit) == []


def test_a_release_and_a_commit_of_the_same_subject_name_nothing(
    clone: Clone, fix: str, workspace: Workspace
) -> None:
    release = later(clone, f"[RELEASE] Released version 3.1\n\nChanges:\n    - {SUBJECT}")
    again = later(clone, SUBJECT)
    assert found(clone, workspace, fix, release, again) == []


def test_a_trailer_of_a_pick_is_no_mention(clone: Clone, fix: str, workspace: Workspace) -> None:
    commit = later(clone, f"BUG/MINOR: door: x\n\nText.\n\n(cherry picked from commit {fix})")
    assert found(clone, workspace, fix, commit) == []


def test_no_commits_have_no_mentions(clone: Clone, fix: str, workspace: Workspace) -> None:
    assert found(clone, workspace) == []
