"""Building VTest into the workspace, from a source that the user names or by HAProxy's script.

Upstream's reg-tests are written for VTest 2; Debian's varnishtest does not know all that it knows.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from bisector.build import build_log, shortage, vtest_source
from bisector.build.vtest_source import PROGRAM, SCRIPT, SourceTree
from bisector.errors import EnvironmentProblem, MissingLibrary, UsageProblem
from bisector.system import debian, packages, sandbox, tools
from bisector.system.files import digest, explained
from bisector.system.libraries import Library
from bisector.system.process import Finished, run
from bisector.system.sandbox import Box, Network, Sandbox
from bisector.system.tools import CURRENT, Tool
from bisector.system.workspace import Workspace

NEEDED = ("pcre2", "zlib")  # VTest's libraries; a compiler that lacks both names the first one

_SECONDS = 600.0  # for a build, which takes some 15 s, or for the script, which downloads, too
_SHOWN = 12  # digits of a digest
# VTest's own flags make an error of each warning of a newer compiler.
_FLAGS = ("CFLAGS=-O2", "LDFLAGS=-s")


def settings(workspace: Workspace, libraries: Sequence[Library]) -> dict[str, str]:
    """The variables by which gcc and the linker find *libraries*, and the program when it runs.

    The program has their place relative to its own, so that it is the same in any workspace.
    """
    includes = [one.include for one in libraries if one.include]
    folders = [one.folder for one in libraries if one.folder]
    found = {
        "CPATH": ":".join(includes),
        "LIBRARY_PATH": ":".join(folders),
        "LD_RUN_PATH": ":".join(_from_program(workspace, Path(one)) for one in folders),
    }
    return {name: value for name, value in found.items() if value}


def _from_program(workspace: Workspace, folder: Path) -> str:
    """The path of *folder* as the program has it, which is three folders below the root."""
    if not folder.is_relative_to(workspace.root):
        return str(folder)
    return f"$ORIGIN/../../../{folder.relative_to(workspace.root)}"


def install(
    workspace: Workspace, named: str, box: Sandbox | None, libraries: Sequence[Library] = ()
) -> Tool:
    """Build the source that the user *named* and put it into the workspace, in place of an older.

    Without a *box* the build is not confined. Raises UsageProblem if it is no source or does not
    build, MissingLibrary or MissingProgram if the machine lacks something, EnvironmentProblem if
    what was built does not run.
    """
    with workspace.scratch() as scratch:
        source = vtest_source.fetch(named, scratch)
        version = f"VTest, {source.origin}"
        present = tools.built_vtest(tools.vtest2_folder(workspace))
        if present and present.version == version:
            with contextlib.suppress(EnvironmentProblem):  # a library may have been removed
                debian.try_vtest(workspace, present.path, box)
                return present
        return _publish(workspace, _make(workspace, source, named, box, libraries), version, box)


def install_by_script(
    workspace: Workspace, script: bytes, box: Sandbox | None, libraries: Sequence[Library] = ()
) -> Tool:
    """Let HAProxy's *script* download and build VTest, and put that into the workspace.

    It runs in a folder of its own, with the network. Raises as `install`.
    """
    with workspace.scratch() as scratch:
        made = scratch / "made"
        made.mkdir()
        (scratch / "build-vtest.sh").write_bytes(script)
        env = {
            **vtest_source.proxies(),
            **settings(workspace, libraries),
            **dict.fromkeys(("TMPDIR", "HOME"), str(scratch)),
            "DESTDIR": f"{made}/",
        }
        around = _box(box, scratch, libraries)
        with workspace.log("build-vtest.log") as (log, kept):
            done = run(
                ["sh", "build-vtest.sh"],
                log=log,
                timeout=_SECONDS,
                cwd=scratch,
                env=env,
                box=around.online() if around else None,
            )
        if not done.ok:
            _require_libraries(done)
            raise EnvironmentProblem(f"{SCRIPT} failed: {_failed(done)}", f"see {kept}")
        program = _program(made, SCRIPT)
        version = f"VTest, program {digest(program)[:_SHOWN]} by {SCRIPT}"
        return _publish(workspace, program, version, box)


def _make(
    workspace: Workspace,
    source: SourceTree,
    named: str,
    box: Sandbox | None,
    libraries: Sequence[Library],
) -> bytes:
    """The program that make builds of *source*."""
    argv = (tools.require_make().path, f"-j{os.cpu_count() or 1}", PROGRAM, *_FLAGS)
    # the source runs Python to make a table; this one is there, and visible in the sandbox
    words = (f"CC={tools.require_compiler().path}", f"PYTHON3={_python()}")
    with workspace.log("build-vtest.log") as (log, kept):
        done = run(
            [*argv, *words],
            log=log,
            timeout=_SECONDS,
            cwd=source.path,
            env=settings(workspace, libraries),
            box=_box(box, source.path, libraries),
        )
        if not done.ok:
            _require_libraries(done)
            why = build_log.problem(done, kept, box is not None)
            raise UsageProblem(f"{named} does not build: {why}", f"see {kept}")
    return _program(source.path, named)


def _box(box: Sandbox | None, folder: Path, libraries: Sequence[Library]) -> Box | None:
    """The sandbox of a build that may write to *folder*."""
    if box is None:
        return None
    programs = (tools.require_compiler().path, tools.require_make().path)
    needed = (Path(sys.base_prefix), *map(sandbox.home_of, programs))
    own = (Path(path) for one in libraries for path in (one.include, one.folder) if path)
    seen = sandbox.outermost((*needed, *own))
    return box.box(folder, reads=map(Path, seen), network=Network.NONE)


def _python() -> Path:
    """The interpreter outside of a virtual environment, which needs no other folder."""
    return Path(sys.executable).resolve()


def _require_libraries(done: Finished) -> None:
    """Raise MissingLibrary if the failed build *done* lacks a header or library of the machine."""
    if missing := {str(item): item.packages for item in shortage.missing(done.output)}:
        wanted = dict.fromkeys(itertools.chain(*missing.values(), packages.packages_of(*NEEDED)))
        what = f"VTest cannot be built: no {', '.join(missing)} on this machine"
        raise MissingLibrary(what, packages.advice(wanted))


def _failed(done: Finished) -> str:
    """Why the script failed: what git or the compiler says first, else its status."""
    said = re.search(r"^(fatal: .+|\S+: (?:fatal )?error: .+)$", done.output, re.M)
    return done.excess or (said[1] if said else f"it ended with {done.status}")


def _program(folder: Path, named: str) -> bytes:
    """The program that was made in *folder*, which must not be a link to another file."""
    made = folder / PROGRAM
    if made.is_symlink() or not made.is_file():
        raise UsageProblem(f"{named} makes no program {PROGRAM}", "name another source of VTest")
    return made.read_bytes()


def _publish(workspace: Workspace, program: bytes, version: str, box: Sandbox | None) -> Tool:
    """Try *program*, put it into the workspace, and make it the one that is used from now on.

    The one before stays for jobs that are under way.
    """
    home = tools.vtest2_folder(workspace)
    identity = digest(program)
    final = workspace.folder("tools", home.name, identity) / PROGRAM
    with workspace.scratch() as scratch, explained(f"cannot write {final}"):
        draft = scratch / identity / PROGRAM  # as deep as the final one
        draft.parent.mkdir()
        draft.write_bytes(program)
        draft.chmod(0o755)
        debian.try_vtest(workspace, draft, box)
        draft.replace(final)
    workspace.write(home / CURRENT, f"{identity}\n{version}\n".encode())
    tool = tools.built_vtest(home)
    assert tool
    return tool
