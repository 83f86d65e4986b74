"""Hunks: the one place where each belongs, and which functions it changes."""

from __future__ import annotations

import pygit2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisector.patch.hunks import FileDiff, Hunk, RejectedHunk, fit, renumbered
from bisector.patch.unified_diff import parse
from tests.support.diffs import CHANGED, HEAD, TEN, diff, only, texts


def whys(result: bytes | tuple[RejectedHunk, ...]) -> str:
    assert not isinstance(result, bytes), result
    return "; ".join(reject.why for reject in result)


# --- finding the place


def test_a_hunk_applies_at_its_line_number() -> None:
    assert fit(TEN, only(diff(TEN, CHANGED)).hunks) == CHANGED


def test_a_hunk_applies_at_another_line_number() -> None:
    hunks = only(diff(TEN, CHANGED)).hunks
    assert fit(b"new\n" * 20 + TEN, hunks) == b"new\n" * 20 + CHANGED
    assert fit(TEN.removeprefix(b"line 1\n"), hunks) == CHANGED.removeprefix(b"line 1\n")


@pytest.mark.parametrize("line", [b"line 2\n", b"line 5\n", b"line 8\n"])
def test_context_and_old_lines_must_match_exactly(line: bytes) -> None:
    hunks = only(diff(TEN, CHANGED)).hunks
    other = TEN.replace(line, line.replace(b"line", b"line "))
    assert whys(fit(other, hunks)) == f"the file has no line {line.decode().strip()!r}"


def test_lines_that_are_not_next_to_each_other_do_not_match() -> None:
    hunks = only(diff(TEN, CHANGED)).hunks
    other = TEN.replace(b"line 5\n", b"new\nline 5\n")
    assert whys(fit(other, hunks)) == "its lines are not next to each other in the file"


def test_all_rejected_hunks_are_returned() -> None:
    old = TEN + b"".join(b"more %d\n" % number for number in range(20))
    new = old.replace(b"line 2\n", b"").replace(b"more 12\n", b"")
    hunks = only(diff(old, new)).hunks
    assert len(hunks) == 2
    result = fit(b"something else\n", hunks)
    assert not isinstance(result, bytes)
    assert [reject.hunk for reject in result] == list(hunks)


def test_hunks_keep_their_order() -> None:
    first, second = b"a\nb\nc\n", b"x\ny\nz\n"
    change = b"@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n@@ -9,3 +9,3 @@\n x\n-y\n+Y\n z\n"
    hunks = only(HEAD + change).hunks
    assert fit(first + TEN + second, hunks) == b"a\nB\nc\n" + TEN + b"x\nY\nz\n"
    why = whys(fit(second + TEN + first, hunks))
    assert why == "it fits only before the place of the hunk before it"


REPEATED = b"{\nget\nclear\nset\n}\n"
CURED = REPEATED.replace(b"clear\n", b"unset\nclear\n")


def repeated(blocks: int, changed: int, gap: int = 12) -> bytes:
    """Equal blocks with other lines between them; the first *changed* blocks are changed."""
    return b"".join(
        b"".join(b"gap %d.%d\n" % (block, line) for line in range(gap))
        + (CURED if block < changed else REPEATED)
        for block in range(blocks)
    )


def tight(old: bytes, new: bytes) -> FileDiff:
    """The diff with two lines of context, which are equal in all blocks."""
    made = pygit2.Patch.create_from(old, new, old_as_path="f.c", new_as_path="f.c", context_lines=2)
    assert isinstance(made.data, bytes)
    return only(made.data)


def test_the_order_of_hunks_selects_among_equal_contexts() -> None:
    # the nearest place of the first hunk would be the second block's
    hunks = tight(repeated(2, 0), repeated(2, 2)).hunks
    assert len(hunks) == 2
    moved = repeated(2, 0).removeprefix(b"".join(b"gap 0.%d\n" % line for line in range(12)))
    assert isinstance(result := fit(moved, hunks), bytes)
    assert result.count(CURED) == 2


def test_the_line_number_selects_among_equal_contexts() -> None:
    assert fit(repeated(3, 0), tight(repeated(3, 0), repeated(3, 1)).hunks) == repeated(3, 1)


def test_the_shift_of_the_hunk_before_selects_among_equal_contexts() -> None:
    hunks = tight(TEN + repeated(2, 0), CHANGED + repeated(2, 1)).hunks
    shift = b"new\n" * 9
    assert fit(shift + TEN + repeated(2, 0), hunks) == shift + CHANGED + repeated(2, 1)


def test_an_ambiguous_place_is_rejected() -> None:
    hunks = tight(repeated(2, 0), repeated(2, 1)).hunks
    reason = whys(fit(b"new\n" + repeated(2, 0), hunks))
    assert "fits at lines 14, 31, so its place is ambiguous" in reason


