"""Running untrusted builds and tests in a sandbox: by bubblewrap, else by Landlock, within limits.

`find` chooses; a Sandbox of either kind makes a Box for each program that runs in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from bisector.errors import EnvironmentProblem, UsageProblem
from bisector.system.process import Finished
from bisector.system.sandbox import bubblewrap, landlock
from bisector.system.sandbox.box import Box, Limits, Network, Sandbox
from bisector.system.sandbox.paths import SYSTEM, has_home, home_of, outermost, visible
from bisector.system.workspace import Workspace

__all__ = [
    "AUTO",
    "MODES",
    "OFF",
    "REQUIRE",
    "SYSTEM",
    "Box",
    "Limits",
    "Network",
    "Sandbox",
    "did_not_start",
    "examined",
    "find",
    "has_home",
    "home_of",
    "outermost",
    "visible",
]
AUTO, REQUIRE, OFF = "auto", "require", "off"
MODES = (AUTO, REQUIRE, OFF)
SWITCHED_OFF = "not sandboxed: --sandbox off"


def find(workspace: Workspace, mode: str, reads: Iterable[Path] = ()) -> tuple[Sandbox | None, str]:
    """The sandbox for *mode* (auto, require, off), and a remark for the report, '' if it is best.

    Raises UsageProblem for another mode, EnvironmentProblem if it is required and does not work.
    """
    if mode not in MODES:
        raise UsageProblem(f"--sandbox {mode}", f"one of {', '.join(MODES)}")
    if mode == OFF:
        return None, SWITCHED_OFF
    try:
        sandbox = examined(workspace, reads)
    except EnvironmentProblem as problem:
        if mode == REQUIRE:
            raise
        return None, f"not sandboxed: {problem}"
    return sandbox, sandbox.remark


def examined(workspace: Workspace, reads: Iterable[Path] = ()) -> Sandbox:
    """The sandbox of this machine, after a trial run: bubblewrap, or Landlock where that fails.

    Raises EnvironmentProblem with the reasons why neither works, and what to do.
    """
    reads = tuple(reads)
    try:
        return bubblewrap.examined(workspace, reads)
    except EnvironmentProblem as problem:
        try:
            second = landlock.examined(workspace, reads)
        except EnvironmentProblem as other:
            what = f"{problem.what}, and {other.what}"
            raise EnvironmentProblem(what, problem.hint) from other
        remark = f"sandboxed by {second.said}, {second.lacks}; bubblewrap does not work: {problem}"
        return replace(second, remark=remark)


def did_not_start(done: Finished) -> bool:
    """Whether the sandbox itself failed, so that the program has not begun."""
    return done.status == 1 and done.output.startswith((bubblewrap.FAILED, landlock.FAILED))
