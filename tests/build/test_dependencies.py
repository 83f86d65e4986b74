"""An object is outdated by a change of a file that it was compiled from, and by no other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bisector.build import dependencies, tcc
from bisector.build.dependencies import Change
from bisector.system.process import run
from bisector.system.workspace import Workspace

RULE = """src/a.o: \\
  src/a.c \\
  include/haproxy/list.h \\
  ./include/import/../haproxy/pool-t.h \\
  /usr/include/stdio.h
"""


@pytest.mark.parametrize(
    "path",
    [
        "src/a.c",
        "include/haproxy/list.h",
        "include/haproxy/pool-t.h",
        "src/list.h",  # the compiler may find it before the other
        "stdio.h",
    ],
)
def test_a_file_of_the_rule_outdates_the_object(path: str) -> None:
    assert Change([path]).outdates(RULE)
    assert Change(["src/z.c", path]).outdates(RULE)


@pytest.mark.parametrize(
    "path", ["src/b.c", "src/aa.c", "include/import/mt_list.h", "include/haproxy/pool.h", "a.o"]
)
def test_another_file_does_not(path: str) -> None:
    assert not Change([path]).outdates(RULE)


@pytest.mark.parametrize("rule", ["", "src/a.o", "src/a.c include/haproxy/list.h"])
def test_without_a_rule_any_change_outdates_it(rule: str) -> None:
    assert Change(["src/b.c"]).outdates(rule)


@pytest.mark.parametrize("name", ["a b.h", "a#b.h", "a$b.h", "a\\b.h"])
def test_a_name_that_a_rule_may_have_in_another_form_outdates_all(name: str) -> None:
    assert Change([f"include/{name}"]).outdates(RULE)


@pytest.mark.real
@pytest.mark.parametrize("kind", ["gcc", "tcc"])
def test_compilers_write_the_rule_beside_the_object(kind: str, tmp_path: Path) -> None:
    program = shutil.which("gcc") if kind == "gcc" else None
    if kind == "tcc" and tcc.find():
        program = str(tcc.compiler(Workspace(tmp_path / "workspace")).path)
    if program is None:
        pytest.skip(f"no {kind} on this machine")
    (tmp_path / "src").mkdir()
    (tmp_path / "src/used.h").write_text("int used;")
    (tmp_path / "src/a.c").write_text('#include "used.h"\n')
    words = (program, dependencies.OPTION, "-c", "-o", "src/a.o", "src/a.c")
    assert run(words, log=tmp_path / "log", timeout=20, cwd=tmp_path).ok
    rule = dependencies.read(tmp_path / "src/a.o")
    assert Change(["src/used.h"]).outdates(rule)
    assert Change(["src/a.c"]).outdates(rule)
    assert not Change(["src/unused.h"]).outdates(rule)
