"""The sandbox by bubblewrap, see bwrap(1): namespaces.

Inside there are the system's folders (read-only), the folders that may be written, a private /tmp,
and a network namespace with only a loopback device. Paths are the same inside and outside, so build
products are the same, and cache keys do not contain the sandbox.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bisector.errors import EnvironmentProblem
from bisector.system.process import run
from bisector.system.sandbox.box import Box, Network, Sandbox
from bisector.system.sandbox.paths import LINKED, NAMESERVERS, SHOWN, outermost
from bisector.system.tools import bwrap_folder
from bisector.system.workspace import Workspace

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
_ON_LOOPBACK = Path(__file__).parent / "resolv.conf"
FAILED = "bwrap: "  # how the only line begins if it starts nothing


@dataclass(frozen=True)
class Bubblewrap(Sandbox):
    """bubblewrap on this machine: its program, and the version that this prints."""

    program: str
    version: str

    @property
    def said(self) -> str:
        return f"bubblewrap {self.version}".strip()

    @property
    def separates_networks(self) -> bool:
        """True, unless it has the machine's."""
        return True

    @property
    def guards(self) -> int:
        """bubblewrap itself, and the first process inside, whose end kills all the others."""
        return 2

    def words(
        self, box: Box, cwd: Path | None, keep_open: Sequence[int], temporary: str | None
    ) -> list[str]:
        own_tmp = () if temporary in box.folders else ("--setenv", "TMPDIR", "/tmp")
        return [
            self.program,
            *("--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"),
            *(("--share-net",) if box.network is Network.MACHINE else ()),
            "--die-with-parent",
            *_system(),
            # read-only, since root's processes could change kernel parameters in /proc/sys
            *("--proc", "/proc", "--remount-ro", "/proc"),
            *("--dev", "/dev", "--remount-ro", "/dev"),
            *("--size", str(_SHARED_MEMORY), "--tmpfs", "/dev/shm"),
            *("--size", str(self.limits.scratch), "--tmpfs", "/tmp"),
            *_nameservers(box),
            *(word for path in box.reads for word in ("--ro-bind-try", path, path)),
            *(word for path in box.folders for word in ("--bind", path, path)),
            *("--remount-ro", "/"),
            *own_tmp,
            *(word for handle in keep_open for word in ("--sync-fd", str(handle))),
            *("--chdir", str(cwd or box.folders[0]), "--"),
            *self.limits.words(),
        ]

    def end(self, leader: int) -> None:
        """Nothing is to be done: the kernel ends all inside when the guards are killed."""


def examined(workspace: Workspace, reads: Iterable[Path] = ()) -> Bubblewrap:
    """bubblewrap on this machine, after a trial run.

    Raises EnvironmentProblem with the reason why it does not work, and what to do.
    """
    own = bwrap_folder(workspace) / "bwrap"
    program = shutil.which("bwrap") or (str(own) if own.is_file() else None)
    if program is None:
        raise EnvironmentProblem("no bubblewrap on this machine", GET_IT)
    with workspace.scratch() as scratch:
        finished = run([program, "--version"], log=scratch / "version", timeout=30)
        version = finished.output.strip().removeprefix("bubblewrap ")
        sandbox = Bubblewrap(program, version, reads=outermost(reads))
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


def _nameservers(box: Box) -> tuple[str, str, str]:
    """The mount of NAMESERVERS: some versions refuse a nameserver that cannot be reached."""
    if box.network is Network.MACHINE:
        return ("--ro-bind-try", NAMESERVERS, NAMESERVERS)
    return ("--ro-bind", str(_ON_LOOPBACK), NAMESERVERS)


def _system() -> Iterator[str]:
    """The bwrap options that mount the system's folders."""
    for name in LINKED:
        path = Path(name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), name)
        else:
            yield from ("--ro-bind-try", name, name)
    for name in SHOWN:
        yield from ("--ro-bind-try", name, name)


def _switches() -> dict[str, str]:
    paths = {name: Path("/proc/sys", name) for name in _SWITCHES}
    return {name: path.read_text().strip() for name, path in paths.items() if path.is_file()}
