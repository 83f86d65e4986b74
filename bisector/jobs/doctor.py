"""The job of `doctor`: find out what this machine lacks, and install it.

:func:`examine` changes nothing; :func:`fix` installs what is missing.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from bisector.build import sanitizers, tcc
from bisector.errors import BisectorError, EnvironmentProblem, MissingProgram
from bisector.jobs import vtest_setup
from bisector.record.requirement import Requirement
from bisector.system import apt, debian, libraries, packages, tools, versions
from bisector.system.libraries import KINDS
from bisector.system.process import require_env, run
from bisector.system.sandbox import bubblewrap, landlock
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace

ROOM_NEEDED = 1 << 30  # bytes: apt's indexes, some sources, a build tree for each processor
_INSTALL_SECONDS = 900
_ENV = "env"
_FIX = "bisector doctor --fix, without root"

# HAProxy's TARGET, linux-glibc or linux-musl, needs this to compile and, with _LIBC_FLAGS, to link.
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
        _env(),
        _program("gcc", tools.find_compiler),
        _program("make", tools.find_make),
        _libc(workspace),
        _lua(workspace),
        *(_library(workspace, name) for name in KINDS),
        *vtest_setup.examine(workspace, environ, repo, *_fetched("varnishtest")),
        _tcc(workspace),
        _sanitizers(workspace),
        _gcov(),
        *_sandboxes(workspace),
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

    Where there is apt, VTest, Lua and bubblewrap are put into the workspace. System packages are
    installed if this process runs as root; otherwise one of the problems names the command to run.
    """
    missing = [one for one in findings if one.found is None and one.name not in leave]
    wanted = tuple(dict.fromkeys(name for finding in missing for name in finding.packages))
    if any(finding.name == _ENV for finding in missing):
        return (EnvironmentProblem("without env nothing can be fetched", packages.advice(wanted)),)
    steps: list[Callable[[], object]] = []
    if wanted:
        steps.append(lambda: _install(workspace, wanted))
    for finding in missing:
        if apt.is_there() and (fetch := _FETCHED.get(finding.name)):
            steps.append(functools.partial(fetch, workspace))
    problems = []
    for step in steps:
        try:
            step()
        except BisectorError as problem:
            problems.append(problem)
    return tuple(problems)


def _install(workspace: Workspace, wanted: Sequence[str]) -> None:
    """Install the packages *wanted*, which needs root. Raises EnvironmentProblem."""
    advice, family = packages.advice(wanted), packages.family()
    if os.geteuid() != 0:
        raise EnvironmentProblem(f"only root can install {', '.join(wanted)}", advice)
    if not family or not shutil.which(family.manager):
        manager = family.manager if family else "package manager that bisector knows"
        raise EnvironmentProblem(f"no {manager} on this machine", advice)
    # dpkg requires these folders in PATH; a root shell started by `su` may lack them
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"
    env = {"DEBIAN_FRONTEND": "noninteractive", "PATH": path}
    log = workspace.folder("logs") / f"{family.manager}-install.log"
    if family.refresh:  # that it fails does no harm: another vendor's mirror may be down
        run(family.refresh, log=log, timeout=_INSTALL_SECONDS, env=env)
    install = (*family.install, *family.sparing, *wanted)
    if not run(install, log=log, timeout=_INSTALL_SECONDS, env=env).ok:
        raise EnvironmentProblem(f"{' '.join(install)} failed", f"see {log}")


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


def _env() -> Requirement:
    wanted = packages.packages_of("coreutils")
    found, how = None, packages.advice(wanted)
    try:
        found = require_env()
    except EnvironmentProblem as problem:
        how = f"{how} ({problem.what})"
    return Requirement(_ENV, "starting programs", found, True, how, wanted)


def _program(name: str, find: Callable[[], Tool | None]) -> Requirement:
    wanted = packages.packages_of(name)
    found, how = _searched(find, packages.advice(wanted))
    return Requirement(name, "building HAProxy", found, True, how, wanted)


def _libc(workspace: Workspace) -> Requirement:
    wanted, found = packages.packages_of("libc", "crypt"), None
    if compiler := shutil.which("gcc"):
        with workspace.scratch() as scratch, contextlib.suppress(MissingProgram):
            source = scratch / "trial.c"
            source.write_text(_LIBC_TRIAL, encoding="utf-8")
            argv = [compiler, "-o", str(scratch / "trial"), str(source), *_LIBC_FLAGS]
            if run(argv, log=scratch / "log", timeout=60).ok:
                found = "headers and libraries, crypt.h among them"
    how = packages.advice(wanted)
    return Requirement("C library", "building HAProxy", found, True, how, wanted)


def _lua(workspace: Workspace) -> Requirement:
    lua = tools.find_lua(workspace)
    found = f"{lua.version}, {lua.include}" if lua else None
    how, wanted = _fetched("lua")
    return Requirement("Lua", "scenarios that drive HAProxy with Lua", found, True, how, wanted)


def _library(workspace: Workspace, name: str) -> Requirement:
    library, kind = libraries.find(workspace, name), KINDS[name]
    where = (library.version, library.include or "the system") if library else ()
    found = ", ".join(filter(None, where)) or None
    how, wanted = _fetched(name)
    if apt.is_there():
        how = f"{how}; it is fetched when a test asks for it, too"
    return Requirement(kind.title, f"make {' '.join(kind.options)}", found, False, how, wanted)


def _tcc(workspace: Workspace) -> Requirement:
    found, how = None, tcc.how_to_get()
    try:
        compiler = tcc.compiler(workspace)
        found = f"{compiler.version}, {compiler.path}"
    except EnvironmentProblem as problem:
        how = f"{how}; {problem}"
    return Requirement("tcc", "searching ten times faster", found, False, how)


def _sanitizers(workspace: Workspace) -> Requirement:
    wanted = packages.packages_of("sanitizers")
    found, how = None, packages.advice(wanted)
    try:
        found = sanitizers.compiler(workspace).version
    except EnvironmentProblem as problem:
        how = f"{how}; {problem}"
    return Requirement("sanitizers", "--toolchain asan", found, False, how)


def _gcov() -> Requirement:
    wanted = packages.packages_of("gcc")
    found, how = _searched(lambda: tools.find_compiler("gcov"), packages.advice(wanted))
    return Requirement("gcov", "verify --coverage", found, False, how, wanted)


def _sandboxes(workspace: Workspace) -> Iterator[Requirement]:
    """Both kinds of sandbox; the first that works is used."""
    first = second = None
    how = how_second = ""
    wanted: tuple[str, ...] = ()
    if not apt.is_there() and not shutil.which("bwrap"):
        wanted = packages.packages_of("bubblewrap")
    try:
        box = bubblewrap.examined(workspace)
        first = f"{box.version}, {box.program}"
    except EnvironmentProblem as problem:
        how = str(problem)
    try:
        abi = landlock.examined(workspace).abi
        second = f"ABI {abi}, {'used as bubblewrap does not work' if how else 'not used'}"
    except EnvironmentProblem as problem:
        how_second = str(problem)
    need = "running builds and tests in a sandbox"
    yield Requirement("bubblewrap", need, first, False, how, wanted)
    yield Requirement("Landlock", "a weaker sandbox without it", second, False, how_second)


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


def _fetched(name: str) -> tuple[str, tuple[str, ...]]:
    """How to get what bisector fetches with apt; the packages with it where there is no apt.

    *name* is that of the table in `packages`.
    """
    if apt.is_there():
        return _FIX, ()
    wanted = packages.packages_of(name)
    return packages.advice(wanted), wanted
