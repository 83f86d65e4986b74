"""The sandbox by Landlock, where no namespaces can be made: rules of the kernel for a process.

See landlock(7). A small program, confine.c beside this, gives itself rules, a seccomp filter
(filter.h) and no capabilities, and then executes what is to be confined. Paths are allowed as
bubblewrap would mount them. What neither rules nor filter can do is in SECURITY.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bisector.errors import EnvironmentProblem
from bisector.system import compiled, session
from bisector.system.process import run
from bisector.system.sandbox.box import Box, Network, Sandbox
from bisector.system.sandbox.paths import LINKED, NAMESERVERS, SHOWN, outermost
from bisector.system.workspace import Workspace

SOURCE = Path(__file__).parent / "confine.c"
FAILED = "confine: "  # how the only line begins if it starts nothing
SIGNALS_ABI = 6  # since when signals and abstract sockets can be confined (Linux 6.12)
SOCKETS_ABI = 9  # since when sockets that have a path can be (Linux 7.1)
_KERNEL = "a kernel since Linux 6.2 with Landlock, see landlock(7), or bubblewrap"


@dataclass(frozen=True)
class Landlock(Sandbox):
    """Landlock on this machine: the compiled confine.c, and the version of the kernel's ABI."""

    program: str
    abi: int

    @property
    def said(self) -> str:
        return f"Landlock (ABI {self.abi})"

    @property
    def separates_networks(self) -> bool:
        """False."""
        return False

    @property
    def guards(self) -> int:
        """The parent of the program, which ends all that it leaves behind."""
        return 1

    @property
    def lacks(self) -> str:
        """What it does not keep a program from, for a report."""
        more = "" if self.abi >= SIGNALS_ABI else ", and every build can send signals to yours"
        return f"which lets tests reach other hosts and services of this machine{more}"

    def words(
        self, box: Box, cwd: Path | None, keep_open: Sequence[int], temporary: str | None
    ) -> list[str]:
        reads = (*LINKED, *SHOWN, NAMESERVERS, "/proc", *box.reads)
        return [
            self.program,
            *(word for path in reads for word in ("-r", path)),
            *(word for path in box.folders for word in ("-w", path)),
            *(word for handle in keep_open for word in ("-c", str(handle))),
            *(() if temporary in box.folders else ("-t", box.folders[0])),
            *(("-n",) if box.network is Network.NONE else ()),
            *("-d", str(cwd or box.folders[0]), "--"),
            *self.limits.words(others=_tasks()),
        ]

    def end(self, leader: int) -> None:
        """Have *leader* end all inside: some may have left its session, see setsid(2)."""
        session.ask_to_end(leader)


def examined(workspace: Workspace, reads: Iterable[Path] = ()) -> Landlock:
    """Landlock on this machine, after a trial run.

    Raises EnvironmentProblem with the reason why it does not work, and what to do.
    """
    with workspace.scratch() as scratch:
        made = compiled.of(workspace, SOURCE, "confine", ("-O1",))
        if made is None:
            raise EnvironmentProblem("confine.c cannot be compiled here", "install gcc")
        asked = run([made], log=scratch / "version", timeout=30)
        said = asked.output.strip()
        if not asked.ok:
            raise EnvironmentProblem(said.removeprefix(FAILED), _KERNEL)
        sandbox = Landlock(str(made), int(said), reads=outermost(reads))
        trial = run(
            ["true"], log=scratch / "log", timeout=30, cwd=scratch, box=sandbox.box(scratch)
        )
    if not trial.ok:
        last = "".join(trial.output.strip().splitlines()[-1:])
        raise EnvironmentProblem(f"Landlock does not work here ({last})", _KERNEL)
    return sandbox


def _tasks() -> int:
    """The number of processes and threads on this machine, see /proc/loadavg in proc(5).

    The kernel counts all of a user's, also those outside.
    """
    try:
        return int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])
    except (OSError, IndexError, ValueError):
        return 0
