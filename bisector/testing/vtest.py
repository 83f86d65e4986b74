"""Run a test under VTest (or varnishtest, its ancestor) and hand out what it said."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bisector.system import process, sandbox
from bisector.system.process import Finished
from bisector.system.sandbox import Box
from bisector.system.slots import Lane
from bisector.system.workspace import explained, require_room, short_scratch
from bisector.testing.oracle import Oracle
from bisector.testing.vtest_log import SKIPPED, TestRun

OUTER = 1.25  # times VTest's own limit, before it is stopped from outside
# Bytes; VTest aborts when a test's log does not fit, and takes 0.01 s to empty 16 MiB. A scenario's
# test says 20 KiB. All of it has to be read back: see process.OUTPUT_BYTES.
LOG_BUFFER, SCENARIO_BUFFER = 16 << 20, 1 << 20
SHELL_SECONDS = 10.0  # for a command that VTest runs before a test

# As upstream's run-regtests.sh: memory is poisoned, so that reads of stale memory show.
HAPROXY_ARGS = "-dM"


def haproxy_args() -> str:
    """What every HAProxy in a test is started with: the caller's $HAPROXY_ARGS, else ours."""
    return os.environ.get("HAPROXY_ARGS", HAPROXY_ARGS)


@dataclass(frozen=True)
class _Place:
    """Where a test runs: its own folder, the one with its files, its environment, its sandbox."""

    scratch: Path
    folder: Path
    env: Mapping[str, str]
    box: Box | None


def run_test(
    vtest: Path, oracle: Oracle, binary: Path, log: Path, lane: Lane, *counters: Path
) -> TestRun:
    """Run *oracle* once against *binary*; everything that VTest says goes to the file *log*.

    *counters* are other folders that a binary which counts may write to. Raises WorkspaceProblem
    if there is no room for what the test writes.
    """
    with _place(oracle, binary, lane, *counters) as place:
        buffer = LOG_BUFFER if oracle.folder else SCENARIO_BUFFER
        done = process.run(
            [
                vtest,
                *("-v", "-k", "-t", f"{oracle.seconds:.0f}", "-b", str(buffer)),
                *("-D", f"HAPROXY_PROGRAM={binary}", str(place.folder / oracle.vtc)),
            ],
            log=log,
            timeout=oracle.seconds * OUTER,
            cwd=place.scratch,
            env=place.env,
            stop=lane.stop,
            box=place.box,
        )
        if done.status not in (0, SKIPPED) and not done.excess:
            require_room(place.scratch, log.parent)
        return TestRun(done.status, done.output, done.seconds, done.excess, done.dropped)


def run_shell(oracle: Oracle, binary: Path, lane: Lane, command: str) -> Finished:
    """Run a shell *command* where and as VTest runs those of *oracle* on *binary*."""
    with _place(oracle, binary, lane) as place, short_scratch() as outside:
        return process.run(
            ["sh", "-c", command],
            log=outside / "said",
            timeout=SHELL_SECONDS,
            cwd=place.scratch,
            # VTest replaces these macros itself
            env={**place.env, "testdir": str(place.folder), "tmpdir": str(place.scratch)},
            stop=lane.stop,
            box=place.box,
        )


def text_of(oracle: Oracle) -> str:
    """The text of the test case; empty if it cannot be read, which VTest then says, too."""
    if not oracle.folder:
        return dict(oracle.files).get(oracle.vtc, "")
    with contextlib.suppress(OSError):
        return Path(oracle.folder, oracle.vtc).read_text(encoding="utf-8", errors="replace")
    return ""


@contextlib.contextmanager
def _place(oracle: Oracle, binary: Path, lane: Lane, *counters: Path) -> Iterator[_Place]:
    """Lay out what a run of *oracle* on *binary* needs.

    The run has a folder of its own under the system's temporary folder: HAProxy's socket names
    must stay under 108 bytes, which a path in the workspace could exceed.
    """
    with short_scratch() as scratch:
        folder = Path(oracle.folder) if oracle.folder else scratch
        with explained(f"cannot write the test's files in {folder}"):
            for name, text in oracle.files:
                (folder / name).write_text(text)
        box = None
        if lane.sandbox:
            seen = sandbox.visible(folder, folder / oracle.vtc)
            box = lane.sandbox.box(scratch, *counters, reads=(binary.parent, seen))
        env = {
            "TMPDIR": str(scratch),
            "HOME": str(scratch),
            "HAPROXY_PROGRAM": str(binary),
            "HAPROXY_ARGS": haproxy_args(),
        }
        yield _Place(scratch, folder, env, box)
