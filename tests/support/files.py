"""The state of files, to see that they were left alone."""

from __future__ import annotations

from pathlib import Path


def listing(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Everything below *folder* with mode, size and time of change."""
    found = {}
    for path in [folder, *folder.rglob("*")]:
        state = path.lstat()
        found[str(path)] = (state.st_mode, state.st_size, state.st_mtime_ns)
    return found
