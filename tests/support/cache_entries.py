"""Fill a workspace with entries of a known size and age."""

from __future__ import annotations

import os
from pathlib import Path

from bisector.system.files import publish
from bisector.system.workspace import Workspace

SIZE = 1000  # bytes of each entry


def key(number: int) -> str:
    return f"{number:032x}"[::-1]


def stamp(path: Path, used: float) -> None:
    os.utime(path, (used, used))


def keep_binary(workspace: Workspace, number: int, size: int = SIZE, used: float = 0) -> Path:
    """A binary's folder of *size* bytes in all, last used at *used*."""
    with workspace.scratch() as scratch:
        draft = scratch / key(number)
        draft.mkdir()
        for name, content in (("meta.json", "{}"), ("build.log", "log"), ("haproxy", "")):
            (draft / name).write_text(content.ljust(size - 5) if name == "haproxy" else content)
        stamp(draft / "meta.json", used or number)
        home = workspace.folder("binaries", key(number)[:2]) / key(number)
        publish(draft, home)
    return home
