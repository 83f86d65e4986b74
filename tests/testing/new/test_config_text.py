"""A configuration is read as HAProxy reads it: words, quotes, comments, sections."""

from __future__ import annotations

import pytest

from bisector.testing.new.config_text import sections, unquoted

TEXT = """\
# before
global
    daemon   # in the background
frontend "fe one"
\tbind :80
    log-format "%ci # no comment" \\
        more
    no option httplog
"""


def test_sections_have_their_lines_with_numbers_and_without_comments() -> None:
    (first, second), before = sections(TEXT)
    assert before == []
    assert (first.kind, first.name, [line.words for line in first.lines]) == (
        "global",
        "global",
        [("daemon",)],
    )
    assert (second.kind, second.name, second.head.number) == ("frontend", "fe one", 4)
    assert [(line.number, line.words) for line in second.lines] == [
        (5, ("bind", ":80")),
        (6, ("log-format", '"%ci # no comment"', "more")),
        (8, ("no", "option", "httplog")),
    ]
    assert second.lines[-1].keyword == "option"


def test_what_comes_before_the_first_section_is_told_apart() -> None:
    found, before = sections("```haproxy\nbackend b\n")
    assert [line.words for line in before] == [("```haproxy",)]
    assert [one.name for one in found] == ["b"]


@pytest.mark.parametrize(
    ("word", "read"), [('"a b"', "a b"), ("'a\"b'", 'a"b'), ("a\\ b", "a b"), ("/x.pem", "/x.pem")]
)
def test_a_word_is_read_without_quotes(word: str, read: str) -> None:
    assert unquoted(word) == read
