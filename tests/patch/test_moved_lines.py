"""Blocks of lines that are removed in one place and added in another."""

from __future__ import annotations

from bisector.patch.moved_lines import Block, blocks

BODY = [b"first line of some length;", b"", b"second line of some length;", b"}"]


def moved(removed: list[bytes], added: list[bytes]) -> list[Block]:
    return list(blocks(removed, added))


def test_a_block_is_found_where_it_goes() -> None:
    assert moved([b"{", *BODY], [b"new", *BODY, b"new"]) == [Block(1, 1, 4)]


def test_a_block_begins_before_the_line_that_finds_it() -> None:
    removed = [b"}", *BODY, b"}"]  # its first line is there twice
    assert moved(removed, [b"x", b"}", *BODY]) == [Block(0, 1, 5)]


def test_a_block_that_is_copied_is_found_each_time() -> None:
    assert moved(BODY, [*BODY, b"between", *BODY]) == [Block(0, 0, 4), Block(0, 5, 4)]


def test_two_blocks_may_change_places() -> None:
    other = [line.replace(b"line", b"word") for line in BODY]
    assert moved([*BODY, *other], [*other, *BODY]) == [Block(4, 0, 4), Block(0, 4, 4)]


def test_few_letters_are_the_same_by_chance() -> None:
    assert moved([b"return 0;", b"}", b""], [b"return 0;", b"}", b""]) == []
    assert moved([b"-" * 100], [b"-" * 100]) == []


def test_a_line_that_is_removed_twice_finds_nothing() -> None:
    line = BODY[0] + BODY[2]
    assert moved([line], [line]) == [Block(0, 0, 1)]
    assert moved([line, b"", line], [line]) == []


def test_nothing_is_moved_by_a_change_that_only_adds_or_removes() -> None:
    assert moved([], BODY) == moved(BODY, []) == []
