"""The same question put to `git bisect run` and to bisector, each in a place of its own."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.measure import (
    ROOT,
    Line,
    Measured,
    checked,
    empty_workspace,
    implausible,
    measure,
    peak_memory,
)
from bisector.build.toolchains.dev import Dev
from bisector.build.toolchains.release import Release
from bisector.errors import EnvironmentProblem
from bisector.git.history import Commit, History, Range
from bisector.probing import setup
from bisector.probing.setup import Options
from bisector.record.events import FIX, INTRODUCTION
from bisector.system import tools
from bisector.system.workspace import Workspace
from bisector.testing.oracle import Oracle
from bisector.testing.vtest import LOG_BUFFER, haproxy_args

GIT, GIT_FAST = "git-default", "git-O0-ccache"
COLD, BLIND, HINTED, WARM = "cold", "blind", "hinted", "warm"
PARTS = (GIT, GIT_FAST, COLD, BLIND, HINTED, WARM)

_FOUND = re.compile(r"found +the \w+:")
_BESIDE = ("confirm", "affected", "patched")  # how the purposes of probes begin beside the search
_CONFIRMED = re.compile(r"(not )?proven +the \w+")
# What a careful user gives to git bisect run. $1 is the exit status that means "the bug is here",
# $2 the one for "it is not".
_SCRIPT = """\
#!/bin/sh
say() {{ echo "$2 $(git rev-parse HEAD)" >>{log}; exit "$1"; }}
make -j"$(nproc)" haproxy {variables} >{folder}/build.log 2>&1 || say 125 unbuildable
HAPROXY_PROGRAM=$PWD/haproxy HAPROXY_ARGS={arguments} TMPDIR={folder} \\
    {vtest} -v -k -t {seconds:.0f} -b {buffer} -D HAPROXY_PROGRAM="$PWD/haproxy" {case} \\
    >{folder}/vtest.log 2>&1
status=$?
if grep -qP {signature} {folder}/vtest.log; then say "$1" bad; fi
if [ $status = 0 ]; then say "$2" good; fi
say 125 untestable
"""


@dataclass(frozen=True)
class Task:
    """What is asked, and with what: *bad* is what git has to be told and bisector finds."""

    history: History
    span: Range
    bad: Commit
    options: Options
    hint: str
    workspace: Workspace  # the user's: what was fetched into it is used
    root: Path  # a folder for everything that is made
    say: Callable[[str], None]

    @property
    def oracle(self) -> Oracle:
        return setup.find_test(self.options).oracle


@dataclass(frozen=True)
class Row:
    """How one part fared, in seconds by the clock and of processors, and in bytes.

    ``found`` and ``confirmed`` are when all of the answer was, ``wall`` is the end: git confirms
    nothing, bisector goes on with releases and the patch. ``probes`` are those of the search,
    ``more`` those beside it. ``memory`` is the tool's own, without compilers and tests; it is not
    known of git. ``cpu`` is None if what was counted cannot be right. ``answer`` has the full
    hashes by what they are. Without any, ``remark`` says why.
    """

    name: str
    wall: float = 0.0
    cpu: float | None = 0.0
    probes: int = 0
    more: int = 0
    found: float | None = None
    confirmed: float | None = None
    memory: int | None = None
    answer: Mapping[str, str] | None = None
    remark: str = ""


def run(task: Task, part: str) -> Row:
    """Do one of PARTS. Raises EnvironmentProblem and the like when it cannot be done."""
    return believable(_bisector(task, part) if part not in (GIT, GIT_FAST) else _git(task, part))


def believable(row: Row) -> Row:
    """*row*, without its processor time if that cannot be right; what built nothing may idle."""
    if not row.probes + row.more or row.cpu is None or not (why := implausible(row.wall, row.cpu)):
        return row
    return replace(row, cpu=None, remark=f"{row.remark}, {why}" if row.remark else why)


# -- git -----------------------------------------------------------------------------------------


def _git(task: Task, part: str) -> Row:
    """One of git's parts, if this machine has what it takes."""
    if part == GIT:
        return _asked(task, part, Release.name, {})
    if shutil.which("ccache") is None:
        return Row(part, remark="skipped: no ccache on this machine")
    options = replace(task.options, make=(*task.options.make, "CC=ccache gcc"))
    cache = {"CCACHE_DIR": str(task.root / "ccache")}
    return _asked(replace(task, options=options), part, Dev.name, cache)


def _asked(task: Task, part: str, chain: str, env: Mapping[str, str]) -> Row:
    """Both questions, in a clone of its own whose making does not count."""
    clone, scratch = task.root / part, task.root / f"{part}.files"
    scratch.mkdir()
    origin = str(task.history.path)
    cloned = measure(["git", "clone", "--quiet", "--shared", origin, clone], cwd=task.root)
    checked(cloned, "git clone")
    script = scratch / "test.sh"
    script.write_text(script_of(task, chain, scratch))
    script.chmod(0o755)
    row, answer, cpu = Row(part), {}, 0.0
    for what, old, new, words in _questions(task):
        done = _bisect(clone, [old, new], words, script, env)
        cpu += done.cpu
        row = replace(row, wall=row.wall + done.wall, cpu=cpu)
        answer[what] = _result(clone, words[1])
        probes = len((scratch / "verdicts").read_text().splitlines())
        row, before = replace(row, probes=probes), row.probes
        task.say(f"{part}: {what} {done.wall:.1f} s, {probes - before} probes")
    return replace(row, found=row.wall, answer=answer)


