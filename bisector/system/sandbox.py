"""Running untrusted builds and tests in a sandbox, by bubblewrap (bwrap(1)), within limits.

Inside there are the system's folders (read-only), the folders that may be written, a private /tmp,
and a network namespace with only a loopback device. Paths are the same inside and outside, so build
products are the same, and cache keys do not contain the sandbox.
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

SYSTEM = ("/usr", "/nix/store", "/gnu/store")
_LINKED = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")  # on most systems links to /usr
# of /etc: what compilers, the C library and OpenSSL read; other files there may be secret
_SETTINGS = (
    *("alternatives", "group", "hosts", "ld.so.cache", "localtime", "nsswitch.conf", "passwd"),
    *("protocols", "services", "ssl/certs", "ssl/openssl.cnf"),
)
_ONLINE = ("/etc/resolv.conf", "/etc/pki", "/etc/ca-certificates")
_PROCESSORS = "/sys/devices/system"  # HAProxy reads the CPU topology there
_SHARED_MEMORY = 64 << 20  # bytes of /dev/shm

# Kernel parameters: the value that keeps users from making namespaces, and how to change it.
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
    """Upper limits for one build or test. All but ``tasks`` are in bytes.

    ``tasks`` is the number of processes and threads; ``memory`` the sum of their resident set
    sizes; ``file`` the size of one file, see RLIMIT_FSIZE in setrlimit(2); ``folder`` the size of
    the writable folders; ``scratch`` the size of /tmp, a tmpfs.
    """

    tasks: int = 4096
    memory: int = 8 << 30
    file: int = 512 << 20
    folder: int = 2 << 30
    scratch: int = 1 << 30

    def exceeded(self, running: Iterable[procfs.Process], size: int) -> str:
        """The limit that *running* processes with *size* bytes in their folders exceed, or ''."""
        tasks = memory = 0
        for process in running:
            tasks, memory = tasks + process.threads, memory + process.resident
        if tasks > self.tasks:
            return f"more than {self.tasks} processes and threads"
        if memory > self.memory:
            return f"more than {sizes.show(self.memory)} of memory"
        return f"more than {sizes.show(self.folder)} written" if size > self.folder else ""


@dataclass(frozen=True)
class Sandbox:
    """bubblewrap on this machine. ``reads`` are read-only paths besides the system's."""

    program: str
    version: str
    reads: tuple[str, ...] = ()
    limits: Limits = Limits()

    def box(self, *folders: Path, reads: Iterable[Path] = ()) -> Box:
        """A sandbox for one program that may write to *folders* and also read *reads*."""
        return Box(self, tuple(map(str, folders)), (*self.reads, *map(str, reads)))

    @property
    def said(self) -> str:
        """Its name and version for a report."""
        return f"bubblewrap {self.version}".strip()


@dataclass(frozen=True)
class Box:
    """A sandbox around one program, which may write to ``folders`` and read ``reads``.

    Its network is a private loopback, unless it has the machine's ``network``.
    """

    sandbox: Sandbox
    folders: tuple[str, ...]
    reads: tuple[str, ...]
    network: bool = False

    def online(self) -> Box:
        """The same with this machine's network, which only a program may have that is to download.

        It may also read what names and certificates are looked up in.
        """
        return replace(self, reads=(*self.reads, *_ONLINE), network=True)

    def words(
        self, cwd: Path | None, keep_open: Sequence[int], temporary: str | None = None
    ) -> list[str]:
        """The bwrap command line that runs the words after it inside.

        bubblewrap keeps the descriptors *keep_open* until all processes inside have ended. TMPDIR
        is *temporary* if that is writable inside, else /tmp.
        """
        limits = self.sandbox.limits
        own_tmp = () if temporary in self.folders else ("--setenv", "TMPDIR", "/tmp")
        return [
            self.sandbox.program,
            *("--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"),
            *(("--share-net",) if self.network else ()),
            "--die-with-parent",
            *_system(),
            # read-only, since root's processes could change kernel parameters in /proc/sys
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
            # the kernel does not apply --nproc to root: `exceeded` does
            *("prlimit", f"--nproc={limits.tasks}", f"--fsize={limits.file}", "--core=0", "--"),
        ]

    def exceeded(self, leader: int) -> str:
        """The limit that the processes of the bubblewrap with pid *leader* exceed, or ''."""
        # orphans inside become children of the first process there, so all are descendants
        running = procfs.descendants(leader, list(procfs.processes()))
        return self.sandbox.limits.exceeded(running, sum(map(_size, self.folders)))


