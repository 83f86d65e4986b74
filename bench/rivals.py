"""The same search by `git bisect run` and by bisector, each in its own clone or workspace."""

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
from bisector.build import prebuilt
from bisector.build.toolchains.dev import Dev
from bisector.build.toolchains.release import Release
from bisector.errors import EnvironmentProblem
from bisector.git.history import Commit, History, Range
from bisector.probing import setup, toolchains
from bisector.probing.options import Options
from bisector.record.words import Change
from bisector.system import tools
from bisector.system.workspace import Workspace
from bisector.testing.oracle import Oracle
from bisector.testing.oracles.vtest_case import VTestCase
from bisector.testing.vtest import LOG_BUFFER, haproxy_args
from bisector.testing.vtest_log import SKIPPED

GIT, GIT_FAST = "git-default", "git-O0-ccache"
COLD, BLIND, HINTED, WARM = "cold", "blind", "hinted", "warm"
PREBUILT = "prebuilt"
PARTS = (GIT, GIT_FAST, COLD, BLIND, HINTED, WARM, PREBUILT)

_FOUND = re.compile(r"found +the \w+:")
_BESIDE = ("confirm", "affected", "patched")  # prefixes of the purposes of other probes
_CONFIRMED = re.compile(r"(not )?proven +the \w+")
# The script that a careful user gives to git bisect run. $1 is the exit status for a revision with
# the bug, $2 the one for a revision without it.
_SCRIPT = """\
#!/bin/sh
say() {{ echo "$2 $(git rev-parse HEAD)" >>{log}; exit "$1"; }}
make -j"$(nproc)" haproxy {variables} >{folder}/build.log 2>&1 || say 125 unbuildable
HAPROXY_PROGRAM=$PWD/haproxy HAPROXY_ARGS={arguments} TMPDIR={folder} \\
    {vtest} -v -k -t {seconds:.0f} -b {buffer} -D HAPROXY_PROGRAM="$PWD/haproxy" {case} \\
    >{folder}/vtest.log 2>&1
status=$?
if {is_bad}; then say "$1" bad; fi
if [ $status = 0 ]; then say "$2" good; fi
say 125 untestable
"""


@dataclass(frozen=True)
class Task:
    """The search and its settings. ``bad`` is given to git only; bisector finds it itself.

    ``prebuilt`` is a workspace with what `bisector prebuild` made of the range, for PREBUILT.
    """

    history: History
    span: Range
    bad: Commit
    options: Options
    hint: str
    workspace: Workspace  # the user's, whose fetched tools are used
    root: Path  # the folder for all files of the measurement
    say: Callable[[str], None]
    prebuilt: Path | None = None

    @property
    def oracle(self) -> Oracle:
        return setup.find_test(self.options).oracle


@dataclass(frozen=True)
class Row:
    """The measurements of one part.

    ``wall`` and ``cpu`` are the total elapsed and processor time in seconds; ``found`` and
    ``confirmed`` the elapsed time until the whole answer was found and confirmed. git confirms
    nothing; bisector continues with releases and the patch. ``probes`` are those of the search,
    ``more`` all others. ``memory`` is the tool's own peak in bytes, without compilers and tests;
    None for git. ``answer`` has the full hashes of introduction and fix; if None, ``remark`` has
    the reason. ``cpu`` is None, too, if what was counted cannot be right.
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
    """Run one of PARTS. Raises EnvironmentProblem or another BisectorError if it cannot be run."""
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


def _asked(task: Task, part: str, toolchain: str, env: Mapping[str, str]) -> Row:
    """Both searches, in a clone of their own; the cloning is not measured."""
    clone, scratch = task.root / part, task.root / f"{part}.files"
    scratch.mkdir()
    origin = str(task.history.path)
    cloned = measure(["git", "clone", "--quiet", "--shared", origin, clone], cwd=task.root)
    checked(cloned, "git clone")
    script = scratch / "test.sh"
    script.write_text(script_of(task, toolchain, scratch))
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
    """For each search: its name, the two ends, and git's terms for old and new."""
    old, bad, new = task.span.old.id, task.bad.id, task.span.new.id
    questions = [
        (Change.INTRODUCTION, old, bad, ("working", "broken")),
        (Change.FIX, bad, new, ("broken", "fixed")),
    ]
    return [one for one in questions if one[1] != one[2]]


