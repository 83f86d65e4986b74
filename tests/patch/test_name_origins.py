"""The commits that brought a name are found from its definition, through moves, not from uses."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bisector.git.history import History
from bisector.patch.name_origins import NameOrigins
from bisector.record.missing_name import MissingName, NameKind
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

HEADER = "include/haproxy/box.h"
USER = "src/user.c"
BASE = "struct box {\n\tint size;\n};\n\nint box_open(struct box *b);\n"
KIND = NameKind


class Line:
    """A base that has HEADER and USER, and the commits made after it."""

    def __init__(self, clone: Clone, workspace: Workspace) -> None:
        self._clone, self._workspace = clone, workspace
        clone.commit({HEADER: BASE, USER: "int user;\n"})
        self.commits: list[str] = []

    def commit(self, change: Mapping[str, str | None]) -> str:
        self.commits.append(self._clone.commit(change))
        return self.commits[-1]

    def brought(self, name: MissingName | str, at: str = "") -> tuple[str, ...]:
        history = History.open(self._clone.path, self._workspace)
        return NameOrigins(history, self.commits).brought_by(name, at or self.commits[-1])


@pytest.fixture
def line(clone: Clone, workspace: Workspace) -> Line:
    return Line(clone, workspace)


def missing(kind: NameKind, name: str, owner: str = "") -> MissingName:
    return MissingName(kind, name, USER, 1, owner)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (KIND.IDENTIFIER, "#define NEW 1"),
        (KIND.FUNCTION, "#define NEW(a) \\\n\t(a)"),
        (KIND.IDENTIFIER, "enum lid {\n\tOLD, /* NEW */\n\tNEW = OLD + 1,\n};"),
        (KIND.IDENTIFIER, "extern struct box NEW;"),
        (KIND.FUNCTION, "struct box *NEW(int a,\n                int b);"),
        (KIND.FUNCTION, "static inline int NEW(int a)\n{\n\treturn a;\n}"),
        (KIND.TYPE, "struct NEW {\n\tint a;\n};"),
        (KIND.TYPE, "typedef int (*NEW)(int a);"),
        (KIND.TYPE, "typedef struct {\n\tint a;\n} NEW;"),
        (KIND.FIELD, "struct lid {\n\tunion {\n\t\tint a, NEW;\n\t};\n};"),
        (KIND.FIELD, "#define LID \\\n\tstruct {\\\n\t\tint NEW;\\\n\t}"),
        (KIND.FIELD, "struct lid {\n\tint (*NEW)(struct box *b);\n};"),
    ],
)
def test_the_commit_that_defined_a_name_is_found(line: Line, kind: NameKind, text: str) -> None:
    line.commit({USER: "int a; /* NEW */\n"})
    made = line.commit({HEADER: f"{BASE}{text}\n"})
    line.commit({HEADER: f"{BASE}{text}\n#define LATER NEW\n", USER: "int b = NEW;\n"})
    assert line.brought(missing(kind, "NEW")) == (made,)


@pytest.mark.parametrize(
    "text",
    [
        "/* NEW */",
        "#define OTHER NEW",
        'static inline const char *f(int a)\n{\n\treturn "NEW" + NEW;\n}',
        "struct NEW;\nint f(struct NEW *a);",
        "struct lid {\n\tint NEW;\n};",
    ],
)
def test_a_use_or_a_field_is_not_a_definition(line: Line, text: str) -> None:
    line.commit({HEADER: f"{BASE}{text}\n"})
    assert line.brought(missing(KIND.TYPE, "NEW")) == ()


def test_what_the_base_has_or_what_nothing_defines_was_brought_by_none(line: Line) -> None:
    line.commit({HEADER: f"{BASE}int more(void);\n"})
    assert line.brought("box_open") == line.brought("nowhere") == line.brought("stdio.h") == ()


def test_a_field_is_one_of_its_structure(line: Line) -> None:
    first = line.commit({HEADER: f"{BASE}struct a {{\n\tint lid;\n}};\n"})
    both = f"{BASE}struct a {{\n\tint lid;\n}};\nstruct b {{\n\tint lid;\n}};\n"
    second = line.commit({HEADER: both})
    assert line.brought(missing(KIND.FIELD, "lid", "a")) == (first,)
    assert line.brought(missing(KIND.FIELD, "lid", "b")) == (second,)
    assert set(line.brought(missing(KIND.FIELD, "lid"))) == {first, second}


def test_of_several_structures_that_of_a_commit_which_changes_the_file_comes_first(
    line: Line,
) -> None:
    first = f"{BASE}struct a {{\n\tint lid;\n}};\n"
    other = line.commit({HEADER: first})
    made = line.commit({HEADER: f"{first}struct b {{\n\tint lid;\n}};\n", USER: "int a;\n"})
    assert line.brought(missing(KIND.FIELD, "lid")) == (made, other)


def test_a_definition_that_moved_has_both_commits(line: Line) -> None:
    made = line.commit({HEADER: f"{BASE}#define NEW 1\n"})
    moved = line.commit({HEADER: BASE, "include/haproxy/lid.h": "#define NEW 1\n"})
    assert line.brought("NEW") == (moved, made)
    assert line.brought("NEW", at=made) == (made,)


def test_a_header_was_brought_or_renamed(line: Line) -> None:
    text = "".join(f"#define LID_{n} {n}\n" for n in range(9))
    made = line.commit({"include/haproxy/lid-t.h": text})
    renamed = line.commit({"include/haproxy/lid-t.h": None, "include/haproxy/lid.h": text})
    assert line.brought("haproxy/lid.h") == (renamed, made)
    assert line.brought(missing(KIND.HEADER, "haproxy/lid-t.h"), at=made) == (made,)


def test_other_parameters_were_brought_by_what_changed_them(line: Line) -> None:
    first = line.commit({HEADER: BASE.replace("*b)", "*b, int n)")})
    second = line.commit({HEADER: BASE.replace("*b)", "*b, int n, int m)")})
    line.commit({HEADER: BASE.replace("*b)", "*b, int n, int m)") + "int more(void);\n"})
    assert line.brought(missing(KIND.SIGNATURE, "box_open")) == (second, first)


def test_a_signature_without_a_name_is_that_of_what_new_lines_call(line: Line) -> None:
    line.commit({HEADER: f"{BASE}int old(int a, int b);\n", USER: "int a = old(1, 2);\n"})
    made = line.commit({HEADER: BASE.replace("*b)", "*b, int n)") + "int old(int a, int b);\n"})
    line.commit({USER: "int a = old(1, 2);\nint b = box_open(0, 1);\n"})
    assert line.brought(missing(KIND.SIGNATURE, "")) == (made,)


def test_a_name_of_the_base_may_lack_its_header_where_it_is_used(line: Line) -> None:
    line.commit({"include/haproxy/all.h": "#include <haproxy/x.h>\n"})
    deep = line.commit({"include/haproxy/all.h": "#include <haproxy/box.h>\n"})
    near = line.commit({USER: "#include <haproxy/all.h>\nint user;\n"})
    assert line.brought(missing(KIND.FUNCTION, "box_open")) == (near, deep)


def test_the_linker_lacks_a_function_that_is_not_static(line: Line) -> None:
    line.commit({"src/a.c": "static int box_open(struct box *b)\n{\n\treturn 0;\n}\n"})
    made = line.commit({"src/b.c": "int box_open(struct box *b)\n{\n\treturn 1;\n}\n"})
    assert line.brought(MissingName(KIND.FUNCTION, "box_open")) == (made,)


def test_a_static_function_counts_in_its_own_file(line: Line) -> None:
    line.commit({"src/a.c": "static int f(void)\n{\n\treturn 0;\n}\n"})
    made = line.commit({USER: "static int f(void)\n{\n\treturn 0;\n}\n"})
    assert line.brought(missing(KIND.FUNCTION, "f")) == (made,)


def test_a_local_name_was_brought_by_what_declared_it_in_the_changed_function(line: Line) -> None:
    text = (
        "int f(int a)\n{{\n{}\treturn a{};\n}}\n\nint g(void)\n{{\n\tint n = 1;\n\treturn n;\n}}\n"
    )
    line.commit({USER: text.format("", "")})
    made = line.commit({USER: text.format("\tint m, n = 2;\n end:\n", "")})
    line.commit({USER: text.format("\tint m, n = 2;\n end:\n", " + n")})
    assert line.brought(missing(KIND.IDENTIFIER, "n")) == (made,)
    assert line.brought(missing(KIND.LABEL, "end")) == (made,)


def test_an_argument_is_unknown_where_the_macro_is_missing(line: Line) -> None:
    made = line.commit({HEADER: f"{BASE}#define EACH(one, field) for (;;)\n"})
    line.commit({USER: "int f(struct box *b)\n{\n\tEACH(b, size) {\n\t}\n\treturn 0;\n}\n"})
    assert line.brought(missing(KIND.IDENTIFIER, "size")) == (made,)


def test_only_commits_of_the_line_can_be_asked_about(line: Line) -> None:
    line.commit({USER: "int a;\n"})
    with pytest.raises(KeyError):
        line.brought("NEW", at="0" * 40)
