"""Comments and white space in C make no difference, everything else does."""

from __future__ import annotations

import pytest

from bisector.patch.c_source import is_same_code


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("int a;", "int a; /* why */"),
        ("int a; // x\n", "int a; // y\n"),
        ("/* one\n * two */int a;", "/* three */ int a;"),
        ("int  a;\n\n", "int a;"),
        ("if (a) {\n\tb();\n}", "if (a)\n{ b(); }".replace("if (a)\n{", "if (a) {")),
        ("int a; // x \\\n still\n", "int a;\n"),
    ],
)
def test_comments_and_white_space_are_ignored(old: str, new: str) -> None:
    assert is_same_code("src/a.c", old.encode(), new.encode())
    assert is_same_code("include/a.h", new.encode(), old.encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("int a;", "int b;"),
        ('char *s = "/* x */";', 'char *s = "/* y */";'),
        ('char *s = "//x";', 'char *s = "//y";'),
        ("int c = '\"'; /* \" */ int a;", "int c = '\"'; /* \" */ int b;"),
        ("#define A 1\nint b;", "#define A 1 int b;"),
        ("/* a */ int b; /* c */", "/* a int b; c */"),
        ('char *s = "a\\"/*b";', 'char *s = "a\\"/*c";'),
        ("#error don't /* a */ b", "#error don't /* c */ b"),  # gcc takes it for a literal
    ],
)
def test_other_differences_count(old: str, new: str) -> None:
    assert not is_same_code("src/a.c", old.encode(), new.encode())


def test_files_other_than_c_have_to_be_equal() -> None:
    assert is_same_code("Makefile", b"a: b\n", b"a: b\n")
    assert not is_same_code("Makefile", b"a: b\n", b"a: b # x\n")