def _bisect(
    clone: Path,
    ends: Sequence[str],
    terms: tuple[str, str],
    script: Path,
    env: Mapping[str, str],
) -> Measured:
    """One `git bisect` from start to end, measured as one shell command."""
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


def script_of(task: Task, toolchain: str, folder: Path) -> str:
    """The script for git, which writes to *folder*; also writes the test's files there."""
    oracle = task.oracle
    assert isinstance(oracle, VTestCase)
    for name, text in () if oracle.folder else oracle.files:
        (folder / name).write_text(text)
    test = setup.find_test(task.options)
    made = toolchains.find_toolchain(task.options, task.workspace, toolchain, test)
    return _SCRIPT.format(
        log=folder / "verdicts",
        folder=folder,
        variables=shlex.join(f"{name}={value}" for name, value in made.variables),
        arguments=shlex.quote(haproxy_args()),
        vtest=shlex.quote(str(tools.require_vtest(task.workspace).path)),
        seconds=oracle.seconds,
        buffer=LOG_BUFFER,
        case=Path(oracle.folder or folder) / oracle.vtc,
        is_bad=is_bad(oracle, folder / "vtest.log"),
    )


def is_bad(oracle: VTestCase, log: Path) -> str:
    """The shell's condition for a revision with the bug; without a pattern, any failed test."""
    if oracle.bad:
        return f"grep -qP {shlex.quote(oracle.bad)} {log}"
    return f"[ $status != 0 ] && [ $status != {SKIPPED} ]"


# -- bisector ------------------------------------------------------------------------------------


def _bisector(task: Task, part: str) -> Row:
    """One `bisector run`; WARM uses the workspace of COLD."""
    place = COLD if part == WARM else part
    workspace = empty_workspace(task.root / place, task.workspace.root / "tools")
    report, status = workspace.root / f"{part}.json", workspace.root / f"{part}.status"
    if part == PREBUILT:
        if task.prebuilt is None:
            return Row(part, remark="skipped: it needs --prebuilt")
        shutil.copytree(task.prebuilt / prebuilt.FOLDER, workspace.root / prebuilt.FOLDER)
    words = ["run", task.span.text, "--repo", str(task.history.path), "--json", str(report)]
    words += words_of_test(task.options)
    words += ["--blind"] if part in (BLIND, HINTED, PREBUILT) else []
    words += ["--hint", task.hint] if part == HINTED else []
    done = measure(
        [sys.executable, "-m", "bench.peak", status, *words],
        cwd=task.root,
        env={"PYTHONPATH": str(ROOT), "BISECTOR_WORKSPACE": str(workspace.root)},
    )
    if not report.exists():
        raise EnvironmentProblem(f"{part} gave no report", done.lines[-1].text)
    return row_of(part, done, json.loads(report.read_text()), status.read_text())


def words_of_test(options: Options) -> list[str]:
    """The words of the command line that name the test of *options*, and its make variables."""
    words = [word for value in options.make for word in ("--make", value)]
    if options.own_test:
        name, value = options.own_test
        return [*words, f"--{name}", value]
    words += ["--scenario", options.scenario or setup.DEFAULT_SCENARIO]
    return [*words, *(word for value in options.settings for word in ("--set", value))]


def row_of(part: str, done: Measured, report: Mapping[str, Any], status: str) -> Row:
    """The measurements of a bisector run, from its output, report and /proc/self/status."""
    proven = bool(report["proven"])
    search, more = _probes(report) if part != WARM else (0, 0)  # its report has those of COLD
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
    """The time in seconds of the last line that matches *pattern*; the end if there is none."""
    said: list[Line] = [line for line in done.lines if pattern.match(line.text)]
    return said[-1].at if said else done.wall


def _probes(report: Mapping[str, Any]) -> tuple[int, int]:
    """The number of probes of the search, and that of all others."""
    made = [probe["purpose"] for probe in report["probes"] if not probe["known"]]
    more = sum(purpose.startswith(_BESIDE) for purpose in made)
    return len(made) - more, more


def _answer(report: Mapping[str, Any]) -> dict[str, str]:
    """The hashes found for introduction and fix, comma-separated if several candidates remain."""
    return {
        what: ",".join(one["id"] for one in report[what]["revisions"])
        for what in (Change.INTRODUCTION, Change.FIX)
        if what in report
    }
