"""Finding the programs and libraries that builds and tests need; nothing is installed.

Each probe calls these functions, so they are cheap: files are inspected, and a program is run with
--version once per process. :mod:`bisector.system.debian` fetches what is missing into the
workspace, where the functions here find it.
"""

from __future__ import annotations

import functools
import os
import platform
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bisector.errors import EnvironmentProblem, MissingProgram
from bisector.system.files import digest
from bisector.system.process import run
from bisector.system.workspace import Workspace, short_scratch

CURRENT = "current"
DOCTOR = "run 'bisector doctor --fix'"

# The folders of Lua's headers in Debian, Alpine and Arch, the BSDs, and Fedora. HAProxy needs 5.3
# or later; "lua" and "." can be any version, which lua.h defines.
_LUA_FOLDERS = ("lua5.4", "lua54", "lua5.3", "lua53", "lua", ".")
_LUA_VERSIONS = ("5.4", "5.3")
_PREFIXES = ("/usr", "/usr/local")

# what stands in for a compiler, by a link of its name
_WRAPPERS = ("ccache", "sccache", "distcc", "icecc")


@dataclass(frozen=True)
class Tool:
    """A program: its path, the version that it prints, and a digest of it for cache keys.

    ``kin`` is a digest that equal programs have on all machines, if ``identity`` differs there.
    """

    path: Path
    version: str
    identity: str
    kin: str = ""


@dataclass(frozen=True)
class Lua:
    """Lua for HAProxy's Makefile: the folders of headers and library, and the library's name."""

    version: str
    include: Path
    library: Path
    name: str
    identity: str

    @property
    def make_variables(self) -> tuple[str, ...]:
        """The variables for make's command line."""
        return (
            "USE_LUA=1",
            f"LUA_INC={self.include}",
            f"LUA_LIB={self.library}",
            f"LUA_LIB_NAME={self.name}",
        )


def find_vtest(workspace: Workspace, environ: Mapping[str, str] = os.environ) -> Tool | None:
    """VTest: $VTEST_PROGRAM, else VTest 2, else its predecessor varnishtest.

    Each is looked for in PATH before the workspace: `vtest`, the one that `vtest2.install` built,
    `varnishtest`, the one that `debian.fetch_vtest` fetched. Raises EnvironmentProblem if
    $VTEST_PROGRAM is set and is no executable file.
    """
    search = environ.get("PATH", os.defpath)
    if named := environ.get("VTEST_PROGRAM"):
        if found := shutil.which(named, path=search):
            # a fetched one, be it of another workspace, is a script: its identity is that of the
            # program it runs
            return fetched_vtest(Path(found).absolute().parent) or _tool(Path(found))
        raise EnvironmentProblem(
            f"VTEST_PROGRAM is {named}, which is no executable file", "correct or unset it"
        )
    if found := shutil.which("vtest", path=search):
        return _tool(Path(found))
    if built := built_vtest(vtest2_folder(workspace)):
        return built
    if found := shutil.which("varnishtest", path=search):
        return _tool(Path(found))
    return fetched_vtest(vtest_folder(workspace))


def require_vtest(workspace: Workspace, environ: Mapping[str, str] = os.environ) -> Tool:
    """VTest, as :func:`find_vtest` finds it. Raises MissingProgram if it is not there."""
    if tool := find_vtest(workspace, environ):
        return tool
    raise MissingProgram("no VTest on this machine", f"{DOCTOR}, or set VTEST_PROGRAM")


def find_compiler(name: str = "gcc", folders: Sequence[str] = ()) -> Tool | None:
    """The compiler, or another program, *name* in PATH, else in *folders*.

    Its version is the first line of its --version.

    A link of that name to ccache is passed over: ccache keeps files outside the sandbox, so no
    build would succeed there, and its content does not tell one compiler from another. Raises
    EnvironmentProblem if the compiler does not run.
    """
    for folder in (*os.get_exec_path(), *folders):
        found = shutil.which(name, path=folder)
        if found and Path(found).resolve().name not in _WRAPPERS:
            return _versioned(Path(found))
    return None


def require_compiler(name: str = "gcc") -> Tool:
    """The compiler *name*. Raises MissingProgram if it is not there."""
    return _required(name, find_compiler(name))


def find_make() -> Tool | None:
    """GNU make, which HAProxy's Makefile needs; it is called gmake on some systems."""
    for name in ("make", "gmake"):
        tool = find_compiler(name)
        if tool and "GNU" in tool.version:
            return tool
    return None


def require_make() -> Tool:
    """GNU make. Raises MissingProgram if it is not there."""
    return _required("GNU make", find_make())


def find_lua(workspace: Workspace) -> Lua | None:
    """Lua 5.4, else 5.3, to compile and link with: the system's, else the fetched one."""
    candidates = [*_system_lua(), fetched_lua(lua_folder(workspace))]
    found = [lua for lua in candidates if lua]
    return min(found, key=lambda lua: _LUA_VERSIONS.index(lua.version), default=None)


def require_lua(workspace: Workspace) -> Lua:
    """Lua, as :func:`find_lua` finds it. Raises EnvironmentProblem if it is not there."""
    if lua := find_lua(workspace):
        return lua
    raise EnvironmentProblem("no headers and library of Lua 5.4 or 5.3 on this machine", DOCTOR)


