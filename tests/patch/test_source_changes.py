"""The sources that differ between two trees, and the lines that differ in two contents."""

from __future__ import annotations

import pygit2
from hypothesis import given
from hypothesis import strategies as st

from bisector.patch.conflict import Span
from bisector.patch.source_changes import NO_BLOB, Change, changes, deltas
from tests.support.clone import Clone

TEXT = "".join(f"line {n}\n" for n in range(1000))


def paths(clone: Clone, old: str | None, new: str) -> list[tuple[str, str]]:
    """The paths before and after of what differs; '' on the side where the file is missing."""
    before, after = (clone.git[one].peel(pygit2.Tree) if one else None for one in (old, new))
    assert after
    return [
        (
            "" if delta.old_blob == NO_BLOB else delta.old_path,
            "" if delta.blob == NO_BLOB else delta.path,
        )
        for delta in deltas(before, after)
    ]


def test_sources_and_headers_in_the_folders_that_a_build_reads_differ(clone: Clone) -> None:
    old = clone.commit({"addons/a/a.c": "1\n", "src/gone.c": "1\n", "src/x.map": "1\n"})
    new = clone.commit(
        {
            "addons/a/a.c": "2\n",
            "include/haproxy/x.h": "2\n",
            "src/gone.c": None,
            "src/new.c": TEXT,
            **dict.fromkeys(("Makefile", "dev/a.c", "src/x.map", "top.c"), "2\n"),
        }
    )
    assert paths(clone, old, new) == [
        ("addons/a/a.c", "addons/a/a.c"),
        ("include/haproxy/x.h", "include/haproxy/x.h"),
        ("src/gone.c", ""),
        ("", "src/new.c"),
    ]
    assert paths(clone, old, old) == []


def test_a_folder_may_be_new_or_go(clone: Clone) -> None:
    first = clone.commit({})
    more = clone.commit({"addons/a.c": "1\n"})
    all_of_them = [("", "include/haproxy/x.h"), ("", "src/haproxy.c")]
    assert paths(clone, None, first) == all_of_them
    assert paths(clone, first, more) == [("", "addons/a.c")]
    assert paths(clone, more, first) == [("addons/a.c", "")]


def test_a_file_that_is_renamed_has_two_paths(clone: Clone) -> None:
    old = clone.commit({"src/a.c": TEXT})
    new = clone.commit({"src/a.c": None, "src/b.c": TEXT + "more\n", "src/c.c": "other\n"})
    assert paths(clone, old, new) == [("src/a.c", "src/b.c"), ("", "src/c.c")]


def test_a_change_has_its_lines_and_their_places_on_both_sides() -> None:
    new = TEXT.replace("line 400\n", "\tone\n\ttwo\n").replace("line 600\n", "")
    assert changes(TEXT.encode(), (new + "end").encode()) == [
        Change(Span(400, 401), Span(400, 402), [b"line 400"], [b"one", b"two"]),
        Change(Span(600, 601), Span(601, 601), [b"line 600"], []),
        Change(Span(1000, 1000), Span(1000, 1001), [], [b"end"]),
    ]
    assert changes(TEXT.encode(), TEXT.encode()) == []


CONTENTS = st.lists(st.sampled_from(["\n", "{\n", "}\n", "a\n", "\0\n"]), max_size=12)
SAME = st.sampled_from(["", "begin\n", TEXT])


@given(CONTENTS, CONTENTS, SAME, SAME, st.sampled_from(["", "end"]))
def test_the_changes_make_the_new_content_of_the_old_one(
    old: list[str], new: list[str], before: str, after: str, end: str
) -> None:
    one, other = ((before + "".join(part) + after).encode() for part in (old, new))
    other += end.encode()
    lines, made, at = one.split(b"\n"), list[bytes](), 0
    if not lines[-1]:
        lines.pop()
    for change in changes(one, other):
        assert lines[change.old.first : change.old.last] == change.removed
        made += lines[at : change.old.first]
        assert len(made) == change.new.first
        made += change.added
        at = change.old.last
    assert b"\n".join(made + lines[at:]) == other.removesuffix(b"\n")
