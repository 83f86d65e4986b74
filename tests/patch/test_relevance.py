"""The evidence about commits: by file, by function, by subject; and how a hint is matched."""

from __future__ import annotations

from pathlib import Path

import pygit2
import pytest

from bisector.git.history import History
from bisector.patch import relevance
from bisector.patch.load import from_commit
from bisector.patch.model import Series
from bisector.patch.relevance import definitions
from bisector.search import priors
from bisector.system.workspace import Workspace
from tests.support.clone import Clone


def source(down: int = 0, up: int = 0, limit: int = 0) -> str:
    return f"""#include "x.h"

static int limit = {limit};
static int server_down(struct server *s);

static int server_down(struct server *s)
{{
	s->state = {down};
	return limit;
}}

int server_up(struct server *s,
              int why)
{{
	if (server_down(s))
		return why;
	return {up};
}}
"""


@pytest.fixture
def made(clone: Clone) -> list[str]:
    """Commits of all kinds; the last one is the fix, which is not in the range."""
    changes: list[tuple[str, dict[str, str | None]]] = [
        ("MINOR: server: begin", {"src/server.c": source(), "src/h1.c": "int h1(void)\n{\n}\n"}),
        ("MEDIUM: server: down", {"src/server.c": source(down=1)}),
        ("MINOR: limits: raise", {"src/server.c": source(down=1, limit=1)}),
        ("DOC: explain", {"doc/server.txt": "A server.\n"}),
        ("MEDIUM: server/dns: both", {"src/server.c": source(down=2, up=1, limit=1)}),
        ("MINOR: h1: parse", {"src/h1.c": "int h1(void)\n{\n\treturn 1;\n}\n"}),
        ("BUG/MINOR: server: up", {"src/server.c": source(down=2, up=2, limit=1)}),
        (
            "BUG/MEDIUM: server: fix",
            {"src/server.c": source(down=3, up=3, limit=1), "doc/server.txt": "Better.\n"},
        ),
    ]
    return [clone.commit(change, subject=subject) for subject, change in changes]


@pytest.fixture
def history(clone: Clone, made: list[str], workspace: Workspace) -> History:
    return History.open(clone.path, workspace)


@pytest.fixture
def fix(clone: Clone, made: list[str]) -> Series:
    return Series((from_commit(clone.git, clone.git[made[-1]].peel(pygit2.Commit)),))


def numbers(made: list[str], commits: frozenset[str]) -> list[int]:
    return [at for at, commit in enumerate(made) if commit in commits]


def test_each_kind_of_evidence_is_found(history: History, made: list[str], fix: Series) -> None:
    found = relevance.of(history, made[1:-1], series=fix)
    assert fix.functions == {"server_down", "server_up"}
    assert numbers(made, found.inert) == [3]
    assert numbers(made, found.files) == [1, 2, 4, 6]
    assert found.functions == {made[1]: 1, made[4]: 2, made[6]: 1}
    assert numbers(made, found.subsystem) == [1, 4, 6]
    assert found.subjects[made[1]].kind == {"MEDIUM"}
    assert not found.hinted
    weights = priors.weigh(made[1:-1], found)
    assert weights[made[3]] == 0
    assert max(weights, key=lambda commit: weights[commit]) == made[4]


def test_without_a_patch_the_scenarios_subsystem_counts(history: History, made: list[str]) -> None:
    found = relevance.of(history, made[1:-1], tags=["dns", "resolvers"])
    assert numbers(made, found.subsystem) == [4]
    assert not found.files and not found.functions
    assert numbers(made, found.inert) == [3]


@pytest.mark.parametrize(
    "hint, expected",
    [
        ("src/h1.c", [5]),
        ("./src/h1.c", [5]),
        ("src", [1, 2, 4, 5, 6]),
        ("src/", [1, 2, 4, 5, 6]),
        ("doc/server.txt", [3]),
        ("server_up", [4, 6]),
        ("server_up()", [4, 6]),
        ("dns", [4]),
        ("Server/DNS", [1, 4, 6]),
        ("nonesuch", []),
        ("include", []),
        ("/", []),
        ("()", []),
    ],
)
def test_a_hint_is_a_path_else_a_function_else_a_subsystem(
    history: History, made: list[str], hint: str, expected: list[int]
) -> None:
    assert numbers(made, relevance.of(history, made[1:-1], hint=hint).hinted) == expected


