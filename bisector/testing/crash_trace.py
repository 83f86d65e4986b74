"""By which signal, and in which functions, HAProxy crashes in a test.

A plain SIGSEGV says nothing, so a small library is preloaded into the programs of a test: it
records where a signal kills HAProxy. See preload/crash_trace.c.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bisector.errors import MissingProgram
from bisector.system import compiled
from bisector.system.files import digest, read_regular
from bisector.system.process import run
from bisector.system.sandbox import Box
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace
from bisector.testing.crash_report import innermost
from bisector.testing.deaths import instances

NAME = "crash trace"
SOURCE = Path(__file__).parent / "preload" / "crash_trace.c"
RECORDED = "crashes"  # the file with one line for each crash, in the run's folder
MAX_CRASHES = 8  # of one run, which are looked at
MAX_BYTES = 64 << 10  # of the file that are read
_SECONDS = 60.0  # for one call of addr2line, which takes some milliseconds

_LINE = re.compile(r"^(?:\*+ +(\S+) +)?crash\|(SIG[A-Z]+)(?: in ([\w < ]+))?$", re.M)


@dataclass(frozen=True)
class CrashTrace:
    """A crash by a ``signal`` (its name), and HAProxy's ``functions``, the innermost first.

    ``instance`` is HAProxy's name in a VTest case, such as h1, '' if it is not known.
    """

    signal: str
    functions: tuple[str, ...] = ()
    instance: str = ""

    @property
    def line(self) -> str:
        """The crash as a line of the test's log; find() reads it."""
        where = f" in {' < '.join(self.functions)}" if self.functions else ""
        return f"{f'**** {self.instance} ' if self.instance else ''}crash|{self.signal}{where}\n"


def find(log: str) -> tuple[CrashTrace, ...]:
    """The crashes that a test's *log* tells of."""
    return tuple(
        CrashTrace(name, tuple(functions.split(" < ")) if functions else (), instance)
        for instance, name, functions in _LINE.findall(log)
    )


def library(workspace: Workspace) -> tuple[Tool, ...]:
    """The library, compiled once for a workspace; none if that is not possible here.

    Raises WorkspaceProblem if the workspace cannot be written.
    """
    made = compiled.of(workspace, SOURCE, "crash-trace", ("-shared", "-fPIC", "-O1"))
    return (Tool(made, NAME, digest(SOURCE.read_bytes())),) if made else ()


def environment(known: Iterable[Tool], folder: Path) -> Mapping[str, str]:
    """The variables by which the library, if it is among the tools *known*, records in *folder*."""
    for tool in known:
        if tool.version == NAME:
            return {"LD_PRELOAD": str(tool.path), "BISECTOR_CRASHES": str(folder / RECORDED)}
    return {}


def read(folder: Path, binary: Path, log: str, box: Box | None) -> tuple[CrashTrace, ...]:
    """The crashes of *binary* that were recorded in *folder*.

    The *log* of a VTest case has the names of HAProxy's instances. Raises EnvironmentProblem if
    addr2line(1), which runs in *box*, does not start.
    """
    if not (lines := read_regular(folder / RECORDED, MAX_BYTES).splitlines()):
        return ()  # as nearly always, and a log may be long
    names = instances(log)
    crashes = []
    for line in lines[:MAX_CRASHES]:
        words = line.split()
        if len(words) > 1 and all(word.isdecimal() for word in words[:2]):
            number = int(words[1])
            if number in set(signal.Signals):
                functions = _functions(binary, words[2:], folder, box)
                name = signal.Signals(number).name
                crashes.append(CrashTrace(name, functions, names.get(int(words[0]), "")))
    return tuple(dict.fromkeys(crashes))


def _functions(
    binary: Path, places: Sequence[str], folder: Path, box: Box | None
) -> tuple[str, ...]:
    """The names of HAProxy's functions at *places*, without the loop that calls everything."""
    places = [place for place in places if re.fullmatch(r"[0-9a-f]{1,16}", place)]
    if not places:
        return ()
    argv = ["addr2line", "-f", "-e", str(binary), *places]
    try:
        done = run(argv, log=folder / "addr2line", timeout=_SECONDS, cwd=folder, box=box)
    except MissingProgram:  # it comes with the compiler's assembler and linker
        return ()
    names = done.output.splitlines()[::2] if done.ok else []
    known = (name.partition(".")[0] for name in names if re.fullmatch(r"[A-Za-z_][\w.]*", name))
    return innermost(known)
