"""Companions of a test that lie outside of its folder: by symbolic links, or by names with `..`.

The sandbox shows them, so they must not lead to secrets: only to files of the tree of sources that
the test belongs to, or of the system.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from bisector.errors import ScenarioProblem
from bisector.system import sandbox

_MOST_LINKS = 40  # that the kernel follows for one path


def tree_of(folder: Path) -> Path:
    """The tree of sources to which a test in *folder* belongs: the folder of its companions.

    That is the git work tree, or what has a folder reg-tests/ with the test; otherwise, and if that
    has $HOME in it, it is *folder* itself.
    """
    for path in (folder, *folder.parents):
        top = path.parent if path.name == "reg-tests" else path
        if top is not path or (path / ".git").exists():
            return folder if sandbox.has_home(top) else top
    return folder


def check(file: Path, folder: Path) -> None:
    """Raise ScenarioProblem if a test in *folder* must not have *file* as a companion."""
    real, top = file.resolve(), tree_of(folder).resolve()
    inside = real.is_relative_to(top) and ".git" not in real.relative_to(top).parts
    if inside or any(real.is_relative_to(path) for path in sandbox.SYSTEM):
        return
    raise ScenarioProblem(
        f"the test's companion {file} is {real}, outside of {top}",
        "put a copy of it beside the test",
    )


def stations(path: Path, folder: Path) -> Iterator[Path]:
    """The paths outside of *folder* through which the symbolic links of *path* lead to its file.

    *path* itself is among them if it is not below *folder*. Links above *folder* are not followed.
    """
    for _ in range(_MOST_LINKS):
        path = Path(os.path.normpath(path))
        if not path.is_relative_to(folder):
            yield path
        above = set(folder.parents)
        steps = [step for step in (*reversed(path.parents), path) if step not in above]
        link = next((step for step in steps if step.is_symlink()), None)
        if link is None:
            return
        path = link.parent / link.readlink() / path.relative_to(link)
