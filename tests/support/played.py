"""Runs of an oracle on a shell script that plays HAProxy."""

from __future__ import annotations

from pathlib import Path

from bisector.record.verdict import Ruling
from bisector.system.slots import Slot
from bisector.testing.oracle import Oracle, Trial


def played(oracle: Oracle, folder: Path, script: str = "exit 0", seconds: float = 10.0) -> Ruling:
    """The ruling on a HAProxy that is this shell *script*; both it and the log are in *folder*."""
    stage = folder / "played"
    stage.mkdir(exist_ok=True)
    binary = stage / "haproxy"
    binary.write_text(f"#!/bin/sh\n{script}\n")
    binary.chmod(0o755)
    return oracle.run(Trial(binary, stage / "log", (), seconds, Slot(1)))
