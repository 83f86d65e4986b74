"""The functions in what counting binaries write."""

from __future__ import annotations

import pytest

from bisector.build.counting.functions import of_gcov, of_tcc

GCOV = """{"files": [{"file": "src/a.c", "functions": [
    {"name": "ran", "execution_count": 2}, {"name": "not", "execution_count": 0}]},
    {"file": "/usr/include/x.h", "functions": [{"name": "system", "execution_count": 1}]}]}"""


def test_what_tcc_names_lies_in_the_tree_or_is_inline() -> None:
    text = "/b/src/a.c\tran\n/b/:inline:\tsmall\n/usr/include/x.h\tsystem\n/b/src/a.c\tran\n"
    assert of_tcc(text, "/b") == {("src/a.c", "ran"), ("", "small")}


@pytest.mark.parametrize("text", ["", "\n", "/b/src/a.c", "/b/src/a.c\t", "/b/src/a.c\tx y", "\tx"])
def test_a_damaged_line_is_left_out(text: str) -> None:
    assert of_tcc(text, "/b") == frozenset()


def test_gcov_counts_what_ran() -> None:
    assert of_gcov([GCOV.encode()], "/b") == {("src/a.c", "ran")}


@pytest.mark.parametrize("text", ["[]", "{}", '{"files": [1]}', "no JSON"])
def test_what_is_not_gcovs_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        of_gcov([text.encode()], "/b")
