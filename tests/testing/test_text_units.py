"""What of a text may be left out: comments, sections, commands, lines and words."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisector.testing import text_units
from bisector.testing.text_units import Span

CONFIG = """\
# the site's
global
    maxconn 10

defaults
    mode http
frontend web
    bind :80 name "the web"  # for all
    use_backend b if { path /a }
backend b
    server s 127.0.0.1:1
"""
CASE = """\
varnishtest "a title"
#REGTEST_TYPE=bug
feature ignore_unknown_macro
haproxy h1 -conf {
    defaults
        mode http
    listen li
        bind "fd@${li}"
} -start
client c1 -connect ${h1_li_sock} {
    txreq
    loop 3 {
        rxresp
    }
} -start {
    delay 1
} -run
client c1 -wait
"""


def shown(text: str, spans: Sequence[Span]) -> list[str]:
    """The parts, each by its first line."""
    return [text[start:end].strip().split("\n")[0] for start, end in spans]


def test_comments_and_blank_lines_are_found_but_not_behind_something() -> None:
    assert shown(CONFIG, text_units.unimportant(CONFIG)) == ["# the site's", ""]
    assert shown(CASE, text_units.unimportant(CASE)) == ["#REGTEST_TYPE=bug"]


def test_the_levels_of_a_configuration_are_its_sections_and_their_lines() -> None:
    top, inner = text_units.levels(CONFIG)
    assert shown(CONFIG, top) == ["# the site's", "global", "defaults", "frontend web", "backend b"]
    assert shown(CONFIG, inner)[-3:] == [
        'bind :80 name "the web"  # for all',
        "use_backend b if { path /a }",
        "server s 127.0.0.1:1",
    ]
    assert text_units.without(CONFIG, top) == ""


def test_the_levels_of_a_case_are_commands_sections_and_lines() -> None:
    top, second, third = text_units.levels(CASE)
    assert shown(CASE, top) == [
        "#REGTEST_TYPE=bug",
        "feature ignore_unknown_macro",
        "haproxy h1 -conf {",
        "client c1 -connect ${h1_li_sock} {",
        "client c1 -wait",
    ]
    assert shown(CASE, second) == ["defaults", "listen li", "txreq", "loop 3 {", "delay 1"]
    assert shown(CASE, third) == ["mode http", 'bind "fd@${li}"', "rxresp"]


def test_a_part_is_left_out_as_a_whole() -> None:
    top, _, _ = text_units.levels(CASE)
    rest = text_units.without(CASE, [top[3]])
    assert "loop" not in rest
    assert rest.endswith("} -start\nclient c1 -wait\n")


def test_the_title_of_a_case_and_the_first_line_of_a_script_stay() -> None:
    for text in ('vtest "title"\nshell true\n', "#!/bin/sh\nshell true\n"):
        spans = (*text_units.unimportant(text), *text_units.lines(text))
        assert shown(text, spans) == ["shell true"]


def test_lines_are_all_but_those_with_the_braces_of_a_block() -> None:
    found = shown(CASE, text_units.lines(CASE))
    assert "listen li" in found
    assert not any("{" in line and "$" not in line for line in found)
    assert "} -run" not in found
    assert shown(CONFIG, text_units.lines(CONFIG)).count("frontend web") == 1


def test_a_line_that_continues_is_one() -> None:
    text = "acl a \\\n  path /\nuse_backend b if a\n"
    assert shown(text, text_units.lines(text)) == ["acl a \\", "use_backend b if a"]


def test_words_are_those_behind_the_first_of_each_line() -> None:
    text = '  bind :80 name "the web" # x\nuse b if { path /a } !c\nx\n'
    assert [text[slice(*span)] for span in text_units.words(text)] == [
        *(" :80", " name", ' "the web"', " #", " x"),
        *(" b", " if", " { path /a }", " !c"),
    ]


@pytest.mark.parametrize(("first", "expected"), [(0, ["b c", "d e"]), (1, ["c d"])])
def test_two_neighbours_are_one_part(first: int, expected: list[str]) -> None:
    text = "a b c d e\nf g\n"
    words = [span for span in text_units.words(text) if text[slice(*span)] != " g"]
    assert shown(text, text_units.by_two(words, first)) == expected


def test_words_of_two_lines_are_no_neighbours() -> None:
    text = "a b\nc d\n"
    assert text_units.by_two(text_units.words(text), 0) == []


@pytest.mark.parametrize(
    "text", ["a {\nb\n", "}\n}\nx {\n", "a\\", "\\\n", "{\n{\n}\n", "a } {\nb\n}\n"]
)
def test_braces_that_do_not_match_are_lines(text: str) -> None:
    assert text_units.without(text, text_units.levels(text)[0]) == ""


def test_blocks_that_are_nested_deep_are_lines_in_the_end() -> None:
    text = "a {\n" * 5000 + "}\n" * 5000
    assert 5 < len(text_units.levels(text)) < 20
    assert text_units.without(text, text_units.levels(text)[0]) == ""


@given(st.text(alphabet="a {}#\"'\\\n\tglobal", max_size=60))
def test_of_any_text_parts_are_in_order_and_do_not_overlap(text: str) -> None:
    ways = [text_units.unimportant(text), text_units.lines(text), text_units.words(text)]
    ways += text_units.levels(text)
    ways += [text_units.by_two(way, first) for way in ways for first in (0, 1)]
    for spans in ways:
        ends = [0, *(at for span in spans for at in span)]
        assert ends == sorted(ends)
        assert all(start < end <= len(text) for start, end in spans)
        removed = sum(end - start for start, end in spans)
        assert len(text_units.without(text, spans)) == len(text) - removed
