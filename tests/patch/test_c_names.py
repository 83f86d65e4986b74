"""What a name is in a C file is told from what stands around it."""

from __future__ import annotations

import pytest

from bisector.patch import c_locals, c_names
from bisector.patch.c_names import Definition, Kind


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (b"# define NAME(a, b) (a)\n", Definition(Kind.MACRO, parameters="(a, b)")),
        (b"int NAME(int a);\n", Definition(Kind.PROTOTYPE, parameters="int a")),
        (b"static int NAME(void)\n{\n}\n", Definition(Kind.FUNCTION, "", "void", True)),
        (b"struct NAME {\n\tint a;\n};\n", Definition(Kind.TYPE)),
        (b"typedef unsigned int NAME;\n", Definition(Kind.TYPE)),
        (b"enum { A, NAME };\n", Definition(Kind.VALUE)),
        (b"struct a {\n\tint NAME:1;\n};\n", Definition(Kind.FIELD, "a")),
        (b"struct a {\n\tunion {\n\t\tint NAME[2];\n\t};\n};\n", Definition(Kind.FIELD, "a")),
        (b"struct a {\n\t__decl_thread(int NAME);\n};\n", Definition(Kind.FIELD, "a")),
        (b"struct a NAME = { 1 };\n", Definition(Kind.VARIABLE)),
        (b"DECLARE_THING(NAME, 1);\n", Definition(Kind.VARIABLE)),
    ],
)
def test_a_definition_is_recognized(source: bytes, found: Definition) -> None:
    assert c_names.definitions(source, "NAME") == {found}


@pytest.mark.parametrize(
    "source",
    [
        b"/* int NAME; */\n",
        b'char *a = "int NAME;";\n',
        b"int a = NAME;\n",
        b"int f(int NAME);\n",
        b"struct a {\n\tstruct NAME *b;\n\tint (*f)(int NAME);\n};\n",
        b"int f(void)\n{\n\tint NAME;\n\treturn NAME(1);\n}\n",
        b"RUN_LATER(NAME);\n",
    ],
)
def test_a_use_is_no_definition(source: bytes) -> None:
    assert not c_names.definitions(source, "NAME")


def test_an_outline_has_the_definitions_without_the_bodies() -> None:
    source = b"int f(void)\n{\n\tif (1) {\n\t}\n}\nstruct a\n{\n\tint b;\n};\nint g(void)\n{\n}\n"
    outline = c_names.outline(source)
    assert outline == b"int f(void){}\nstruct a\n{\n\tint b;\n};\nint g(void){}\n"
    for name in ("f", "g", "b"):
        assert c_names.definitions(outline, name) == c_names.definitions(source, name) != set()


def test_calls_and_includes_are_listed() -> None:
    assert c_names.called(b"if (one(two(1)) && (3))\n\treturn one (2);\n") == ("one", "two")
    assert c_names.called_with(b"a(b, name);\nif (c(name(1), d(2)))\n\te(names);\n", "name") == (
        "a",
        "c",
    )
    assert c_names.included(b'#include <a/b.h>\n # include "c.h"\n') == {"a/b.h", "c.h"}


@pytest.mark.parametrize(
    "body",
    [
        "int n;",
        "int n = 1;",
        "struct a *n, *m;",
        "int m = f(1, 2), n;",
        "n:",
        "if (1) {\n\t\tint n;\n\t}",
    ],
)
def test_a_function_declares_a_local_name(body: str) -> None:
    source = (
        f"int f(int m)\n{{\n\t{body}\n\treturn 0;\n}}\n\nint g(void)\n{{\n\tn(n);\n}}\n".encode()
    )
    assert c_locals.declaring(source, "n") == {"f"}
    assert c_locals.declaring(source, "n", only="g") == set()


@pytest.mark.parametrize("body", ["n = 1;", "return n;", "goto n;", "m = a, n;", "if (m) n = 1;"])
def test_a_function_that_uses_a_name_does_not_declare_it(body: str) -> None:
    assert not c_locals.declaring(f"int f(int m)\n{{\n\t{body}\n}}\n".encode(), "n")


def test_a_function_declares_its_parameters() -> None:
    source = b"int f(struct a *n,\n      int (*m)(int))\n{\n\treturn n;\n}\n"
    assert c_locals.declaring(source, "n") == {"f"}
