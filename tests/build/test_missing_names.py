"""Missing names are read from what gcc, clang, tcc and linkers print, and nothing else is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bisector.build.missing_names import missing_names
from bisector.record.missing_name import MissingName, NameKind

USES = {
    NameKind.IDENTIFIER: (
        "src/a.c:7:22: error: 'BOX_OPEN' undeclared (first use in this function)",
        "src/a.c:7:22: error: 'BOX_OPEN' undeclared here (not in a function); did you mean 'BOX'?",
        "src/a.c:7:22: error: use of undeclared identifier 'BOX_OPEN'",
        "src/a.c:7: error: 'BOX_OPEN' undeclared",
    ),
    NameKind.LABEL: (
        "src/a.c:7:1: error: label 'BOX_OPEN' used but not defined",
        "src/a.c:7:20: error: use of undeclared label 'BOX_OPEN'",
        "src/a.c:7: error: label 'BOX_OPEN' used but not defined",
    ),
    NameKind.TYPE: (
        "src/a.c:7:1: error: unknown type name 'BOX_OPEN'",
        "src/a.c:7:35: error: invalid use of undefined type 'struct BOX_OPEN'",
        "src/a.c:7:29: error: invalid application of 'sizeof' to incomplete type 'union BOX_OPEN'",
        "src/a.c:7:29: error: array type has incomplete element type 'struct BOX_OPEN'",
        "src/a.c:7:29: error: storage size of 'b' isn't known\n    7 | \tstruct BOX_OPEN b;",
        "src/a.c:7:29: error: variable has incomplete type 'enum BOX_OPEN'",
        "src/a.c:7:29: error: incomplete definition of type 'struct BOX_OPEN'",
        "src/a.c:7: error: dereferencing incomplete type 'BOX_OPEN'",
    ),
    NameKind.FUNCTION: (
        "src/a.c:7:22: warning: implicit declaration of function 'BOX_OPEN'",
        "src/a.c:7:22: error: implicit declaration of function 'BOX_OPEN'; did you mean 'BOX'?",
        "src/a.c:7:22: error: call to undeclared function 'BOX_OPEN'; ISO C99 and later do not",
    ),
    NameKind.HEADER: (
        "src/a.c:7:10: fatal error: BOX_OPEN: No such file or directory",
        "src/a.c:7:10: fatal error: 'BOX_OPEN' file not found",
        "src/a.c:7: error: include file 'BOX_OPEN' not found",
    ),
    NameKind.SIGNATURE: (
        "src/a.c:7:33: error: too few arguments to function 'BOX_OPEN'",
        "src/a.c:7:33: error: too many arguments to function 'box->BOX_OPEN'",
        "src/a.c:7:31: error: incompatible type for argument 1 of 'BOX_OPEN'",
        "src/a.c:7:5: error: conflicting types for 'BOX_OPEN'; have 'int(int)'",
        'src/a.c:7:5: error: macro "BOX_OPEN" passed 3 arguments, but takes just 2',
        "src/a.c:7: error: macro 'BOX_OPEN' used with too few args",
        "src/a.c:7: error: incompatible types for redefinition of 'BOX_OPEN'",
    ),
}
FIELDS = {
    "src/a.c:7:34: error: 'struct box' has no member named 'lid'; did you mean 'lib'?": "box",
    "src/a.c:7:34: error: 'const struct box' has no member named 'lid'": "box",
    "src/a.c:7:36: error: no member named 'lid' in 'struct box'": "box",
    "src/a.c:7:9: error: field designator 'lid' does not refer to any field in type 'struct box'": (
        "box"
    ),
    "src/a.c:7: error: field not found: lid": "",
}
LINKERS = (
    "/usr/bin/ld: src/a.o: in function `main':\nsrc/a.c:2: undefined reference to `box_open'",
    "/usr/bin/ld: src/a.c:(.text+0x10): undefined reference to `box_open'",
    "src/a.o:src/a.c:function main: error: undefined reference to 'box_open'",
    "ld.lld: error: undefined symbol: box_open\n>>> referenced by a.c",
    "tcc: error: undefined symbol 'box_open'",
)
OTHERS = (
    "src/a.c:1:23: error: expected ';' before '}' token",
    "src/a.c:1: error: ';' expected (got 'box')",
    "src/a.c:1:19: error: unused variable 'box' [-Werror=unused-variable]",
    "cc1: all warnings being treated as errors",
    "src/a.c:3:42: warning: passing argument 1 of 'box_open' from incompatible pointer type",
    "src/a.c:3:2: error: #error \"'x' undeclared\"",
    "    3 | src/b.c:1:2: error: 'quoted' undeclared",
    "/usr/bin/ld: cannot find -lbox: No such file or directory",
    "make: *** [Makefile:9: src/a.o] Error 1",
)


@pytest.mark.parametrize(("kind", "text"), [(k, text) for k in USES for text in USES[k]])
def test_a_missing_name_has_its_kind_and_place(kind: NameKind, text: str) -> None:
    output = f"  CC      src/a.o\nsrc/a.c: In function 'f':\n{text}\nmake: *** [src/a.o] Error 1\n"
    assert missing_names(output) == (MissingName(kind, "BOX_OPEN", "src/a.c", 7),)


@pytest.mark.parametrize("text", FIELDS)
def test_a_field_has_its_structure_if_the_compiler_tells(text: str) -> None:
    assert missing_names(text) == (MissingName(NameKind.FIELD, "lid", "src/a.c", 7, FIELDS[text]),)


@pytest.mark.parametrize("text", LINKERS)
def test_a_symbol_that_is_not_linked_has_no_place(text: str) -> None:
    assert missing_names(text) == (MissingName(NameKind.FUNCTION, "box_open"),)


@pytest.mark.parametrize("text", OTHERS)
def test_other_messages_name_nothing_that_is_missing(text: str) -> None:
    assert missing_names(text) == ()


def test_a_compiler_may_not_tell_which_function_has_other_parameters() -> None:
    texts = (
        "src/a.c:7: error: too many arguments to function",
        "src/a.c:7:43: error: too few arguments to function call, expected 2, have 1",
        "src/a.c:7:43: error: too many arguments provided to function-like macro invocation",
    )
    unnamed = MissingName(NameKind.SIGNATURE, "", "src/a.c", 7)
    assert [missing_names(text) for text in texts] == [(unnamed,)] * 3


def test_each_name_comes_once_and_headers_come_first() -> None:
    output = (
        "src/a.c:2:22: warning: implicit declaration of function 'box_open'\n"
        "src/a.c:2:30: error: 'BOX' undeclared (first use in this function)\n"
        "src/a.c:9:30: error: 'BOX' undeclared (first use in this function)\n"
        "src/b.c:1:10: fatal error: haproxy/box.h: No such file or directory\n"
        "/usr/bin/ld: src/a.c:2: undefined reference to `box_open'\n"
    )
    found = [(name.name, name.path, name.line) for name in missing_names(output)]
    assert found == [
        ("haproxy/box.h", "src/b.c", 1),
        ("box_open", "src/a.c", 2),
        ("BOX", "src/a.c", 2),
    ]


def test_a_macro_with_other_parameters_is_not_undeclared_as_gcc_says() -> None:
    output = (
        'src/a.c:2:40: error: macro "BOX" requires 2 arguments, but only 1 given\n'
        "src/a.c:2:23: error: 'BOX' undeclared (first use in this function)\n"
    )
    assert missing_names(output) == (MissingName(NameKind.SIGNATURE, "BOX", "src/a.c", 2),)


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
def test_what_gcc_prints_is_read(tmp_path: Path) -> None:
    source = tmp_path / "a.c"
    source.write_text(
        "struct box { int a; };\nint two(int a, int b);\n"
        "int f(struct box *b) { return b->lid + BOX + two(1) + open_it(b); }\nlid_t x;\n"
    )
    argv = ("gcc", "-Wall", "-fsyntax-only", "a.c")
    done = subprocess.run(
        argv,
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        capture_output=True,
        text=True,
    )
    found = {(name.kind, name.name, name.line) for name in missing_names(done.stderr)}
    assert found == {
        (NameKind.FIELD, "lid", 3),
        (NameKind.IDENTIFIER, "BOX", 3),
        (NameKind.SIGNATURE, "two", 3),
        (NameKind.FUNCTION, "open_it", 3),
        (NameKind.TYPE, "lid_t", 4),
    }
