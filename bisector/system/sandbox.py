"""What strangers wrote is built and run apart: by bubblewrap, within limits, until it ends.

Inside there is a read-only system, the one folder that is to be written, a private /tmp and a
network of one loopback. Paths are the same inside and outside, so what is built is the same, too,
and no cache key knows of the sandbox.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bisector.errors import EnvironmentProblem, UsageProblem
from bisector.system import procfs, sizes
from bisector.system.process import run
from bisector.system.tools import bwrap_folder
from bisector.system.workspace import Workspace

AUTO, REQUIRE, OFF = "auto", "require", "off"
MODES = (AUTO, REQUIRE, OFF)
SWITCHED_OFF = "--sandbox off"

_SYSTEM = ("/usr", "/nix/store", "/gnu/store")
_LINKED = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")  # into /usr, on most systems
# what compilers, the C library and OpenSSL read; /etc has secrets, too
_SETTINGS = (
    *("alternatives", "group", "hosts", "ld.so.cache", "localtime", "nsswitch.conf", "passwd"),
    *("protocols", "services", "ssl/certs", "ssl/openssl.cnf"),
)
_PROCESSORS = "/sys/devices/system"  # HAProxy asks which there are
_SHARED_MEMORY = 64 << 20  # bytes of /dev/shm

# The kernel's switches: the value with which nobody but root gets a sandbox, and how to change it.
_SWITCHES = {
    "kernel/unprivileged_userns_clone": ("0", "sysctl kernel.unprivileged_userns_clone=1"),
    "user/max_user_namespaces": ("0", "sysctl user.max_user_namespaces=10000"),
    "kernel/apparmor_restrict_unprivileged_userns": (
        "1",
        "an AppArmor profile for bwrap, or sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
}
GET_IT = "install bubblewrap, or run 'bisector doctor --fix'"
_CONTAINER = "a host, or a container that may make user namespaces"


@dataclass(frozen=True)
class Limits:
    """What one build or test may take at most. All but ``tasks`` are bytes.

    ``tasks`` are processes and threads at once; ``memory`` is that of all of them together;
    ``file`` is one file's size, ``folder`` that of all in the folders that are written, and
    ``scratch`` that of all in /tmp, which is in memory.
    """

    tasks: int = 4096
    memory: int = 8 << 30
    file: int = 512 << 20
    folder: int = 2 << 30
    scratch: int = 1 << 30

    def exceeded(self, running: Iterable[procfs.Process], size: int) -> str:
        """Which limit those that are *running*, with *size* bytes in their folder, went beyond."""
        tasks = memory = 0
        for one in running:
            tasks, memory = tasks + one.threads, memory + one.resident
        if tasks > self.tasks:
            return f"more than {self.tasks} processes and threads"
        if memory > self.memory:
            return f"more than {sizes.show(self.memory)} of memory"
        return f"more than {sizes.show(self.folder)} written" if size > self.folder else ""


@dataclass(frozen=True)
class Sandbox:
    """bubblewrap on this machine. ``reads`` are the paths that are visible besides the system."""

    program: str
    version: str
    reads: tuple[str, ...] = ()
    limits: Limits = Limits()

    def box(self, *folders: Path, reads: Iterable[Path] = ()) -> Box:
        """What a program runs in that may write to *folders* and also read *reads*."""
        return Box(self, tuple(map(str, folders)), (*self.reads, *map(str, reads)))

    @property
    def said(self) -> str:
        """What a report has of it."""
        return f"bubblewrap {self.version}".strip()


@dataclass(frozen=True)
class Box:
    """A sandbox around one program that writes to ``folders`` and sees ``reads``."""

    sandbox: Sandbox
    folders: tuple[str, ...]
    reads: tuple[str, ...]

    def words(
        self, cwd: Path | None, keep_open: Sequence[int], temporary: str | None = None
    ) -> list[str]:
        """The command that runs the words after it inside; it holds *keep_open* till all ended.

        What is *temporary* outside is so inside if it may be written, else /tmp is.
        """
        limits = self.sandbox.limits
        own_tmp = () if temporary in self.folders else ("--setenv", "TMPDIR", "/tmp")
        return [
            self.sandbox.program,
            *("--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"),
            "--die-with-parent",
            *_system(),
            # read-only: to root's own processes the kernel's switches there would obey
            *("--proc", "/proc", "--remount-ro", "/proc"),
            *("--dev", "/dev", "--remount-ro", "/dev"),
            *("--size", str(_SHARED_MEMORY), "--tmpfs", "/dev/shm"),
            *("--size", str(limits.scratch), "--tmpfs", "/tmp"),
            *(word for path in self.reads for word in ("--ro-bind-try", path, path)),
            *(word for path in self.folders for word in ("--bind", path, path)),
            *("--remount-ro", "/"),
            *own_tmp,
            *(word for handle in keep_open for word in ("--sync-fd", str(handle))),
            *("--chdir", str(cwd or self.folders[0]), "--"),
            # hard for a user; for root the kernel does not count, and `exceeded` has to
            *("prlimit", f"--nproc={limits.tasks}", f"--fsize={limits.file}", "--core=0", "--"),
        ]

    def exceeded(self, leader: int) -> str:
        """Which limit all that bubblewrap's process *leader* runs went beyond; mostly ''."""
        # whoever loses its parent inside becomes a child of the sandbox's first process
        running = procfs.below(leader, list(procfs.processes()))
        return self.sandbox.limits.exceeded(running, sum(map(_size, self.folders)))


