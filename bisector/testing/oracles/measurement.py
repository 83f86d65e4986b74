"""The oracle that measures HAProxy under a load: no run of it is bad by itself."""

from __future__ import annotations

import json
import math
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

from bisector.errors import EnvironmentProblem, UsageProblem
from bisector.record.failure import Failure, FailureClass
from bisector.record.verdict import Ruling, Verdict
from bisector.system import process, programs, sandbox, session
from bisector.system.files import digest, explained, read_regular, require_room
from bisector.system.process import Finished
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace, short_scratch
from bisector.testing import config_words, features, output, vtest
from bisector.testing import load as loads
from bisector.testing.load import CONFIG, ORIGIN, Load
from bisector.testing.metrics import METRICS, callgrind, driver, h2load
from bisector.testing.metrics.metric import Metric, Round, Unmeasured
from bisector.testing.metrics.timed import slowest
from bisector.testing.oracle import Extra, Oracle, Trial

_RULES = "1"  # part of the digest: changes with how anything is measured
_COUNTED = "callgrind.out"
_MOST_BYTES = 64 << 20  # of a file that a run leaves
_ROUND_SECONDS = 0.1
_WARMER = 10  # times the warm-up under callgrind, for a timed metric: it tells how fast this is
_ROUNDS = 16  # of a timed metric, of each side
# Time limits: under callgrind HAProxy takes 50 times as long
_COUNTED_SECONDS, _TIMED_SECONDS = 90.0, 60.0


class Reference(NamedTuple):
    """Another HAProxy, with which one is compared in turns: its path, and a digest of it."""

    binary: str
    digest: str


