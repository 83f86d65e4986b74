"""Small C programs and libraries that come with bisector, compiled once for a workspace."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bisector.errors import MissingProgram
from bisector.system import tools
from bisector.system.files import digest, explained, publish, require_room
from bisector.system.process import run
from bisector.system.workspace import Workspace

_SECONDS = 60.0  # for the compiler, which takes some tenths


def of(workspace: Workspace, source: Path, name: str, flags: Sequence[str]) -> Path | None:
    """What *source* is compiled to; None if that is not possible here.

    It may include headers that are beside it. The folder of what is made has *name*, this machine
    and a digest in its own name. Raises WorkspaceProblem if the workspace cannot be written.
    """
    headers = sorted(source.parent.glob("*.h"))
    identity = digest(*(path.read_bytes() for path in (source, *headers)), *flags)
    home = workspace.folder("tools") / f"{name}-{tools.machine()}-{identity}"
    made = home / name
    if not home.is_dir():
        with workspace.scratch() as scratch:
            draft = scratch / home.name
            with explained(f"cannot write {draft}"):
                draft.mkdir()
            _compile(source, draft / made.name, flags)
            if (draft / made.name).is_file():
                publish(draft, home)
    return made if made.is_file() else None


def _compile(source: Path, made: Path, flags: Sequence[str]) -> None:
    """Compile *source*, if there is a compiler that can do so."""
    try:
        compiler = tools.require_compiler()
    except MissingProgram:
        return
    draft = made.with_suffix(".draft")
    argv: tuple[str | Path, ...] = (compiler.path, *flags, "-o", draft, source)
    env = {"TMPDIR": str(made.parent)}  # where a compiler that is killed leaves its files
    done = run(argv, log=made.with_suffix(".log"), timeout=_SECONDS, cwd=made.parent, env=env)
    if done.ok and draft.is_file():
        draft.rename(made)
    else:
        require_room(made.parent)