def find(workspace: Workspace, mode: str, reads: Iterable[Path] = ()) -> tuple[Sandbox | None, str]:
    """The sandbox for *mode* (auto, require, off), or None and the reason why there is none.

    Raises UsageProblem for another mode, EnvironmentProblem if it is required and does not work.
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
    """The sandbox of this machine, after a trial run.

    Raises EnvironmentProblem with the reason why it does not work, and what to do.
    """
    own = bwrap_folder(workspace) / "bwrap"
    program = shutil.which("bwrap") or (str(own) if own.is_file() else None)
    if program is None:
        raise EnvironmentProblem("no bubblewrap on this machine", GET_IT)
    with workspace.scratch() as scratch:
        finished = run([program, "--version"], log=scratch / "version", timeout=30)
        limits = replace(Limits(), memory=_machine_memory() // 2)
        version = finished.output.strip().removeprefix("bubblewrap ")
        sandbox = Sandbox(program, version, outermost(reads), limits)
        log = scratch / "log"
        trial = run(["true"], log=log, timeout=30, cwd=scratch, box=sandbox.box(scratch))
    if not trial.ok:
        raise why_not(trial.output, _switches())
    return sandbox


def why_not(said: str, switches: Mapping[str, str]) -> EnvironmentProblem:
    """The reason why bubblewrap failed, from its output *said* and the kernel parameters."""
    for name, (value, cure) in _SWITCHES.items():
        if switches.get(name) == value:
            what = f"user namespaces are switched off ({name.replace('/', '.')}={value})"
            return EnvironmentProblem(what, cure)
    last = "".join(said.strip().splitlines()[-1:])
    if "nknown option" in last:
        return EnvironmentProblem(f"bubblewrap is too old ({last})", "version 0.8 or later")
    return EnvironmentProblem(f"bubblewrap does not work here ({last})", _CONTAINER)


def home_of(program: Path) -> Path:
    """The path that has to be readable for *program* to run.

    That is its installation prefix, the folder of a script that runs `lib/` and its own name (the
    layout of `debian.fetch_vtest`), or the program itself.
    """
    folder, prefix = program.parent, program.parent.parent
    if folder.name == "bin" and not has_home(prefix):
        return prefix
    return folder if (folder / "lib" / program.name).is_file() else program


def outermost(paths: Iterable[Path]) -> tuple[str, ...]:
    """The *paths* that are not below the system's folders or another of them.

    Fewer mounts make the sandbox start faster.
    """
    wanted, system = dict.fromkeys(paths), set(map(Path, (*SYSTEM, *_LINKED)))
    mounted = system | wanted.keys()
    return tuple(
        str(path) for path in wanted if path not in system and mounted.isdisjoint(path.parents)
    )


def visible(folder: Path, case: Path) -> Path:
    """The path that is readable for the test *case* in *folder*, with its companion files.

    That is the folder or the reg-tests/ folder above it; only the case if that contains $HOME.
    """
    above = (path for path in (folder, *folder.parents) if path.name == "reg-tests")
    top = next(above, folder)
    return case if has_home(top) else top


def has_home(folder: Path) -> bool:
    """Whether *folder* is $HOME or above it."""
    home = os.environ.get("HOME")
    return home is not None and Path(home).resolve().is_relative_to(folder.resolve())


def _system() -> Iterator[str]:
    """The bwrap options that mount the system's folders."""
    for name in _LINKED:
        path = Path(name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), name)
        else:
            yield from ("--ro-bind-try", name, name)
    for name in (*SYSTEM, *(f"/etc/{name}" for name in _SETTINGS), _PROCESSORS):
        yield from ("--ro-bind-try", name, name)


def _size(folder: str) -> int:
    """The bytes that the files below *folder* occupy on the disk (blocks of 512 bytes)."""
    total, folders = 0, [folder]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
        except OSError:  # removed meanwhile, or without permissions
            continue
    return total


def _machine_memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _switches() -> dict[str, str]:
    paths = {name: Path("/proc/sys", name) for name in _SWITCHES}
    return {name: path.read_text().strip() for name, path in paths.items() if path.is_file()}
