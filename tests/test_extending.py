"""A kind of oracle and a kind of toolchain from outside the package hunt as any other."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest

from bisector.build import toolchains
from bisector.build.toolchain import Toolchain
from bisector.errors import MissingProgram
from bisector.jobs.hunt import job
from bisector.jobs.runner import Execution, JobResult
from bisector.probing.options import Options
from bisector.probing.setup import Asked
from bisector.record.events import Confirmed, Found, Probed, Started
from bisector.record.verdict import Ruling, Verdict
from bisector.search.costs import BuildCost
from bisector.system import process, tools
from bisector.system.files import digest
from bisector.system.tools import Lua, Tool
from bisector.system.workspace import Workspace
from bisector.testing import oracles
from bisector.testing.oracle import TIMED_OUT, Oracle, Trial
from tests.support.clone import Clone
from tests.support.hunting import Silent

LUA = Lua("5.4", Path("/lua/include"), Path("/lua/lib"), "lua5.4", "lua-id")


@dataclass(frozen=True)
class ExitStatus(Oracle):
    """Runs the binary: an exit status of 0 is good, that in the user's file is bad."""

    option: ClassVar[str] = "exit-status"
    summary: ClassVar[str] = "the exit status of a bad binary"

    bad: int

    @classmethod
    def of_option(cls, text: str, *, bad_if: str | None, skip_if: str | None) -> Self:
        bad = int(Path(text).read_text())
        return cls("exit-status", digest(str(bad)), bad)

    @classmethod
    def find_tools(cls, workspace: Workspace) -> tuple[Tool, ...]:
        if not (env := shutil.which("env")):
            raise MissingProgram("no env on this machine", "install coreutils")
        return (Tool(Path(env), "env", "env-id"),)

    def run(self, trial: Trial) -> Ruling:
        done = process.run([trial.tools[0].path, trial.binary], log=trial.log, timeout=60)
        if done.timed_out:
            return Ruling(Verdict.UNTESTABLE, TIMED_OUT, seconds=done.seconds)
        verdict = {0: Verdict.GOOD, self.bad: Verdict.BAD}.get(done.status or 0)
        reason = f"exit status {done.status}"
        return Ruling(verdict or Verdict.UNTESTABLE, reason, seconds=done.seconds)


@dataclass(frozen=True)
class Toy(Toolchain):
    """gcc with a macro of its own."""

    name: ClassVar[str] = "toy"
    description: ClassVar[str] = "gcc -DTOY"
    cost: ClassVar[BuildCost] = BuildCost(full=1.0, incremental=0.5)
    flags: ClassVar[Mapping[str, str]] = {"OPT_CFLAGS": "-DTOY"}


MAKEFILE = "haproxy: src/haproxy.c\n\t$(CC) $(OPT_CFLAGS) -o $@ $<\n"
FIRST_BAD = 5


def source(number: int) -> str:
    """Built with the toy's macro, the program fails from one commit on; without it never."""
    return f"int main(void)\n{{\n#ifdef TOY\n\treturn {number} < {FIRST_BAD} ? 0 : 3;\n#endif\n}}\n"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with gcc and make on which Lua is there; the two kinds are listed."""
    if not shutil.which("gcc") or not shutil.which("make"):
        pytest.skip("no gcc and make on this machine")
    monkeypatch.setattr(tools, "find_lua", lambda workspace: LUA)
    listed: Any = (toolchains.TOOLCHAINS, oracles.ORACLES)
    monkeypatch.setitem(listed[0], Toy.name, Toy)
    monkeypatch.setitem(listed[1], ExitStatus.option, ExitStatus)


@pytest.fixture
def history(clone: Clone) -> list[str]:
    """Nine commits; the sixth brings the bug."""
    return [
        clone.commit({"Makefile": MAKEFILE, "src/haproxy.c": source(number)}) for number in range(9)
    ]


def hunt(clone: Clone, workspace: Workspace, span: str, **more: Any) -> JobResult:
    options = Options(repo=str(clone.path), sandbox="off", **more)
    asked = Asked(workspace, options, lambda what: None, lambda note: None)
    return job.run(asked, span, blind=False, execution=Execution("bisector", Silent()))


def test_a_toy_oracle_and_a_toy_toolchain_hunt(
    clone: Clone, history: list[str], workspace: Workspace, machine: None, tmp_path: Path
) -> None:
    (tmp_path / "status").write_text("3")
    asked = {"own_test": (ExitStatus.option, str(tmp_path / "status")), "toolchain": Toy.name}
    done = hunt(clone, workspace, f"{history[0]}..{history[8]}", **asked)
    assert done.problem is None
    (found,) = (event for event in done.events if isinstance(event, Found))
    assert found.revisions == (history[FIRST_BAD],)
    (confirmed,) = (event for event in done.events if isinstance(event, Confirmed))
    assert confirmed.proven and confirmed.toolchain == Toy.name, "a real one proves what it finds"
    (started,) = (event for event in done.events if isinstance(event, Started))
    assert (started.scenario, started.toolchain) == (ExitStatus.option, Toy.name)
    reasons = {event.reason for event in done.events if isinstance(event, Probed)}
    assert reasons == {"exit status 0", "exit status 3"}


def test_without_the_toys_flags_there_is_no_bug(
    clone: Clone, history: list[str], workspace: Workspace, machine: None, tmp_path: Path
) -> None:
    (tmp_path / "status").write_text("3")
    asked = {"own_test": (ExitStatus.option, str(tmp_path / "status")), "toolchain": "dev"}
    done = hunt(clone, workspace, f"{history[0]}..{history[8]}", **asked)
    assert "no bad revision among" in str(done.problem)


def test_a_kind_from_outside_goes_to_workers_as_any_other() -> None:
    oracle = ExitStatus("exit-status", "digest", 3)
    assert pickle.loads(pickle.dumps(oracle)) == oracle
