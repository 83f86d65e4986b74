"""Running a shell script in a sandbox."""

from __future__ import annotations

from pathlib import Path

from bisector.system import process
from bisector.system.process import Finished
from bisector.system.sandbox import Network, Sandbox


def inside(
    box: Sandbox,
    folder: Path,
    script: str,
    *,
    network: Network = Network.LOOPBACK,
    **more: str,
) -> Finished:
    """How *script* ends that may write to *folder*; *more* are variables. The log is beside it."""
    log = folder.parent / "log"
    made = box.box(folder, network=network)
    return process.run(["sh", "-c", script], log=log, timeout=20, cwd=folder, env=more, box=made)


def alive(mark: Path) -> list[str]:
    """The processes that have *mark* as MARK in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"MARK={mark}".encode() in (folder / "environ").read_bytes():
                found.append(folder.name)
        except OSError:
            continue
    return found


def without_namespaces(folder: Path) -> Path:
    """A folder for PATH whose bubblewrap fails, as where a user can make no namespaces."""
    fake = folder / "bin" / "bwrap"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\necho "bwrap: Creating new namespace failed"; exit 1\n')
    fake.chmod(0o755)
    return fake.parent