def test_a_change_is_not_applied_twice() -> None:
    # what is put in ends as the context before it does, so that the hunk fits behind it again
    tail = b"if (x)\ngo();\n}\n"
    old = b"start\n" + tail + b"rest 1\nrest 2\nrest 3\nrest 4\n"
    new = old.replace(tail, tail + b"y = z;\n" + tail)
    hunks = only(diff(old, new)).hunks
    assert fit(old, hunks, reapply=False) == new
    assert whys(fit(new, hunks, reapply=False)) == "its change is there already"
    assert isinstance(fit(new, hunks), bytes)


def test_shortened_context_matches_only_at_an_end_of_the_file() -> None:
    first = only(diff(TEN, b"first\n" + TEN)).hunks
    last = only(diff(TEN, TEN + b"last\n")).hunks
    assert fit(TEN, first) == b"first\n" + TEN
    assert fit(TEN, last) == TEN + b"last\n"
    assert not isinstance(fit(b"new\n" + TEN, first), bytes)
    assert not isinstance(fit(TEN + b"new\n", last), bytes)


def test_a_hunk_without_context_fits_only_an_empty_file() -> None:
    hunks = only(b"--- a/f.c\n+++ b/f.c\n@@ -5,0 +6 @@\n+new\n").hunks
    assert whys(fit(TEN, hunks)) == "it has no context that shows its place"
    assert fit(b"", hunks) == b"new\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"a\nb", b"a\nB"),
        (b"a\nb", b"a\nb\n"),
        (b"a\nb\n", b"a\nb"),
        (b"", b"x"),
        (b"a\nb", b"z\nb"),
    ],
)
def test_a_missing_newline_at_the_end_is_applied_and_undone(old: bytes, new: bytes) -> None:
    change = only(diff(old, new))
    assert fit(old, change.hunks) == new
    assert fit(new, change.reversed.hunks) == old


def test_a_line_without_newline_differs_from_one_with_it() -> None:
    assert not isinstance(fit(b"a\nb\n", only(diff(b"a\nb", b"a\nB")).hunks), bytes)


def test_only_newline_ends_a_line() -> None:
    old = b"one\x0c\rstill one\x85\n\xff\xfe\ntwo\n"
    new = old.replace(b"\xff", b"\xfd")
    assert fit(old, only(diff(old, new)).hunks) == new


@given(texts, texts)
def test_any_edit_applies_and_is_undone(old: bytes, new: bytes) -> None:
    files = parse(diff(old, new), "fix")
    assert bool(files) == (old != new)
    for file in files:
        assert fit(old, file.hunks) == new
        assert fit(new, file.reversed.hunks) == old
        assert file.reversed.reversed == file


@given(st.lists(st.integers(0, 200), unique=True), st.data())
def test_a_moved_block_gets_the_same_edit(numbers: list[int], data: st.DataObject) -> None:
    lines = [b"%d\n" % number for number in numbers]
    new = b"".join(data.draw(st.sampled_from([line, b"", b"x" + line])) for line in lines)
    frame = b"".join(b"frame %d\n" % number for number in range(3))
    old = frame + b"".join(lines) + frame.upper()
    new = frame + new + frame.upper()
    shift = b"new\n" * data.draw(st.integers(0, 30))
    for file in parse(diff(old, new), "fix"):
        assert fit(shift + old, file.hunks, reapply=False) == shift + new


def test_chosen_hunks_are_renumbered() -> None:
    old = b"".join(b"%d\n" % number for number in range(60))
    new = old.replace(b"\n10\n", b"\n10\nten\n").replace(b"\n40\n", b"\n40\nforty\n")
    first, second = only(diff(old, new)).hunks
    assert renumbered([first, second]) == (first, second)
    assert renumbered([second])[0].new_start == second.old_start


@pytest.mark.parametrize(
    "lines, functions",
    [
        ([" \ta", "-\tb", " }"], {"before"}),
        ([" \ta", "-}", "+\tb", "+}"], {"before"}),
        ([" }", " ", " int after(void)", " {", "+\ta"], {"after"}),
        ([" }", " ", "+/* told */", " int after(void)", " {"], set()),
        (["-\ta", " }", " ", " int after(void)", " {"], {"before"}),
        (["+\ta", " }", " ", "+static void *after(int a,", "+    int b)"], {"before", "after"}),
        ([" }", "+after(int a)", "+{"], {"after"}),
        ([" }", "+int after(void);", " "], set()),
        (["-out:", "+end:"], {"before"}),
        ([" };", " ", " struct s {", "+\tint x;"], set()),
    ],
)
def test_the_functions_that_a_hunk_changes_are_known(lines: list[str], functions: set[str]) -> None:
    told = tuple(f"{line}\n".encode() for line in lines)
    assert Hunk(1, 1, "int before(void)", told).functions == functions


def test_line_ends_of_the_file_itself_are_kept() -> None:
    old, new = TEN.replace(b"\n", b"\r\n"), CHANGED.replace(b"\n", b"\r\n")
    assert fit(old, only(diff(old, new)).hunks) == new