def vtest_folder(workspace: Workspace) -> Path:
    """The folder of the fetched VTest, which may not exist."""
    return workspace.root / "tools" / f"vtest-{machine()}"


def vtest2_folder(workspace: Workspace) -> Path:
    """The folder of the VTest that was built here, which may not exist."""
    return workspace.root / "tools" / f"vtest2-{machine()}"


def lua_folder(workspace: Workspace) -> Path:
    """The folder of the fetched Lua, which may not exist."""
    return workspace.root / "tools" / f"lua-{machine()}"


def bwrap_folder(workspace: Workspace) -> Path:
    """The folder of the fetched bubblewrap, which may not exist."""
    return workspace.root / "tools" / f"bwrap-{machine()}"


def fetched_vtest(folder: Path) -> Tool | None:
    """The VTest that `debian.fetch_vtest` laid out: `varnishtest`, `version`, `lib/`; or None."""
    if not (folder / "lib" / "varnishtest").is_file():
        return None
    try:
        version = (folder / "version").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    parts = sorted(path for path in folder.rglob("*") if path.is_file())
    return Tool(folder / "varnishtest", version, digest(*map(_content, parts)))


def built_vtest(folder: Path) -> Tool | None:
    """The VTest that `vtest2.install` put into *folder*, or None.

    The file CURRENT has two lines: the folder of the program, and its version.
    """
    try:
        name, version = (folder / CURRENT).read_text(encoding="utf-8").splitlines()
        program = folder / name / "vtest"
        return Tool(program, version, _content(program))
    except (FileNotFoundError, ValueError):
        return None


def fetched_lua(folder: Path) -> Lua | None:
    """The Lua that `debian.fetch_lua` laid out: `include/`, `lib/liblua5.4.a`; or None."""
    return _lua(folder / "include", [folder / "lib"])


def machine() -> str:
    """Distribution, release and architecture, e.g. debian-12-x86_64: where a binary of it runs."""
    release = os_release()
    words = (release.get("ID", ""), release.get("VERSION_ID", ""), platform.machine())
    return "-".join(word for word in words if word)


@functools.lru_cache(maxsize=1)
def os_release() -> Mapping[str, str]:
    """The fields of os-release(5); empty if there is no such file."""
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


def _required(name: str, tool: Tool | None) -> Tool:
    if tool is None:
        raise MissingProgram(f"no {name} on this machine", DOCTOR)
    return tool


def _tool(path: Path) -> Tool:
    # VTest has no --version
    return Tool(path.absolute(), path.name, _content(path))


def _versioned(path: Path) -> Tool:
    state = path.stat()
    version = _version(path, state.st_size, state.st_mtime_ns)
    return Tool(path.absolute(), version, digest(version, _content(path)))


@functools.lru_cache
def _version(path: Path, size: int, mtime: int) -> str:
    """The first line of *path* --version; *size* and *mtime* (ns) make a changed program run again.

    Raises EnvironmentProblem if it fails or prints nothing.
    """
    with short_scratch() as folder:
        finished = run([path, "--version"], log=folder / "log", timeout=30)
    if not finished.ok or not finished.output.strip():
        raise EnvironmentProblem(f"{path} --version fails", "reinstall it")
    return finished.output.splitlines()[0].strip()


def _content(path: Path) -> str:
    state = path.stat()
    return _file_digest(path, state.st_size, state.st_mtime_ns)


@functools.lru_cache
def _file_digest(path: Path, size: int, mtime: int) -> str:
    return digest(path.read_bytes())


def _system_lua() -> Iterator[Lua]:
    for prefix in map(Path, _PREFIXES):
        # the folders that the linker searches; Debian's are named after architectures
        multiarch = sorted(prefix.glob("lib/*-linux-*"), key=_is_foreign)
        libraries = [*multiarch, prefix / "lib64", prefix / "lib"]
        for folder in _LUA_FOLDERS:
            if lua := _lua(prefix / "include" / folder, libraries):
                yield lua


def _is_foreign(folder: Path) -> bool:
    return not folder.name.startswith(platform.machine())


def _lua(include: Path, libraries: list[Path]) -> Lua | None:
    header = include / "lua.h"
    try:
        text = header.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    numbers = re.findall(r"^#define\s+LUA_VERSION_(?:MAJOR|MINOR)(?:_N)?\s+\"?(\d+)", text, re.M)
    version = ".".join(numbers[:2])
    if version not in _LUA_VERSIONS:
        return None
    names = [f"lua{version}", f"lua-{version}", f"lua{version.replace('.', '')}"]
    places = [(name, folder) for name in names for folder in libraries]
    if include.name in ("include", "lua"):  # headers in a folder without a version
        places += [("lua", folder) for folder in libraries]
    else:  # Alpine has the library in such a folder, too
        places += [("lua", folder / include.name) for folder in libraries]
    for name, folder in places:
        for file in (folder / f"lib{name}.so", folder / f"lib{name}.a"):
            if file.is_file():
                identity = digest(_content(header), _content(file))
                return Lua(version, include, folder, name, identity)
    return None
