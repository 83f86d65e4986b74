"""What a message says about backporting, in the ways in which HAProxy's authors say it."""

from __future__ import annotations

import pytest

from bisector.jobs.backport.advice import Advice, asks_anywhere, origin, read, version_of

EVERYWHERE = (0, 0)


def advice(text: str) -> Advice | None:
    return read(f"BUG/MINOR: x: do it right\n\nIt was wrong.\n\n{text}\n")


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("This should be backported to 2.8.", (2, 8)),
        ("This should be backported to 2.8 and 2.9.", (2, 8)),
        ("Must be backported in 1.6, 1.7, 1.8", (1, 6)),
        ("It must be backported as far as 2.6.", (2, 6)),
        ("This may be backported down to 2.4", (2, 4)),
        ("It must be backported up to 2.6.", (2, 6)),
        ("This should be backported up to\n2.6.", (2, 6)),
        ("This can be backported till 2.8 to keep the context.", (2, 8)),
        ("Backport to 3.2.", (3, 2)),
        ("This could be backported to 2.1+.", (2, 1)),
        ("It should be backported to all versions since 2.4.", (2, 4)),
        ("The issue came with 2.2.3. This must be backported to 2.2.", (2, 2)),
        ("It can be backported to 2.4 as the issue was brought with 2.6.", (2, 4)),
        ("This must be backported to all stable versions.", EVERYWHERE),
        ("It could be backported in every stable branches.", EVERYWHERE),
        ("This should be backported everywhere, the bug is 13 years old.", EVERYWHERE),
        ("This must be backported to 2.6 and older.", EVERYWHERE),
    ],
)
def test_a_version_that_is_named_means_that_one_and_all_newer_ones(
    text: str, since: tuple[int, int]
) -> None:
    said = advice(text)
    assert said is not None
    assert said.since == since
    assert said.says(since) is True
    assert said.says((9, 9)) is True
    assert since == EVERYWHERE or said.says((since[0], since[1] - 1)) is False


@pytest.mark.parametrize(
    "text",
    [
        "No backport needed.",
        "No backport is needed, this is 2.2-dev.",
        "There is no need to backport it.",
        "This does not need to be backported.",
        "It should not be backported.",
        "This was introduced in 2.8-dev by the last series, so no backport is needed.",
        "A backport is not needed.",
        "There's no reason to backport this as this appeared in 3.2-dev13.",
    ],
)
def test_a_fix_that_no_version_needs_is_said_to_be_so(text: str) -> None:
    said = advice(text)
    assert said is not None
    assert said.since is None
    assert said.says((2, 2)) is False


@pytest.mark.parametrize(
    "text",
    [
        "Nothing is said.",
        "The bug was backported to 2.8 with that commit.",
        "It should be backported wherever the commit above was backported.",
        "This must be backported to all versions containing the above commit.",
        "If this commit is backported, the following one must be, too.",
        "This could be backported.",
        'This reverts "MINOR: x: should be backported to 2.8".',
        "This should be backported with 'openssl 3'.",
    ],
)
def test_what_names_no_version_of_this_fix_is_no_advice(text: str) -> None:
    assert advice(text) is None


def test_the_subject_is_no_advice() -> None:
    assert read("SCRIPTS: no backport is needed for 2.8\n") is None


@pytest.mark.parametrize(
    "text",
    [
        "This must be backported at least to 2.8.",
        "This should be backported to 2.8, maybe even 2.6.",
        "It should be backported to 2.8 and probably to 2.4 too.",
    ],
)
def test_what_is_said_with_doubt_leaves_older_versions_open(text: str) -> None:
    said = advice(text)
    assert said is not None
    assert [said.says(version) for version in ((2, 9), (2, 8), (2, 7))] == [True, True, None]


def test_a_warning_about_older_versions_does_not_take_back_what_was_said() -> None:
    said = advice(
        "This should be backported to 3.2. But it is better to not backport it on older versions."
    )
    assert said is not None
    assert said.since == (3, 2)


def test_a_later_refusal_takes_everything_back() -> None:
    said = advice("Can be backported to 2.8.\n\n[wt: must not be backported, it breaks configs]")
    assert said is not None
    assert said.since is None


def test_the_sentence_is_kept() -> None:
    said = advice("The bug is old. It must be backported\nas far as 2.6. Beware.")
    assert said is not None
    assert said.text == "It must be backported as far as 2.6."


@pytest.mark.parametrize(
    ("tree_version", "name", "version"),
    [
        ("2.9.0\n", "master", (2, 9)),
        ("3.5-dev5\n", "origin/2.8", (3, 5)),
        ("", "haproxy-2.8", (2, 8)),
        ("", "2.8", (2, 8)),
        ("", "v2.8.3", (2, 8)),
        ("", "origin/2.8-maint", (2, 8)),
        ("", "v3.0-dev12", (3, 0)),
        ("", "master", None),
        ("", "fix-1234", None),
    ],
)
def test_a_branchs_version_is_its_trees_or_else_its_names(
    tree_version: str, name: str, version: tuple[int, int] | None
) -> None:
    assert version_of(tree_version, name) == version


# -- where the bug came from --------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        'This was introduced in 3.2 by commit 4a8fa28e3 ("MINOR: ssl: x").',
        'A regression was introduced with the commit\n4a8fa28e3 ("MINOR: ssl: x").',
        'Since commit 4a8fa28e3 ("MINOR: ssl: x"), it is wrong.',
        "It happens since 2.0 with commit 4a8fa28e3.",
        "It was brought by 4a8fa28e3.",
        "It is wrong.\n\nFixes: 4a8fa28e3",
        "It is wrong.\nFixes: 4a8fa28e3",
    ],
)
def test_the_commit_that_brought_the_bug_is_read(text: str) -> None:
    assert origin(f"BUG/MINOR: x: y\n\n{text}\n") == "4a8fa28e3"


@pytest.mark.parametrize(
    "text",
    [
        "Nothing is said.",
        "This depends on 4a8fa28e3.",
        "It must be backported with commit 4a8fa28e3.",
        "This reverts commit 4a8fa28e3.",
        "The bug was revealed by commit 4a8fa28e3.",
        "(cherry picked from commit 4a8fa28e3)",
        "This was introduced in 2.8.",
    ],
)
def test_another_commit_is_not_taken_for_it(text: str) -> None:
    assert origin(f"BUG/MINOR: x: y\n\n{text}\n") == ""


@pytest.mark.parametrize(
    "sentence",
    [
        "It can be backported.",
        "This must be backported wherever it applies.",
        "It should be harmless to backport this.",
    ],
)
def test_a_backport_can_be_asked_for_without_a_version(sentence: str) -> None:
    assert asks_anywhere(f"BUG: x\n\nIt was wrong.\n{sentence}\n") == sentence


@pytest.mark.parametrize(
    "sentence",
    [
        "It was backported.",
        "It should not be backported.",
        "It could be backported if somebody needs it.",
        "This can be backported to 3.1.",
        "The patch that should already be backported is another one.",
    ],
)
def test_a_condition_a_version_and_the_past_do_not_ask_for_it(sentence: str) -> None:
    assert asks_anywhere(f"BUG: x\n\nIt was wrong.\n{sentence}\n") == ""
