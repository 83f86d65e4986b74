"""Journals as bisector 0.1.0 wrote them: no format, and fewer fields than the events have today."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

from bisector.system.workspace import Workspace

OLD, CULPRIT, CURE, NEW = ("a" * 40, "b" * 40, "c" * 40, "d" * 40)


def line(**table: object) -> bytes:
    """One line: a checksum, a space, a JSON object."""
    text = json.dumps(table, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def write(workspace: Workspace, hunt: str, *lines: bytes) -> Path:
    """Make it the journal of the hunt of this name."""
    path = workspace.folder("hunts", hunt) / "journal"
    path.write_bytes(b"".join(lines))
    return path


def _started(job: str, range: str, old: str = "", new: str = "", at: float = 1.0) -> bytes:
    return line(
        kind="started",
        command=f"bisector {job}",
        repository="/home/me/haproxy",
        range=range,
        old=old,
        new=new,
        commits=3,
        scenario="dns-flap",
        variant="record=A failure=nxdomain" if job == "run" else "",
        toolchain="fast",
        patches=["BUG/MEDIUM: server/dns: keep the port"],
        blind=False,
        version="0.1.0",
        at=at,
        job=job,
        sandbox="bubblewrap",
    )


def _probed(purpose: str, revision: str, verdict: str, toolchain: str, run: int = 0) -> bytes:
    return line(
        kind="probed",
        purpose=purpose,
        revision=revision,
        name=f"v3.0-{revision[0]}",
        subject="MINOR: a change",
        patched=False,
        run=run,
        key=f"{revision}{toolchain}",
        verdict=verdict,
        reason=f"{verdict}, as the log says",
        evidence=["**   c1    EXPECT resp.body"],
        binary=f"{revision[0]}{toolchain}",
        build_seconds=3.5,
        test_seconds=0.35,
        log="/nowhere/log",
        known=False,
        at=2.0,
        toolchain=toolchain,
        scenario="dns-flap",
        variant="record=A failure=nxdomain",
        place=1,
    )


def _found(what: str, revision: str, parent: str) -> bytes:
    names = {"revisions": [revision], "subjects": ["MEDIUM: x"], "places": ["v3.0.0~5"]}
    return line(kind="found", what=what, **names, parents=[parent], confidence=1.0)


def _confirmed(what: str) -> bytes:
    said = {"proven": True, "runs": 5, "doubt": "", "toolchain": "dev", "tally": ""}
    return line(kind="confirmed", what=what, **said, confidence=1.0)


HUNT = (
    _started("run", "v2.9.0..v3.0.0", OLD, NEW),
    _probed("end", OLD, "good", "fast"),
    _probed("end", NEW, "good", "fast"),
    _probed("witness (known)", CULPRIT, "bad", "fast"),
    _found("introduction", CULPRIT, OLD),
    _found("fix", CURE, CULPRIT),
    _probed("confirm the introduction", CULPRIT, "bad", "dev"),
    _confirmed("introduction"),
    _confirmed("fix"),
    line(kind="ended", answer="answered", affected=["v3.0-dev1"]),
)

VERIFICATION = (
    _started("verify", "v3.0.0", at=2.0),
    _probed("before", NEW, "bad", "dev"),
    line(
        kind="judged",
        revision=NEW,
        name="v3.0.0",
        subject="[RELEASE] 3.0.0",
        scenario="dns-flap",
        wanted=True,
        how=["exact"],
        outcome="fixes",
        problem="",
        cells=[
            {"variant": "record=A", "before": "bad", "after": "good", "outcome": "fixes"},
            {"variant": "record=SRV", "before": "good", "after": "good", "outcome": "not needed"},
        ],
        toolchain="dev",
    ),
    line(
        kind="hunk",
        revision=NEW,
        name="v3.0.0",
        patch="BUG/MEDIUM: server/dns: keep the port",
        hunk=0,
        path="src/server.c",
        header="@@ -1 +1 @@",
        state="noticed",
        noticed_by=["dns-flap record=A"],
    ),
    line(kind="ended", answer="answered", affected=[]),
)
