"""`bisector doctor`: its options for VTest, and its exit statuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.jobs import doctor
from bisector.system import debian, libraries
from bisector.system.apt import AptProblem
from bisector.system.workspace import Workspace
from tests.support.shell import Shell
from tests.support.vtest_sources import SOURCE, written


@pytest.fixture(autouse=True)
def _ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has all, and nothing is fetched."""
    monkeypatch.setattr(doctor, "is_ready", lambda findings: True)
    monkeypatch.setattr(doctor, "_FETCHED", {})
    monkeypatch.setattr(doctor, "_install", lambda *words: None)
    monkeypatch.setattr(libraries, "_PREFIXES", ())

    def refuse(_: Workspace, name: str) -> None:
        raise AptProblem(name, "E: no network")

    monkeypatch.setattr(debian, "fetch_library", refuse)


@pytest.mark.parametrize("words", [("--vtest-source", "x"), ("--network",)])
def test_what_changes_the_machine_needs_fix(shell: Shell, words: tuple[str, ...]) -> None:
    assert shell("doctor", *words) == 2
    assert "add --fix" in shell.complaint()


def test_a_source_is_built_and_named_in_the_table(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "source")
    assert shell("doctor", "--fix", "--vtest-source", "source") == 0
    assert "VTest, source " in shell.out


@pytest.mark.parametrize(
    ("files", "status", "said"),
    [
        ({"README": "x"}, 2, "no Makefile that makes vtest"),
        ({**SOURCE, "src/vtest.c": "#include <pcre2.gone>\n"}, 3, "libpcre2-dev zlib1g-dev"),
    ],
)
def test_a_source_that_cannot_be_built_is_one_line_and_a_status(
    shell: Shell, tmp_path: Path, files: dict[str, str], status: int, said: str
) -> None:
    source = written(tmp_path / "source", files)
    assert shell("doctor", "--fix", "--vtest-source", str(source)) == status
    assert said in shell.err.splitlines()[-1]


def test_debians_is_not_fetched_beside_it(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[Workspace] = []
    monkeypatch.setattr(doctor, "_FETCHED", {"VTest": fetched.append})
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert shell("doctor", "--fix", "--vtest-source", str(written(tmp_path / "source"))) == 0
    assert fetched == []
