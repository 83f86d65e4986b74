"""Running and measuring a program, and workspaces without caches."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bisector.errors import EnvironmentProblem
from bisector.system.slots import cores
from bisector.system.workspace import Workspace

ROOT = Path(__file__).resolve().parents[1]
GRACE_SECONDS = 10.0  # between SIGTERM and SIGKILL
LEAST_BUSY = 0.5  # processors, on average, of a run that mostly builds

_REAPER = (sys.executable, "-I", "-S", str(ROOT / "bench" / "reaper.py"))

_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.M)


@dataclass(frozen=True)
class Line:
    """A line of a program's output, and its time in seconds since the start."""

    at: float
    text: str


@dataclass(frozen=True)
class Measured:
    """A program's exit status, duration in seconds (``wall``), and output.

    ``cpu`` is in seconds, user and system, and counts all descendants, orphans too.
    """

    status: int
    wall: float
    cpu: float
    lines: tuple[Line, ...]


def measure(
    argv: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    heard: Callable[[str], None] = lambda line: None,
) -> Measured:
    """Run *argv* with *env* added to the environment; *heard* is called with each output line."""
    started = time.monotonic()
    source, sink = os.pipe()
    child = subprocess.Popen(
        [*_REAPER, str(sink), *map(str, argv)],
        cwd=cwd,
        env={**_environment(), **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        pass_fds=(sink,),
    )
    os.close(sink)
    assert child.stdout
    lines = []
    try:
        with os.fdopen(source) as reported, child.stdout as said:
            for text in said:
                lines.append(Line(time.monotonic() - started, text.rstrip("\n")))
                heard(lines[-1].text)
            report = reported.read().split()
        child.wait()
    except BaseException:
        _end(child)
        raise
    if not report:
        raise EnvironmentProblem(f"cannot run {argv[0]}", lines[-1].text if lines else "no reason")
    return Measured(int(report[0]), time.monotonic() - started, float(report[1]), tuple(lines))


def implausible(wall: float, cpu: float) -> str:
    """Why *cpu* seconds of processors are not what a run that builds took in *wall* seconds.

    Empty if they may be.
    """
    if LEAST_BUSY * wall <= cpu <= wall * cores():
        return ""
    return f"CPU not known: {cpu:.1f} s were counted, in {wall:.1f} s on {cores()} processors"


def peak_memory(status: str) -> int | None:
    """The peak resident memory of a process in bytes, from the text of its /proc/PID/status.

    None if it is not there. getrusage(2) is not usable: it includes the memory that the parent had
    when it forked.
    """
    found = _PEAK.search(status)
    return int(found[1]) * 1024 if found else None


def empty_workspace(folder: Path, tools: Path) -> Workspace:
    """A workspace with empty caches, which has only a copy of the fetched *tools*."""
    workspace = Workspace(folder)
    workspace.folder()
    own = folder / "tools"
    if tools.is_dir() and not own.exists():  # a warm run uses the folder of the cold one again
        shutil.copytree(tools, own, symlinks=True)
    return workspace


def checked(done: Measured, what: str, *good: int) -> Measured:
    """Return *done* if its status is one of *good* (default: 0).

    Raises EnvironmentProblem otherwise.
    """
    if done.status not in (good or (0,)):
        said = done.lines[-1].text if done.lines else "nothing"
        raise EnvironmentProblem(f"{what} ended with {done.status}", f"it said: {said}")
    return done


def _environment() -> dict[str, str]:
    """This process's environment without GIT_* variables, which could redirect git."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}


def _end(child: subprocess.Popen[str]) -> None:
    """End the program's process group with SIGTERM, then SIGKILL."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, how)
            child.wait(GRACE_SECONDS)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
