"""Programs that measurements need, beside VTest: in PATH, else fetched into the workspace with apt.

A fetched one is laid out as VTest is: a script beside the folder `lib/`, which has the program
itself and the libraries that were not installed.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bisector.errors import EnvironmentProblem, MissingProgram
from bisector.system import debian, packages, tools
from bisector.system.apt import open_index
from bisector.system.files import publish
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace

VALGRIND, H2LOAD = "valgrind", "h2load"

_SCRIPT = """\
#!/bin/sh
here=${{0%/*}}
export LD_LIBRARY_PATH="$here/lib${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"
export VALGRIND_LIB="$here/lib/valgrind-tools"
exec "$here/lib/{name}" "$@"
"""


@dataclass(frozen=True)
class Kind:
    """A program: Debian's ``package`` with it, what of that is kept, and what it is for.

    ``contents`` are paths in the package and their names in `lib/`, the program's own among
    them. The libraries of the package in the field Depends are fetched if they are ``linked``.
    """

    package: str
    need: str
    contents: Mapping[str, str]
    linked: bool = True


KINDS: Mapping[str, Kind] = {
    VALGRIND: Kind(
        "valgrind",
        "--metric instructions, --metric syscalls",
        {"usr/bin/valgrind.bin": VALGRIND, "usr/libexec/valgrind": "valgrind-tools"},
        linked=False,
    ),
    H2LOAD: Kind("nghttp2-client", "--metric", {"usr/bin/h2load": H2LOAD}),
}


def find(workspace: Workspace, name: str) -> Tool | None:
    """The program *name* of KINDS; one that was fetched if there is none in PATH.

    Raises EnvironmentProblem if it does not run.
    """
    return tools.find_compiler(name, [str(folder_of(workspace, name))])


def require(workspace: Workspace, name: str) -> Tool:
    """The program *name*, as find() finds it. Raises MissingProgram."""
    if found := find(workspace, name):
        return found
    raise MissingProgram(f"no {name} on this machine", f"{tools.DOCTOR}, or {_advice(name)}")


def _advice(name: str) -> str:
    return packages.advice(packages.packages_of(name))


def folder_of(workspace: Workspace, name: str) -> Path:
    """The folder of the fetched program *name*, which may not exist."""
    return workspace.root / "tools" / f"{name}-{tools.machine()}"


def fetch(workspace: Workspace, name: str) -> Tool:
    """Fetch the program *name* of KINDS, and its libraries if not installed, into the workspace.

    Raises AptProblem if apt cannot fetch it, EnvironmentProblem if it does not run.
    """
    kind, final = KINDS[name], folder_of(workspace, name)
    if not final.is_dir():
        with open_index(workspace) as index, workspace.scratch() as scratch:
            record = index.apt("apt-cache", "show", "--no-all-versions", kind.package)
            needed = debian.missing(index, debian.libraries_of(record)) if kind.linked else []
            unpacked = debian.unpack(index, scratch, kind.package, *needed)
            draft = scratch / "draft"
            _arrange(unpacked, draft, name)
            workspace.folder("tools")
            publish(draft, final)
    if found := find(workspace, name):
        return found
    raise EnvironmentProblem(f"{final} is not complete", "remove it, or install it yourself")


def _arrange(unpacked: Path, draft: Path, name: str) -> None:
    """Make the layout that this module describes."""
    kind, library = KINDS[name], draft / "lib"
    library.mkdir(parents=True)
    for path in unpacked.glob("usr/lib/*-linux-*/*.so*"):
        if path.is_file():
            shutil.copy(path, library)  # follows links, so each name becomes a file
    for source, target in kind.contents.items():
        if (unpacked / source).is_dir():
            shutil.copytree(unpacked / source, library / target)
        else:
            shutil.copy(unpacked / source, library / target)
    script = draft / name
    script.write_text(_SCRIPT.format(name=name), encoding="utf-8")
    script.chmod(0o755)