def find(workspace: Workspace, mode: str, reads: Iterable[Path] = ()) -> tuple[Sandbox | None, str]:
    """The sandbox that this machine has and *mode* wants, or None and why there is none.

    Raises UsageProblem for a mode that is none; EnvironmentProblem, which says how to get one, if
    it is required.
    """
    if mode not in MODES:
        raise UsageProblem(f"--sandbox {mode}", f"one of {', '.join(MODES)}")
    if mode == OFF:
        return None, SWITCHED_OFF
    try:
        return examined(workspace, reads), ""
    except EnvironmentProblem as problem:
        if mode == REQUIRE:
            raise
        return None, str(problem)


def examined(workspace: Workspace, reads: Iterable[Path] = ()) -> Sandbox:
    """The sandbox of this machine, tried. Raises EnvironmentProblem: why not, and what to do."""
    own = bwrap_folder(workspace) / "bwrap"
    program = shutil.which("bwrap") or (str(own) if own.is_file() else None)
    if program is None:
        raise EnvironmentProblem("no bubblewrap on this machine", GET_IT)
    with workspace.scratch() as scratch:
        asked = run([program, "--version"], log=scratch / "version", timeout=30)
        limits = replace(Limits(), memory=_machine_memory() // 2)
        version = asked.output.strip().removeprefix("bubblewrap ")
        sandbox = Sandbox(program, version, outermost(reads), limits)
        log = scratch / "log"
        trial = run(["true"], log=log, timeout=30, cwd=scratch, box=sandbox.box(scratch))
    if not trial.ok:
        raise why_not(trial.output, _switches())
    return sandbox


def why_not(said: str, switches: Mapping[str, str]) -> EnvironmentProblem:
    """Why bubblewrap, which *said* something, failed with the kernel's *switches* as they are."""
    for name, (value, cure) in _SWITCHES.items():
        if switches.get(name) == value:
            what = f"user namespaces are switched off ({name.replace('/', '.')}={value})"
            return EnvironmentProblem(what, cure)
    last = "".join(said.strip().splitlines()[-1:])
    if "nknown option" in last:
        return EnvironmentProblem(f"bubblewrap is too old ({last})", "version 0.8 or later")
    return EnvironmentProblem(f"bubblewrap does not work here ({last})", _CONTAINER)


def home_of(program: Path) -> Path:
    """What has to be visible for *program* to run: all that was installed with it."""
    prefix = program.parent.parent
    return prefix if program.parent.name == "bin" and not _has_home(prefix) else program


def outermost(paths: Iterable[Path]) -> tuple[str, ...]:
    """Those of *paths* that neither the system nor another one of them has: a mount takes time."""
    wanted, system = dict.fromkeys(paths), set(map(Path, (*_SYSTEM, *_LINKED)))
    has = system | wanted.keys()
    return tuple(str(p) for p in wanted if p not in system and has.isdisjoint(p.parents))


def visible(folder: Path, case: Path) -> Path:
    """What a test *case* in a user's *folder* may see: its companions, but never a whole home."""
    top = next((one for one in (folder, *folder.parents) if one.name == "reg-tests"), folder)
    return case if _has_home(top) else top


def _has_home(folder: Path) -> bool:
    home = os.environ.get("HOME")
    return home is not None and Path(home).resolve().is_relative_to(folder.resolve())


def _system() -> Iterator[str]:
    """The words that bring the system in."""
    for name in _LINKED:
        path = Path(name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), name)
        else:
            yield from ("--ro-bind-try", name, name)
    for name in (*_SYSTEM, *(f"/etc/{name}" for name in _SETTINGS), _PROCESSORS):
        yield from ("--ro-bind-try", name, name)


def _size(folder: str) -> int:
    """The bytes that the files below *folder* take up on the disk."""
    total, folders = 0, [folder]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
        except OSError:  # it went meanwhile, or is closed to us
            continue
    return total


def _machine_memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _switches() -> dict[str, str]:
    paths = {name: Path("/proc/sys", name) for name in _SWITCHES}
    return {name: path.read_text().strip() for name, path in paths.items() if path.is_file()}
