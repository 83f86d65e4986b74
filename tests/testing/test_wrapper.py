"""Oracles around another one: they need, send and depend on what the inner one does."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from bisector.system.workspace import Workspace
from bisector.testing.oracles import WRAPPERS
from bisector.testing.oracles.command import Command
from bisector.testing.wrapper import Wrapper

VALUES = {"crash": "", "spin": "1", "leak": "20"}


@pytest.fixture(params=sorted(WRAPPERS))
def option(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def around(script: Path, option: str) -> Wrapper:
    inner = Command.of_option(str(script), bad_if=None, skip_if=None)
    return WRAPPERS[option].around(inner, VALUES[option])


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "try.sh"
    path.write_text("nbthread 4 # with beside.pem\n")
    (tmp_path / "beside.pem").write_text("a key")
    return path


def test_a_worker_gets_the_inner_test_s_files(script: Path, option: str, tmp_path: Path) -> None:
    oracle = around(script, option)
    assert dict(oracle.files_of_user())["beside.pem"] == b"a key"
    elsewhere = tmp_path / "elsewhere"
    moved = pickle.loads(pickle.dumps(oracle.moved_to(elsewhere)))
    assert moved.inner.folder == str(elsewhere)
    assert moved.digest == oracle.digest


def test_what_the_inner_test_needs_is_needed(
    script: Path, option: str, workspace: Workspace
) -> None:
    oracle = around(script, option)
    assert oracle.find_tools(workspace) == oracle.inner.find_tools(workspace)
    assert oracle.conditions() == oracle.inner.conditions()
    assert oracle.wants_threads
    assert not oracle.needs_vtest


def test_each_kind_and_each_inner_test_has_its_own_digest(script: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sh"
    other.write_text("true\n")
    digests = {around(file, name).digest for file in (script, other) for name in WRAPPERS}
    assert len(digests) == 2 * len(WRAPPERS)


def test_the_name_in_reports_says_what_is_looked_for(script: Path, option: str) -> None:
    assert around(script, option).name == f"try.sh ({option})"
