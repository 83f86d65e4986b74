"""Run a test under VTest (or varnishtest, its ancestor) and hand out what it said."""

from __future__ import annotations

import os
from pathlib import Path

from bisector import process, sandbox
from bisector.classify import SKIPPED, TestRun
from bisector.lanes import Lane
from bisector.oracle import Oracle
from bisector.workspace import explained, require_room, short_scratch

OUTER = 1.25  # times VTest's own limit, before it is stopped from outside
# Bytes; VTest aborts when a test's log does not fit, and takes 0.01 s to empty 16 MiB. A scenario's
# test says 20 KiB. All of it has to be read back: see process.OUTPUT_BYTES.
LOG_BUFFER, SCENARIO_BUFFER = 16 << 20, 1 << 20

# As upstream's run-regtests.sh: memory is poisoned, so that reads of stale memory show.
HAPROXY_ARGS = "-dM"


def haproxy_args() -> str:
    """What every HAProxy in a test is started with: the caller's $HAPROXY_ARGS, else ours."""
    return os.environ.get("HAPROXY_ARGS", HAPROXY_ARGS)


def run_test(
    vtest: Path, oracle: Oracle, binary: Path, log: Path, lane: Lane, *counters: Path
) -> TestRun:
    """Run *oracle* once against *binary*; everything that VTest says goes to the file *log*.

    The run has a folder of its own under the system's temporary folder: HAProxy's socket names
    must stay under 108 bytes, which a path in the workspace could exceed. *counters* are other
    folders that a binary which counts may write to. Raises WorkspaceProblem if there is no room
    for what the test writes.
    """
    with short_scratch() as scratch:
        folder = Path(oracle.folder) if oracle.folder else scratch
        buffer = LOG_BUFFER if oracle.folder else SCENARIO_BUFFER
        with explained(f"cannot write the test's files in {folder}"):
            for name, text in oracle.files:
                (folder / name).write_text(text)
        box = None
        if lane.sandbox:
            seen = sandbox.visible(folder, folder / oracle.vtc)
            box = lane.sandbox.box(scratch, *counters, reads=(binary.parent, seen))
        done = process.run(
            [
                vtest,
                *("-v", "-k", "-t", f"{oracle.seconds:.0f}", "-b", str(buffer)),
                *("-D", f"HAPROXY_PROGRAM={binary}", str(folder / oracle.vtc)),
            ],
            log=log,
            timeout=oracle.seconds * OUTER,
            cwd=scratch,
            env={
                "TMPDIR": str(scratch),
                "HOME": str(scratch),
                "HAPROXY_PROGRAM": str(binary),
                "HAPROXY_ARGS": haproxy_args(),
            },
            stop=lane.stop,
            box=box,
        )
        if done.status not in (0, SKIPPED) and not done.excess:
            require_room(scratch, log.parent)
        return TestRun(done.status, done.output, done.seconds, done.excess, done.dropped)
