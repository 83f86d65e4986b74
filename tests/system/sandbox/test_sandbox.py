"""Which sandbox is chosen, and the reasons why there is none."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from bisector.errors import EnvironmentProblem, UsageProblem
from bisector.system import sandbox
from bisector.system.process import Finished
from bisector.system.sandbox import AUTO, OFF, REQUIRE, Sandbox, landlock
from bisector.system.sandbox.landlock import Landlock
from bisector.system.workspace import Workspace
from tests.support.boxed import without_namespaces


def test_mode_off_means_no_sandbox(workspace: Workspace) -> None:
    assert sandbox.find(workspace, OFF) == (None, "not sandboxed: --sandbox off")


def test_another_mode_is_an_error(workspace: Workspace) -> None:
    with pytest.raises(UsageProblem, match="--sandbox maybe: one of auto, require, off"):
        sandbox.find(workspace, "maybe")


NO_LANDLOCK = EnvironmentProblem("no Landlock in this kernel", "a kernel with Landlock")


def refuse(*_: object) -> NoReturn:
    raise NO_LANDLOCK


def test_with_neither_kind_auto_gives_the_reasons_and_require_raises(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(landlock, "examined", refuse)
    box, why = sandbox.find(workspace, AUTO)
    assert box is None
    assert why == (
        "not sandboxed: no bubblewrap on this machine, and no Landlock in this kernel: "
        "install bubblewrap, or run 'bisector doctor --fix'"
    )
    with pytest.raises(EnvironmentProblem, match="no bubblewrap") as caught:
        sandbox.find(workspace, REQUIRE)
    assert caught.value.exit_code == 3


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """bubblewrap is there and fails, as where no namespaces can be made."""
    monkeypatch.setenv("PATH", f"{without_namespaces(tmp_path)}:{os.environ['PATH']}")


@pytest.mark.usefixtures("broken")
def test_a_bubblewrap_that_fails_is_not_used(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landlock, "examined", refuse)
    box, why = sandbox.find(workspace, AUTO)
    assert box is None and why.startswith("not sandboxed: ")


@pytest.mark.usefixtures("broken", "landlock")
@pytest.mark.parametrize("mode", [AUTO, REQUIRE])
def test_landlock_is_the_second_choice_and_the_report_says_what_it_lacks(
    workspace: Workspace, mode: str
) -> None:
    box, remark = sandbox.find(workspace, mode, [Path("/tools")])
    assert isinstance(box, Landlock) and box.reads == ("/tools",)
    assert remark.startswith(f"sandboxed by {box.said}, which lets tests reach other hosts")
    assert "; bubblewrap does not work: " in remark


def test_a_bubblewrap_that_works_is_the_first_choice(
    bubblewrap: Sandbox, shared_workspace: Path
) -> None:
    found, remark = sandbox.find(Workspace(shared_workspace), AUTO, [Path("/tools")])
    assert found == replace(bubblewrap, reads=("/tools",))
    assert remark == ""


def test_a_sandbox_that_fails_is_told_from_a_program_that_does() -> None:
    def ended(status: int, output: str) -> Finished:
        return Finished(("x",), status, output, 0.1)

    assert sandbox.did_not_start(ended(1, "bwrap: Can't mount"))
    assert sandbox.did_not_start(ended(1, "confine: fork: no"))
    assert not sandbox.did_not_start(ended(1, "x.c: error"))
    assert not sandbox.did_not_start(ended(2, "bwrap: "))