def test_a_hint_known_at_one_end_only_is_found(
    clone: Clone, history: History, made: list[str]
) -> None:
    gone = clone.commit({"src/h1.c": None}, subject="MINOR: all: drop h1")
    again = clone.commit({"src/h2.c": "int h2(void)\n{\n}\n"}, subject="MINOR: h2: new")
    span = [*made[1:], gone, again]
    assert relevance.of(history, span, hint="src/h1.c").hinted == {made[5], gone}
    assert relevance.of(history, span, hint="h1").hinted == {made[5], gone}  # a function first
    assert relevance.of(history, span, hint="h2").hinted == {again}


def test_a_merge_without_changes_of_its_own_touches_nothing(
    clone: Clone, history: History, made: list[str], fix: Series
) -> None:
    change: dict[str, str | None] = {"src/server.c": source(up=7)}
    side = clone.commit(change, parents=[made[0]], branch="side")
    merge = clone.commit(change, parents=[made[0], side], branch="side")
    found = relevance.of(history, [side, merge], series=fix)
    assert found.files == {side}
    assert found.functions == {side: 1}
    assert found.inert == {merge}


def test_an_empty_range_has_no_evidence(history: History, fix: Series) -> None:
    assert relevance.of(history, [], series=fix, hint="src") == priors.Evidence()


def test_a_file_that_a_partial_clone_lacks_only_hides_its_functions(
    clone: Clone, history: History, made: list[str], fix: Series, workspace: Workspace
) -> None:
    whole = relevance.of(history, made[1:-1], series=fix)
    blob = str(clone.git.revparse_single(f"{made[4]}:src/server.c").id)
    (clone.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    found = relevance.of(History.open(clone.path, workspace), made[1:-1], series=fix)
    assert found.files == whole.files
    assert found.functions.keys() >= {made[1]}


def test_a_definition_is_distinguished_from_calls_prototypes_and_other_names() -> None:
    content = source().encode()
    (down,) = definitions(content, "server_down")
    assert down.startswith(b"static int server_down(struct server *s)\n{")
    assert down.endswith(b"return limit;")
    (up,) = definitions(content, "server_up")
    assert up.startswith(b"int server_up(") and up.endswith(b"return 0;")
    assert definitions(content, "server") == ()
    assert definitions(content, "limit") == ()
    assert definitions(b"", "server") == ()
    assert definitions(b"int\nsplit(void)\n{\n}\n", "split") == (b"split(void)\n{",)
    assert definitions(b"int cut(void)\n{\n\treturn", "cut") == (b"int cut(void)\n{\n\treturn",)


def test_each_conditional_definition_of_a_function_counts() -> None:
    content = b"#if X\nint f(void)\n{\n\tone();\n}\n#else\nint f(void)\n{\n\ttwo();\n}\n#endif\n"
    assert [b"one" in form for form in definitions(content, "f")] == [True, False]


def test_the_clone_is_not_written_to(
    clone: Clone, history: History, made: list[str], fix: Series
) -> None:
    def content(root: Path) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}

    before = content(clone.path)
    relevance.of(history, made[1:], series=fix, hint="server_up")
    assert content(clone.path) == before


def test_the_commits_that_change_a_path_keep_their_order(made: list[str], history: History) -> None:
    before, server = made[:-1], "src/server.c"
    assert relevance.touching(history, before, server) == [made[n] for n in (0, 1, 2, 4, 6)]
    assert relevance.touching(history, before[::-1], server) == [made[n] for n in (6, 4, 2, 1, 0)]
    assert relevance.touching(history, before[1:], "src/nowhere.c") == []