def _questions(task: Task) -> list[tuple[str, str, str, tuple[str, str]]]:
    """What git is asked: the two ends, and its terms for old and new."""
    old, bad, new = task.span.old.id, task.bad.id, task.span.new.id
    questions = [
        (INTRODUCTION, old, bad, ("working", "broken")),
        (FIX, bad, new, ("broken", "fixed")),
    ]
    return [one for one in questions if one[1] != one[2]]


def _bisect(
    clone: Path,
    ends: Sequence[str],
    terms: tuple[str, str],
    script: Path,
    env: Mapping[str, str],
) -> Measured:
    """One `git bisect`, from start to end; one measurement, as one shell runs all of it."""
    old, new = terms
    bug, none = ("1", "0") if new == "broken" else ("0", "1")
    start = ["git", "bisect", "start", "--term-old", old, "--term-new", new, ends[1], ends[0]]
    words = ["git", "bisect", "run", str(script), bug, none]
    done = measure(["sh", "-c", f"{shlex.join(start)} && {shlex.join(words)}"], cwd=clone, env=env)
    return checked(done, "git bisect")


def _result(clone: Path, term: str) -> str:
    found = measure(["git", "rev-parse", f"refs/bisect/{term}"], cwd=clone)
    commit = checked(found, "git rev-parse").lines[-1].text
    checked(measure(["git", "bisect", "reset"], cwd=clone), "git bisect reset")
    return commit


def script_of(task: Task, chain: str, folder: Path) -> str:
    """The script for git, whose files go to *folder*; the test's are written there now."""
    oracle = task.oracle
    for name, text in oracle.files:
        (folder / name).write_text(text)
    test = setup.find_test(task.options)
    made = setup.find_toolchain(task.options, task.workspace, chain, test)
    return _SCRIPT.format(
        log=folder / "verdicts",
        folder=folder,
        variables=shlex.join(f"{name}={value}" for name, value in made.variables),
        arguments=shlex.quote(haproxy_args()),
        vtest=shlex.quote(str(tools.require_vtest(task.workspace).path)),
        seconds=oracle.seconds,
        buffer=LOG_BUFFER,
        case=folder / oracle.vtc,
        signature=shlex.quote(oracle.bad or ""),
    )


# -- bisector ------------------------------------------------------------------------------------


def _bisector(task: Task, part: str) -> Row:
    """One `bisector run`; WARM goes on in the workspace that COLD left."""
    place = COLD if part == WARM else part
    workspace = empty_workspace(task.root / place, task.workspace.root / "tools")
    report, status = workspace.root / f"{part}.json", workspace.root / f"{part}.status"
    words = ["run", task.span.text, "--repo", str(task.history.path), "--json", str(report)]
    words += ["--scenario", task.options.scenario or setup.DEFAULT_SCENARIO]
    words += [word for value in task.options.settings for word in ("--set", value)]
    words += ["--blind"] if part in (BLIND, HINTED) else []
    words += ["--hint", task.hint] if part == HINTED else []
    done = measure(
        [sys.executable, "-m", "bench.peak", status, *words],
        cwd=task.root,
        env={"PYTHONPATH": str(ROOT), "BISECTOR_WORKSPACE": str(workspace.root)},
    )
    if not report.exists():
        raise EnvironmentProblem(f"{part} gave no report", done.lines[-1].text)
    return row_of(part, done, json.loads(report.read_text()), status.read_text())


def row_of(part: str, done: Measured, report: Mapping[str, Any], status: str) -> Row:
    """A run of bisector's by what it said, its report, and its /proc/self/status."""
    proven = bool(report["proven"])
    search, more = _probes(report) if part != WARM else (0, 0)  # its report is that of COLD
    return Row(
        part,
        done.wall,
        done.cpu,
        search,
        more,
        when(done, _FOUND),
        when(done, _CONFIRMED) if proven else None,
        peak_memory(status),
        _answer(report),
        "" if proven else "not proven",
    )


def when(done: Measured, pattern: re.Pattern[str]) -> float:
    """When the last line came that begins with *pattern*; the end, if nothing had to be said."""
    said: list[Line] = [line for line in done.lines if pattern.match(line.text)]
    return said[-1].at if said else done.wall


def _probes(report: Mapping[str, Any]) -> tuple[int, int]:
    """How many probes the search took, and how many there were beside it."""
    made = [probe["purpose"] for probe in report["probes"] if not probe["known"]]
    more = sum(purpose.startswith(_BESIDE) for purpose in made)
    return len(made) - more, more


def _answer(report: Mapping[str, Any]) -> dict[str, str]:
    """The commits that were found; of a set that remains, all."""
    return {
        what: ",".join(one["id"] for one in report[what]["revisions"])
        for what in (INTRODUCTION, FIX)
        if what in report
    }
