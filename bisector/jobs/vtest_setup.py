"""VTest for `doctor`: which one is in use, what it lacks, and building VTest 2.

VTest 2 is built from a source that the user names, or by the script of HAProxy's clone, which
downloads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from bisector.build.vtest_source import SCRIPT
from bisector.errors import BisectorError, EnvironmentProblem, MissingLibrary, UsageProblem
from bisector.record.requirement import Requirement
from bisector.system import debian, libraries, sandbox, tools
from bisector.system.libraries import Library
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace
from bisector.testing import vtest_lacks

NAME, SECOND = "VTest", "VTest 2"
_SHOWN = 4  # names of what is not known, the most used ones
_BY_SCRIPT = "bisector doctor --fix --network"


def examine(
    workspace: Workspace,
    environ: Mapping[str, str],
    repo: Path | None,
    advice: str,
    packages: tuple[str, ...],
) -> tuple[Requirement, ...]:
    """The VTest in use; and VTest 2, unless that is the one.

    *advice* says how to get one, which are the system's *packages* if it is not fetched.
    """
    tool, how = None, f"{advice}, or VTest's program in $VTEST_PROGRAM"
    try:
        tool = tools.find_vtest(workspace, environ)
        if tool:
            debian.try_vtest(workspace, tool.path, sandbox.find(workspace, sandbox.AUTO)[0])
    except EnvironmentProblem as problem:
        how = str(problem)
        if tool and _is_built(workspace, tool):
            how = f"{problem.what}: build it again"
        tool = None
    found = f"{tool.version}, {tool.path}" if tool else None
    one = Requirement(NAME, "running tests", found, True, how, packages)
    if tool and not vtest_lacks.missed(tool.path):
        return (one,)
    return one, _second(workspace, tool, environ, repo)


def _is_built(workspace: Workspace, tool: Tool) -> bool:
    return tool == tools.built_vtest(tools.vtest2_folder(workspace))


def _second(
    workspace: Workspace, tool: Tool | None, environ: Mapping[str, str], repo: Path | None
) -> Requirement:
    names = vtest_lacks.missed(tool.path) if tool else ()
    needed = f"tests that use {', '.join(names[:_SHOWN])}" if names else "all reg-tests of upstream"
    if len(names) > _SHOWN:
        needed += f" and {len(names) - _SHOWN} more"
    if tool and tools.built_vtest(tools.vtest2_folder(workspace)) not in (None, tool):
        how = f"it is built, but {tool.path} comes first: unset VTEST_PROGRAM, or see PATH"
        return Requirement(SECOND, needed, None, False, how)
    how = vtest_lacks.REMEDY
    if script := _script(workspace, environ, repo):
        how = f"{how}; or {_BY_SCRIPT}, which runs {SCRIPT} of {script[0]} (it downloads)"
    return Requirement(SECOND, needed, None, False, how)


def build(
    workspace: Workspace,
    source: str | None,
    environ: Mapping[str, str],
    say: Callable[[str], None],
    repo: Path | None = None,
) -> None:
    """Build VTest from *source*; without one by the clone's script, unless it is there already.

    *say* gets a line about what is not confined. Raises UsageProblem if there is no source of
    VTest, or no such script, or it does not build; EnvironmentProblem if the machine lacks
    something.
    """
    from bisector.build import vtest2  # imports pygit2, without which `doctor` has to work

    box, remark = sandbox.find(workspace, sandbox.AUTO)
    if remark:
        say(remark)
    if source:
        _with_libraries(partial(vtest2.install, workspace, source, box), workspace, say)
        return
    tool = tools.find_vtest(workspace, environ)
    if tool and not vtest_lacks.missed(tool.path):
        return
    found = _script(workspace, environ, repo)
    if found is None:
        what = f"no clone of HAProxy with {SCRIPT} here"
        raise UsageProblem(what, "run in one, or set BISECTOR_REPO, or use --vtest-source")
    where, script = found
    say(f"{SCRIPT} of {where} runs with the network of this machine")
    _with_libraries(partial(vtest2.install_by_script, workspace, script, box), workspace, say)


def _with_libraries(
    make: Callable[[Sequence[Library]], object], workspace: Workspace, say: Callable[[str], None]
) -> None:
    """Call *make* with VTest's libraries; those that it misses are fetched, if that is possible."""
    from bisector.build.vtest2 import NEEDED

    found = {name: libraries.find(workspace, name) for name in NEEDED}
    try:
        make([one for one in found.values() if one])
    except MissingLibrary as problem:
        lacking = [name for name, one in found.items() if one is None]
        if not lacking:
            raise
        packages = ", ".join(libraries.KINDS[name].package for name in lacking)
        say(f"fetching {packages} into the workspace")
        try:
            fetched = [debian.fetch_library(workspace, name) for name in lacking]
        except EnvironmentProblem as why:
            say(str(why))
            raise problem from why
        make([*filter(None, found.values()), *fetched])


def _script(
    workspace: Workspace, environ: Mapping[str, str], repo: Path | None
) -> tuple[Path, bytes] | None:
    """The clone of HAProxy that is named or around, and the script of the commit checked out."""
    named = repo or environ.get("BISECTOR_REPO") or Path.cwd()
    try:
        import pygit2

        from bisector.git.history import History

        history = History.open(Path(named), workspace)
        blob = history.read(history.head().id).tree[SCRIPT]
    except (ImportError, BisectorError, KeyError):
        return None
    return (history.path, blob.data) if isinstance(blob, pygit2.Blob) else None
