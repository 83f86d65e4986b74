"""Fetching programs and sources from Debian's archive into the workspace, with apt.

On a derivative of Debian only its own release is searched.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bisector.errors import EnvironmentProblem
from bisector.system import libraries, tools
from bisector.system.apt import AptProblem, Index, open_index, run_apt
from bisector.system.files import publish
from bisector.system.libraries import KINDS, Library
from bisector.system.process import run
from bisector.system.sandbox import Sandbox, home_of
from bisector.system.tools import Lua, Tool, os_release
from bisector.system.workspace import Workspace

# Debian's suites, the stable ones first, since their HAProxy does not change
SUITES = ("bookworm", "trixie", "testing", "sid", "experimental")
DEPENDABLE = {"2.6": "bookworm", "3.0": "trixie"}  # suites that keep their series of HAProxy
_WRAPPER = """\
#!/bin/sh
here=${0%/*}
LD_LIBRARY_PATH=$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
exec "$here/lib/varnishtest" "$@"
"""


@dataclass(frozen=True)
class SourceTree:
    """HAProxy's sources as upstream released them, in a shared folder: not to be written to."""

    path: Path
    version: str


def fetch_vtest(workspace: Workspace) -> Tool:
    """Fetch VTest into the workspace: Debian's varnishtest, and its libraries if not installed.

    Raises AptProblem if apt cannot fetch it, EnvironmentProblem if it does not run.
    """
    final = tools.vtest_folder(workspace)
    if present := tools.fetched_vtest(final):
        with contextlib.suppress(EnvironmentProblem):
            try_vtest(workspace, present.path)
            return present
        shutil.rmtree(final)  # a system library that it needs may have been removed
    with open_index(workspace) as index, workspace.scratch() as scratch:
        record = index.apt("apt-cache", "show", "--no-all-versions", "varnish")
        unpacked = unpack(index, scratch, "varnish", *missing(index, libraries_of(record)))
        draft = _arrange_vtest(unpacked, scratch / "vtest")
        version = "".join(re.findall(r"^Version: (.+)", record, re.M)[:1])
        (draft / "version").write_text(f"varnishtest {version}\n", encoding="utf-8")
        try_vtest(workspace, draft / "varnishtest")
        workspace.folder("tools")
        publish(draft, final)
    return tools.require_vtest(workspace, {"VTEST_PROGRAM": str(final / "varnishtest")})


def try_vtest(workspace: Workspace, program: Path, sandbox: Sandbox | None = None) -> None:
    """Run an empty test with the VTest *program*, in the *sandbox* if there is one.

    Raises EnvironmentProblem if that fails.
    """
    with workspace.scratch() as scratch:
        test = scratch / "try.vtc"
        test.write_text('vtest "empty"\nshell "true"\n', encoding="utf-8")
        env = {"TMPDIR": str(scratch)}
        reads = [home_of(program), workspace.root / "tools"]  # with libraries
        box = sandbox.box(scratch, reads=reads) if sandbox else None
        finished = run([program, test], log=scratch / "log", timeout=30, env=env, box=box)
    if not finished.ok:
        last = "".join(finished.output.strip().splitlines()[-1:])
        raise EnvironmentProblem(f"{program} does not run ({last})", "set VTEST_PROGRAM")


def fetch_lua(workspace: Workspace) -> Lua:
    """Fetch Lua 5.4 with headers into the workspace. Raises AptProblem if apt cannot fetch it."""
    final = tools.lua_folder(workspace)
    if present := tools.fetched_lua(final):
        return present
    with open_index(workspace) as index, workspace.scratch() as scratch:
        unpacked = unpack(index, scratch, "liblua5.4-dev")
        draft = scratch / "lua"
        shutil.copytree(unpacked / "usr/include/lua5.4", draft / "include")
        (draft / "lib").mkdir()
        for header in unpacked.glob("usr/include/*/lua5.4-*.h"):  # luaconf.h includes it
            shutil.copy(header, draft / "include")
        # only the static library, so that a binary does not need Lua to run
        for library in unpacked.glob("usr/lib/*/liblua5.4.a"):
            shutil.copy(library, draft / "lib")
        workspace.folder("tools")
        publish(draft, final)
    return tools.require_lua(workspace)


def fetch_library(workspace: Workspace, name: str) -> Library:
    """Fetch the library *name* of KINDS, with headers, into the workspace.

    Raises AptProblem if apt cannot fetch it, EnvironmentProblem if it is not complete.
    """
    final, package = libraries.folder_of(workspace, name), KINDS[name].package
    if not final.is_dir():
        with open_index(workspace) as index, workspace.scratch() as scratch:
            packages = dict.fromkeys((package, *missing(index, [package])))
            unpacked = unpack(index, scratch, *packages)
            draft = scratch / package
            _arrange_library(unpacked / "usr", draft)
            workspace.folder("tools")
            publish(draft, final)
    if found := libraries.find(workspace, name):
        return found
    raise EnvironmentProblem(f"{final} is not complete", f"remove it, or install {package}")


def fetch_bwrap(workspace: Workspace) -> None:
    """Fetch bubblewrap into the workspace unless it is in PATH. Raises AptProblem."""
    final = tools.bwrap_folder(workspace)
    if shutil.which("bwrap") or final.is_dir():
        return
    with open_index(workspace) as index, workspace.scratch() as scratch:
        unpacked = unpack(index, scratch, "bubblewrap")  # its libraries are on every system
        draft = scratch / "bwrap"
        draft.mkdir()
        shutil.copy(unpacked / "usr/bin/bwrap", draft)
        workspace.folder("tools")
        publish(draft, final)


def fetch_source(workspace: Workspace, wanted: str) -> SourceTree:
    """HAProxy's upstream sources of a series, e.g. "3.0", or of one version, e.g. "3.0.11".

    Raises AptProblem if no suite has it or it cannot be downloaded.
    """
    if present := _cached_source(workspace, wanted):
        return present
    seen = []
    for suite in _suites(wanted):
        try:
            with open_index(workspace, suite, "deb-src") as index:
                version = _offered(index)
                if _matches(version, wanted):
                    return _download_source(workspace, index, version)
                seen.append(f"{suite} has {version}")
        except AptProblem as problem:
            seen.append(f"{suite}: {problem.reason}")
    if os_release().get("ID") != "debian":
        seen.append("no other release of this distribution is searched")
    raise AptProblem(f"no source package of HAProxy {wanted} can be had", "; ".join(seen))


def _suites(wanted: str) -> tuple[str, ...]:
    """The suites that may have the series or version *wanted*."""
    release = os_release()
    if release.get("ID") != "debian":
        return (release.get("VERSION_CODENAME", ""),)
    only = DEPENDABLE.get(".".join(wanted.split(".")[:2]))
    return (only,) if only else SUITES


def libraries_of(record: str) -> list[str]:
    """The library packages in the Depends field of a package: not the compiler of varnishd."""
    depends = "".join(re.findall(r"^Depends: (.+)", record, re.M)[:1])
    names = [item.split()[0].partition(":")[0] for item in depends.split(",") if item.split()]
    return [name for name in names if name.startswith("lib") and not name.endswith("-dev")]


def missing(index: Index, packages: Sequence[str]) -> list[str]:
    """Which of *packages* and their dependencies are not installed on this machine."""
    plan = index.apt("apt-get", "install", "--simulate", "--no-install-recommends", *packages)
    return re.findall(r"^Inst (\S+) (?!\[)", plan, re.M)


def unpack(index: Index, scratch: Path, *packages: str) -> Path:
    """Download *packages* and unpack them into one folder, which is returned."""
    index.apt("apt-get", "download", *packages, cwd=scratch)
    unpacked = scratch / "unpacked"
    for package in sorted(scratch.glob("*.deb")):
        finished = run_apt(["dpkg-deb", "--extract", str(package), str(unpacked)], scratch / "log")
        if not finished.ok:
            raise AptProblem("dpkg-deb failed", f"cannot unpack {package.name}")
    return unpacked


def _arrange_vtest(unpacked: Path, draft: Path) -> Path:
    """Make the layout that `tools.fetched_vtest` reads: wrapper script, program, libraries."""
    (draft / "lib").mkdir(parents=True)
    for library in unpacked.rglob("*.so*"):
        if library.is_file() and "vmods" not in library.parts:
            shutil.copy(library, draft / "lib")  # follows links, so each name becomes a file
    shutil.copy(unpacked / "usr/bin/varnishtest", draft / "lib" / "varnishtest")
    wrapper = draft / "varnishtest"
    wrapper.write_text(_WRAPPER, encoding="utf-8")
    wrapper.chmod(0o755)
    return draft


def _arrange_library(unpacked: Path, draft: Path) -> None:
    """Make the layout that `libraries.find` reads: `include/` and `lib/`, with shared libraries.

    Those that are installed are linked to.
    """
    (draft / "lib").mkdir(parents=True)
    for folder in (unpacked / "include", *unpacked.glob("include/*-linux-*")):
        shutil.copytree(folder, draft / "include", dirs_exist_ok=True)
    for path in unpacked.glob("lib/*/*.so*"):
        target = draft / "lib" / path.name
        if path.exists():
            shutil.copy(path, target)  # follows links, so each name becomes a file
        else:
            installed = Path("/usr", path.relative_to(unpacked)).parent
            target.symlink_to(installed / path.readlink().name)


def _offered(index: Index) -> str:
    """The version of HAProxy in a suite's index. Raises AptProblem if there is none."""
    plan = index.apt("apt-get", "source", "--tar-only", "--print-uris", "haproxy")
    if found := re.search(r" haproxy_([^_ ]+)\.orig\.tar\.\w+ ", plan):
        return found[1]
    raise AptProblem(f"{index.suite} has no upstream sources of HAProxy", "no .orig.tar there")


def _download_source(workspace: Workspace, index: Index, version: str) -> SourceTree:
    """Fetch and unpack the upstream tarball, without Debian's patches."""
    final = workspace.folder("sources") / f"haproxy-{version}"
    with workspace.scratch() as scratch:
        words = ("source", "--tar-only", "--download-only", "haproxy")
        index.apt("apt-get", *words, cwd=scratch)
        draft = scratch / "tree"
        draft.mkdir()
        # GNU tar, since Debian 12's tarfile has no extraction filters; it extracts no member and
        # no link that leads out of the folder
        options = ("--no-same-owner", "--no-same-permissions", "--strip-components=1")
        for tarball in scratch.glob(f"haproxy_{version}.orig.tar.*"):
            argv = ["tar", "--extract", "--directory", str(draft), *options, "--file", str(tarball)]
            finished = run_apt(argv, scratch / "log")
            if not finished.ok:
                raise AptProblem("tar failed", f"cannot unpack {tarball.name} ({finished.output})")
        if not (draft / "Makefile").is_file():
            raise AptProblem(f"HAProxy {version} ({index.suite}) has no sources", "no Makefile")
        publish(draft, final)
    return SourceTree(final, version)


def _cached_source(workspace: Workspace, wanted: str) -> SourceTree | None:
    folders = workspace.folder("sources").glob("haproxy-*")
    versions = [folder.name.removeprefix("haproxy-") for folder in folders]
    fitting = [version for version in versions if _matches(version, wanted)]
    if not fitting:
        return None
    newest = max(fitting, key=lambda version: [int(n) for n in re.findall(r"\d+", version)])
    return SourceTree(workspace.root / "sources" / f"haproxy-{newest}", newest)


def _matches(version: str, wanted: str) -> bool:
    return version == wanted or version.startswith(f"{wanted}.")
