"""A tiny HAProxy that real tools build and test in no time, and hunts over it in real processes."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bisector.build import tcc
from bisector.record import journal
from bisector.record.events import Confirmed, Ended, Event, Found, Noted, Probed
from bisector.system import debian
from bisector.testing import crash_trace
from tests.faults.table import Context
from tests.support.clone import Clone

COMMITS, FIRST_BAD = 24, 9
SECONDS = 120.0  # for one run of bisector, which takes two
SOON = 10.0  # seconds until what was killed is gone
FILES: Mapping[str, str] = {
    "Makefile": """\
haproxy: src/haproxy.o src/a.o
\t$(CC) $(ARCH_FLAGS) -o $@ $^
%.o: %.c
\t$(CC) $(OPT_CFLAGS) -Iinclude -c -o $@ $<
""",
    "include/haproxy/x.h": "int number(void);\n",
    "src/haproxy.c": f"""\
#include <stdio.h>
#include "haproxy/x.h"
int main(int argc, char **argv)
{{
	puts(number() < {FIRST_BAD} ? "sound" : "broken");
	return 0;
}}
""",
    "src/a.c": '#include "haproxy/x.h"\nint number(void) { return 0; }\n',
}
TEST = """\
varnishtest "what it says of itself"
shell {"$HAPROXY_PROGRAM" | grep -q sound}
"""


Asked = tuple[str, str, int]
"""A question: of a revision, to a toolchain, for the n-th time."""


@dataclass(frozen=True)
class Told:
    """What a hunt came to: its answer, and the verdict and the binary of each question."""

    answer: frozenset[Event]
    verdicts: Mapping[Asked, str]
    binaries: Mapping[Asked, str]

    @classmethod
    def by(cls, events: Sequence[Event]) -> Told:
        probed = {(e.revision, e.toolchain, e.run): e for e in events if isinstance(e, Probed)}
        return cls(
            frozenset(event for event in events if isinstance(event, (Found, Confirmed, Ended))),
            {asked: event.verdict for asked, event in probed.items()},
            {asked: event.binary for asked, event in probed.items()},
        )

    def contradiction(self, truth: Told) -> str:
        """In what this is not as the *truth* has it, as far as that goes; '' if in nothing."""
        if self.answer != truth.answer:
            return f"another answer: {self.answer}"
        for asked in self.verdicts:
            if truth.verdicts.get(asked, self.verdicts[asked]) != self.verdicts[asked]:
                return f"another verdict: {asked}"
            if truth.binaries.get(asked, self.binaries[asked]) != self.binaries[asked]:
                return f"another binary: {asked}"
        return ""


class World:
    """A clone of the tiny HAProxy, a test for its bug, and the machine's tools.

    ``truth`` is what `words` come to when nothing disturbs, ``short_truth`` what `short` does.
    """

    def __init__(self, context: Context) -> None:
        folder = self.folder = context.folder
        self.clone = Clone(folder / "clone")
        self.commits = []
        for number in range(COMMITS):
            source = FILES["src/a.c"].replace("return 0", f"return {number}")
            change = {**FILES, "src/a.c": source}
            self.commits.append(self.clone.commit(change, subject=f"MINOR: a: {number}"))
        self.clone.tag("v3.0.0", self.commits[0])
        tip = self.clone.commit({"doc/x": "1"}, parents=self.commits[-1:], branch="more")
        self.clone.commit({"doc/x": "2"}, parents=[tip], branch="more")
        self.test = folder / "said.vtc"
        self.test.write_text(TEST)
        self._tools = fetch_tools(context)
        self._numbers = itertools.count()
        self.truth = self._undisturbed(self.words)
        self.short_truth = self._undisturbed(self.short)

    @property
    def words(self) -> tuple[str, ...]:
        """A hunt with proof: some ten questions, and five runs on both sides."""
        return self.hunt(0, COMMITS - 1)

    @property
    def short(self) -> tuple[str, ...]:
        """A hunt of few questions, without proof."""
        return (*self.hunt(FIRST_BAD - 2, FIRST_BAD + 1), "--confirm", "none")

    def hunt(self, first: int, last: int, clone: Path | None = None) -> tuple[str, ...]:
        """The command that hunts from one commit to another, by number."""
        span = f"{self.commits[first]}..{self.commits[last]}"
        return ("run", span, "--repo", str(clone or self.clone.path), "--vtc", str(self.test))

    def place(self) -> Place:
        """A new place to hunt in."""
        return Place(self.folder / f"{next(self._numbers)}", self._tools)

    def _undisturbed(self, words: Sequence[str]) -> Told:
        place = self.place()
        done = place.run(*words)
        assert done.returncode in (0, 1), done.stderr
        return Told.by(place.events())


class Place:
    """A workspace, and a folder for temporary files, that only one trial uses."""

    def __init__(self, folder: Path, tools: Path) -> None:
        self.folder, self.root, self.temporary = folder, folder / "ws", folder / "tmp"
        self.tools = tools
        for path in (self.root, self.temporary):
            path.mkdir(parents=True)
        # hard links: a sandbox does not see where symbolic ones lead to
        shutil.copytree(self.tools, self.root / "tools", symlinks=True, copy_function=os.link)

    def begin(self, *words: str, module: Sequence[str] = ("bisector",)) -> subprocess.Popen[str]:
        """Run bisector in the background, in a session of its own."""
        others = ("GIT_", "PYTHONDONTWRITEBYTECODE")  # compiling it anew takes a third of a hunt
        environ = {name: text for name, text in os.environ.items() if not name.startswith(others)}
        own = {
            "BISECTOR_WORKSPACE": str(self.root),
            "TMPDIR": str(self.temporary),
            "PYTHONPYCACHEPREFIX": str(self.folder.parent / "compiled"),
        }
        return subprocess.Popen(
            [sys.executable, "-m", *module, *words],
            env=environ | own | {"PYTHONPATH": str(Path(__file__).parents[2])},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(
        self, *words: str, module: Sequence[str] = ("bisector",)
    ) -> subprocess.CompletedProcess[str]:
        """Run bisector to its end."""
        with self.begin(*words, module=module) as child:
            return finished(child)

    def journals(self) -> list[Path]:
        return sorted(self.root.glob("hunts/*/journal"))

    def events(self) -> list[Event]:
        """What the journal of the only hunt says; nothing if there is none yet."""
        return [event for path in self.journals() for event in journal.read(path)[0]]

    def left(self) -> list[str]:
        """What should not be there when no hunt is under way: processes and half-made things."""
        own = self.temporary / f"bisector-{os.getuid()}"
        files = [*self.root.glob("scratch/*"), *own.glob("*")]
        files += [path for path in self.temporary.glob("*") if path != own]
        files += self.root.glob("stores/**/tmp_*")
        # a build tree has what HAProxy's Makefile leaves there
        hidden = self.root.glob("**/.*")
        files += [path for path in hidden if self.root / "trees" not in path.parents]
        return [*map(str, files), *self.processes()]

    def processes(self) -> list[str]:
        """The processes that were started here and do not end soon."""
        until(lambda: not list(_running(self.folder)))
        return list(_running(self.folder))


def fetch_tools(context: Context) -> Path:
    """VTest, Lua, bubblewrap, and what is compiled once.

    Raises EnvironmentProblem if they are not to be had.
    """
    workspace = context.workspace
    debian.fetch_vtest(workspace)
    debian.fetch_lua(workspace)
    debian.fetch_bwrap(workspace)
    tcc.compiler(workspace)
    crash_trace.library(workspace)  # compiled once for all
    copy = context.folder / "tools"
    return Path(shutil.copytree(workspace.root / "tools", copy, symlinks=True))


def finished(child: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """How *child* ends."""
    out, err = child.communicate(timeout=SECONDS)
    return subprocess.CompletedProcess(child.args, child.returncode, out, err)


def until(condition: Callable[[], bool]) -> bool:
    """Does it come about soon?"""
    end = time.monotonic() + SOON
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def _running(folder: Path) -> Iterator[str]:
    """The processes that have to do with *folder*: that work in it, or whose command names it."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes()
            place = bytes((entry / "cwd").readlink())
            if str(folder).encode() + b"/" in command + place + (entry / "environ").read_bytes():
                yield f"process {entry.name}: {command.decode(errors='replace')}"
        except OSError:  # it has ended
            continue


def repeated(events: Sequence[Event]) -> list[tuple[str, int]]:
    """The questions that were answered by the machine more than once."""
    asked = [(e.key, e.run) for e in events if isinstance(e, Probed) and not e.known]
    return sorted({one for one in asked if asked.count(one) > 1})


def notes(events: Sequence[Event]) -> str:
    """What the user was told besides the answer."""
    return "\n".join(event.text for event in events if isinstance(event, Noted))


def kill(child: subprocess.Popen[str]) -> None:
    """End it by SIGKILL, as the system does where memory runs out."""
    child.send_signal(signal.SIGKILL)
    child.communicate()
