"""Run VTest (or its predecessor varnishtest), and shell commands in the environment of a test."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bisector.build import sanitizers
from bisector.errors import EnvironmentProblem
from bisector.system import process, sandbox
from bisector.system.files import explained, require_room
from bisector.system.process import Finished
from bisector.system.sandbox import Box
from bisector.system.workspace import short_scratch
from bisector.testing import crash_trace
from bisector.testing.deaths import DeathWatch, may_die
from bisector.testing.oracle import Trial
from bisector.testing.vtest_log import SKIPPED

OUTER = 1.25  # times VTest's own time limit: after that it is killed
# Bytes of VTest's log buffer. VTest aborts if a log does not fit, and takes 0.01 s to clear 16 MiB.
# A scenario's log has 20 KiB. The whole buffer must fit into process.OUTPUT_BYTES.
LOG_BUFFER, SCENARIO_BUFFER = 16 << 20, 1 << 20
_STARTED = re.compile(r"^[*#-]+ ", re.M)  # how each line of VTest's output begins
INTERPRETER = "#!"  # how a script begins that the kernel can execute
SHELL_SECONDS = 10.0  # for a command that VTest runs before a test

# As in upstream's run-regtests.sh: -dM fills memory, so that reads of stale memory become visible.
HAPROXY_ARGS = "-dM"


def haproxy_args() -> str:
    """The arguments of every HAProxy in a test: $HAPROXY_ARGS if it is set, else HAPROXY_ARGS."""
    return os.environ.get("HAPROXY_ARGS", HAPROXY_ARGS)


@dataclass(frozen=True)
class Place:
    """Where a test case runs: ``case`` is the .vtc file, ``scratch`` the run's own folder.

    ``env`` is the environment, ``box`` the sandbox, if there is one.
    """

    case: Path
    scratch: Path
    env: Mapping[str, str]
    box: Box | None


@contextlib.contextmanager
def place(vtc: str, files: Sequence[tuple[str, str]], folder: str, trial: Trial) -> Iterator[Place]:
    """Prepare a run of the case *vtc*, which is in the user's *folder*, else one of *files*.

    The run's folder is in the system's temporary folder: the path of a socket may have at most
    107 bytes, which one in the workspace could exceed. Raises WorkspaceProblem if the files cannot
    be written.
    """
    with short_scratch() as scratch:
        home = Path(folder) if folder else scratch
        with explained(f"cannot write the test's files in {home}"):
            for name, text in files:
                (home / name).write_text(text)
                if text.startswith(INTERPRETER):
                    (home / name).chmod(0o755)
        box = None
        if trial.slot.sandbox:
            reads = (trial.binary.parent, sandbox.visible(home, home / vtc))
            box = trial.slot.sandbox.box(scratch, *trial.writes, reads=reads)
        # varnishtest's -conf-OK waits for a text that HAProxy since 2.8 prints with -V only
        env = {
            "TMPDIR": str(scratch),
            "HOME": str(scratch),
            **sanitizers.ENVIRONMENT,
            "HAPROXY_PROGRAM": str(trial.binary),
            "HAPROXY_ARGS": haproxy_args() + (" -V" if "-conf-OK" in case_text(home / vtc) else ""),
            **crash_trace.environment(trial.tools, scratch),
        }
        yield Place(home / vtc, scratch, env, box)


def case_text(case: Path) -> str:
    """The text of a *case*; '' if it cannot be read, which VTest reports."""
    try:
        return case.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def run_test(place: Place, trial: Trial, buffer: int) -> Finished:
    """Run VTest, the first of the trial's tools, once; *buffer* is the size of its log in bytes.

    The test is over as soon as an HAProxy instance in it has died; its log says so then.

    Raises EnvironmentProblem if VTest itself does not start, WorkspaceProblem if the test failed
    and the disk is full.
    """
    watch = DeathWatch(trial.binary)
    ends = () if may_die(case_text(place.case)) else (watch.look,)
    done = process.run(
        [
            trial.tools[0].path,
            *("-v", "-k", "-t", f"{trial.seconds:.0f}", "-b", str(buffer)),
            *("-D", f"HAPROXY_PROGRAM={trial.binary}", str(place.case)),
        ],
        log=trial.log,
        timeout=trial.seconds * OUTER,
        cwd=place.scratch,
        env=place.env,
        stop=trial.slot.stop,
        box=place.box,
        watchers=(*trial.watchers, *ends),
    )
    if done.status in process.NOT_EXECUTED and not _STARTED.search(done.output):
        said = done.output.strip().splitlines()[-1:] or ["it printed nothing"]
        what = f"{trial.tools[0].path} does not start: {said[0]}"
        raise EnvironmentProblem(what, "name VTest itself in VTEST_PROGRAM, not a script")
    if done.status not in (0, SKIPPED) and not done.excess:
        require_room(place.scratch, trial.log.parent)
    died = "".join(
        f"---- {one.instance or 'h?':<5} {one}: the test is over\n"
        for one in watch.deaths(done.output)
    )
    return noted(done, crashes(place, trial, done.output) + died, trial.log)


def crashes(place: Place, trial: Trial, log: str) -> str:
    """Lines about the crashes in a test that has ended with this *log*."""
    found = crash_trace.read(place.scratch, trial.binary, log, place.box)
    return "".join(trace.line for trace in found)


def noted(done: Finished, lines: str, log: Path) -> Finished:
    """*done* with more *lines* at the end of its output, which the file *log* gets, too."""
    if not lines:
        return done
    lines = "\n" * (done.output[-1:] not in ("", "\n")) + lines
    with explained(f"cannot write {log}"), log.open("a") as end:
        end.write(lines)
    return replace(done, output=done.output + lines)


def run_shell(place: Place, trial: Trial, command: str) -> Finished:
    """Run a shell *command* as VTest does; variables take the place of its macros."""
    with short_scratch() as outside:
        return process.run(
            ["sh", "-c", command],
            log=outside / "output",
            timeout=SHELL_SECONDS,
            cwd=place.scratch,
            env={**place.env, "testdir": str(place.case.parent), "tmpdir": str(place.scratch)},
            stop=trial.slot.stop,
            box=place.box,
        )