@dataclass(frozen=True)
class Measurement(Oracle):
    """Measures ``metric``, a name in METRICS, under ``load``. Every run that measures is good.

    Its samples are values of the metric, or, with a ``reference``, how many times its value that
    is: only timed metrics take one.
    """

    option: ClassVar[str] = "metric"
    argument: ClassVar[str] = "|".join(METRICS)
    summary: ClassVar[str] = "what HAProxy costs under a load, instead of a scenario: " + "; ".join(
        f"{one.name}: {one.summary}" for one in METRICS.values()
    )
    extras: ClassVar[tuple[Extra, ...]] = (
        Extra(
            "load",
            "PROFILE|FILE",
            f"with --metric: the load ({', '.join(loads.bundled())}), or a FILE.toml with your own "
            f"(default: {loads.DEFAULT})",
        ),
    )

    metric: str
    load: Load
    reference: Reference | None = None

    @classmethod
    def of_option(cls, text: str, *, bad_if: str | None, skip_if: str | None) -> Self:
        """The oracle for the metric *text* and the default load."""
        if text not in METRICS:
            raise UsageProblem(f"--{cls.option} {text}", f"one of {', '.join(METRICS)}")
        if bad_if is not None or skip_if is not None:
            raise UsageProblem(f"--bad-if and --skip-if with --{cls.option}", "it has a value only")
        return cls._of(text, loads.load(loads.DEFAULT))

    @classmethod
    def _of(cls, metric: str, load: Load) -> Self:
        seconds = _COUNTED_SECONDS if METRICS[metric].counted else _TIMED_SECONDS
        key = digest(cls.option, _RULES, metric, repr(load))
        return cls(f"{metric} ({load.name})", key, metric, load, seconds=seconds)

    def with_extra(self, name: str, value: str) -> Self:
        """With --load: the same for another load."""
        return self._of(self.metric, loads.load(value))

    def against(self, binary: Path, content: str) -> Self:
        if not self.kind.timed:
            return self
        reference = Reference(str(binary), content)
        return replace(self, reference=reference, digest=digest(self.digest, content))

    def costs(self, log: str) -> Mapping[str, float]:
        return callgrind.of_log(log)

    @property
    def kind(self) -> Metric:
        """The metric."""
        return METRICS[self.metric]

    @property
    def unit(self) -> str:
        return self.kind.unit.format(what=self.load.what)

    @property
    def is_disturbed_by_load(self) -> bool:
        return self.kind.timed

    @property
    def programs(self) -> tuple[str, ...]:
        """valgrind and h2load, as far as they are needed."""
        valgrind = (programs.VALGRIND,) if self.kind.counted else ()
        return (*valgrind, *((programs.H2LOAD,) if self.load.client.uses_h2load else ()))

    def find_tools(self, workspace: Workspace) -> tuple[Tool, ...]:
        return tuple(programs.require(workspace, name) for name in self.programs)

    @property
    def features(self) -> frozenset[str]:
        """Those that the load's configurations ask for."""
        return frozenset().union(*(features.asked(text) for text in self._configurations()))

    @property
    def words(self) -> frozenset[str]:
        """Those of the load's configurations."""
        return frozenset().union(*map(config_words.of, self._configurations()))

    def _configurations(self) -> Iterator[str]:
        return (text for name, text in self.load.files if name in (CONFIG, ORIGIN))

    def run(self, trial: Trial) -> Ruling:
        """Put the binary under the load once; see metrics/driver.py for how."""
        with short_scratch() as scratch:
            done = self._drive(trial, scratch)
            ruling = judge(self, done, scratch)
            lines = self._functions(scratch) if ruling.samples else ""
        vtest.noted(done, lines, trial.log)
        return replace(ruling, seconds=done.seconds)

    def _drive(self, trial: Trial, scratch: Path) -> Finished:
        """Run the driver in the folder *scratch*, which has its result then."""
        with explained(f"cannot write the load's files in {scratch}"):
            for name, text in self.load.files:
                (scratch / name).write_text(text)
            (scratch / "plan").write_text(json.dumps(self.plan(trial)))
        box, python = None, Path(sys.executable).resolve()
        if trial.slot.sandbox:
            reads = [trial.binary.parent, sandbox.home_of(python), Path(driver.__file__)]
            reads += [Path(self.reference.binary).parent] if self.reference else []
            box = trial.slot.sandbox.box(scratch, *trial.writes, reads=reads)
        words: list[str | Path] = [
            python,
            "-I",
            "-S",
            driver.__file__,
            scratch / "plan",
            scratch / "result",
        ]
        try:
            done = process.run(
                words,
                log=trial.log,
                timeout=trial.seconds,
                cwd=scratch,
                env={"TMPDIR": str(scratch), "HOME": str(scratch)},
                stop=trial.slot.stop,
                box=box,
                watchers=trial.watchers,
            )
        finally:
            if box is None:
                session.kill_orphans(scratch)
        if box and sandbox.did_not_start(done):
            raise EnvironmentProblem("the sandbox does not start", done.output.strip())
        if not done.ok and not done.excess:
            require_room(scratch, trial.log.parent)
        return done

    def plan(self, trial: Trial) -> dict[str, Any]:
        """What the driver is to do, see there."""
        tools = dict(zip(self.programs, trial.tools, strict=True))
        valgrind, client = tools.get(programs.VALGRIND), tools.get(programs.H2LOAD)
        kind, load = self.kind, self.load
        sides = [str(trial.binary)]
        sides += [self.reference.binary] if self.reference else []
        around = _callgrind(valgrind.path) if valgrind else []
        origin = [sides[-1], "-db", "-f", ORIGIN] if load.has_origin else []
        # A B B A: a drift of the machine's speed is the same for both
        turns = [0, 1, 1, 0] * (_ROUNDS // 2) if self.reference else [0] * _ROUNDS
        return {
            "sides": [[*around, one, "-db", "-f", CONFIG] for one in sides],
            "origin": origin,
            "client": load.client.words(str(client.path) if client else "", kind.connections),
            "order": turns if kind.timed else [0],
            "least": load.client.connections * kind.connections,
            "requests": 0 if kind.timed else load.requests * kind.times,
            "seconds": _ROUND_SECONDS,
            "warm_up": load.warm_up * (_WARMER if kind.timed else 1),
            "marked": kind.counted,
        }

    def _functions(self, scratch: Path) -> str:
        """The lines for the log about the functions that callgrind saw, if it ran."""
        if not self.kind.counted:
            return ""
        text = counted(scratch, 0)
        event = callgrind.SYSCALLS if self.metric == "syscalls" else callgrind.INSTRUCTIONS
        return callgrind.listed(callgrind.functions(text, event), self.load.requests)


def _callgrind(valgrind: Path) -> list[str]:
    """The words before HAProxy's: the counts are dumped, and begin anew, when the driver says so.

    vgdb(1) could ask for that, too, but hangs now and then if the process waits.
    """
    options = ("--dump-before=sig_dump_state", "--collect-systime=yes", "--vgdb=no")
    return [
        str(valgrind),
        "--tool=callgrind",
        "--quiet",
        *options,
        f"--callgrind-out-file={_COUNTED}",
    ]


def counted(scratch: Path, number: int) -> str:
    """The text of callgrind's file of a round; '' if there is none.

    There are two for each round: what was counted before it, and during it.
    """
    return read_regular(scratch / f"{_COUNTED}.{2 * number + 2}", _MOST_BYTES)


def judge(oracle: Measurement, done: Finished, scratch: Path) -> Ruling:
    """The ruling on a run of the driver, by what it left in *scratch*."""
    if done.excess:
        return _untestable(f"the test was stopped: {done.excess}", FailureClass.HARNESS, done)
    if done.timed_out:
        ruling = output.unfinished(done, "HAProxy")
        assert ruling
        return ruling
    try:
        result = json.loads(read_regular(scratch / "result", _MOST_BYTES))
        rounds, problem = result["rounds"], str(result["problem"])
        if problem:
            return _of_problem(problem, done)
        return measured(oracle, _rounds(oracle, rounds, scratch))
    except Unmeasured as reason:
        return _untestable(str(reason), FailureClass.OTHER, done)
    except (ValueError, KeyError, TypeError, ArithmeticError):  # HAProxy may have written there
        return _untestable("the run has no result", FailureClass.HARNESS, done)


def _of_problem(problem: str, done: Finished) -> Ruling:
    """The ruling on a run of which the driver says *problem*."""
    if output.refuses(done.output) and problem.startswith("HAProxy ended"):
        lines = output.alerts(done.output)
        reason = f"HAProxy refuses the load's configuration: {lines[0]}"
        return Ruling(Verdict.UNTESTABLE, reason, lines, failure=output.refusal(done.output))
    return _untestable(problem, FailureClass.OTHER, done)


def _untestable(reason: str, kind: FailureClass, done: Finished) -> Ruling:
    failure = Failure(kind, output.constant(reason))
    lines = output.last_lines(done.output)
    return Ruling(Verdict.UNTESTABLE, reason, lines, failure=failure)


def _rounds(oracle: Measurement, raw: Sequence[Any], scratch: Path) -> list[Round]:
    """The rounds in the driver's result. Raises Unmeasured if a load failed."""
    found = []
    for number, one in enumerate(raw):
        said = str(one["output"])
        if problem := h2load.problem(said):
            raise Unmeasured(problem)
        log = read_regular(scratch / f"requests.{number}", _MOST_BYTES)
        found.append(
            Round(
                int(one["side"]),
                int(one["requests"]),
                h2load.seconds(said) or float(one["seconds"]),
                int(one["ran"]) / 1e9,
                int(one["resident"]),
                callgrind.totals(counted(scratch, number)) if oracle.kind.counted else {},
                tuple(h2load.latencies(log)),
            )
        )
    return found


def measured(oracle: Measurement, rounds: Sequence[Round]) -> Ruling:
    """The ruling on *rounds* that were all made. Raises Unmeasured."""
    kind, what = oracle.kind, oracle.load.what
    own, other = ([kind.value(one) for one in rounds if one.side == side] for side in (0, 1))
    if not all(0 < value < math.inf for value in (*own, *other)):
        raise Unmeasured(f"the {kind.name} of a round is not above 0")
    text = kind.shown(statistics.median(own), what)
    evidence = [f"under the load {oracle.load.name}: {oracle.load.title}"]
    if kind.name == "latency":
        within = statistics.median(slowest(one) for one in rounds if one.side == 0)
        evidence.append(f"99 % of the answers within {within:,.1f} µs")
    if oracle.reference is None:
        return Ruling(Verdict.GOOD, text, tuple(evidence), samples=tuple(own))
    pairs = tuple(mine / its for mine, its in zip(own, other, strict=True))
    text = f"{text}, {statistics.median(pairs):.3f} times that of the reference"
    return Ruling(Verdict.GOOD, text, tuple(evidence), samples=pairs)
