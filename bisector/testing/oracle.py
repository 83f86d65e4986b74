"""The base class of oracles: a test that is run on a binary and gives a verdict.

Each kind of oracle is a subclass in :mod:`bisector.testing.oracles`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

from bisector.errors import ScenarioProblem
from bisector.record.failure import FailureClass
from bisector.record.verdict import Ruling, Verdict
from bisector.system.process import Watcher
from bisector.system.slots import Slot
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace
from bisector.testing import guards

RUN_SECONDS = 30.0  # default time limit; a user's test may wait for HAProxy's usual timeouts

# Failures that are no compiler's fault.
_SURE = (FailureClass.MISSING, FailureClass.UNSUPPORTED, FailureClass.UNUSABLE)

# How reasons begin: the time limit was exceeded, HAProxy crashed.
TIMED_OUT, DIED = "timed out", "HAProxy died by"
# How the text of a failure begins that is a mistake in the test, which VTest refuses.
VTEST_ITSELF = "top: "


@dataclass(frozen=True)
class Trial:
    """The parameters of one run of an oracle on ``binary``.

    All output goes to the file ``log``. ``tools`` are those of find_tools(), ``seconds`` is the
    time limit, ``slot`` has the sandbox and cancels the run. ``writes`` are more folders that the
    binary may write to, such as the one for gcov's counts. The ``watchers`` are called while the
    test runs, see process.run().
    """

    binary: Path
    log: Path
    tools: tuple[Tool, ...]
    seconds: float
    slot: Slot
    writes: tuple[Path, ...] = ()
    watchers: tuple[Watcher, ...] = ()


class Extra(NamedTuple):
    """An option that goes with one kind of oracle: its name without dashes, its value's name, help.

    The value is given to Oracle.with_extra().
    """

    name: str
    argument: str
    summary: str


@dataclass(frozen=True)
class Oracle(ABC):
    """A test of binaries, as plain data: it is pickled for workers.

    ``name`` and ``variant`` identify it in reports. ``digest`` is part of cache keys: it covers
    everything that decides the rulings, except the tools and conditions(). ``seconds`` is the
    smallest time limit of one run; :mod:`bisector.testing.timeouts` raises it. ``patient``: a run
    that a busy machine may have spoilt is made again.

    A kind that users choose on the command line has an ``option`` (its name, without dashes), an
    ``argument`` (the value's name in the help, '' for an option without a value) and a ``summary``
    (the help text); of_option() creates it. ``extras`` are options that go with it alone. A kind
    that ``judges_builds`` is only run with real toolchains: others cannot compile all that gcc can.
    One that ``measures_growth`` may be bad at both ends of a range, and worse at one of them.
    """

    option: ClassVar[str] = ""
    argument: ClassVar[str] = "FILE"
    summary: ClassVar[str] = ""
    extras: ClassVar[tuple[Extra, ...]] = ()
    judges_builds: ClassVar[bool] = False
    measures_growth: ClassVar[bool] = False

    name: str
    digest: str
    _: KW_ONLY
    variant: str = ""
    seconds: float = RUN_SECONDS
    patient: bool = True

    @classmethod
    def of_option(cls, text: str, *, bad_if: str | None, skip_if: str | None) -> Self:
        """The oracle for ``--option TEXT``; *bad_if* and *skip_if* are patterns for its log.

        Raises UsageProblem, such as ScenarioProblem.
        """
        raise NotImplementedError

    def with_extra(self, name: str, value: str) -> Self:
        """The same with the option *name* of ``extras``. Raises UsageProblem for a wrong value."""
        raise NotImplementedError

    def find_tools(self, workspace: Workspace) -> tuple[Tool, ...]:
        """The programs that a run needs on this machine. Raises MissingProgram."""
        return ()

    def conditions(self) -> tuple[str, ...]:
        """What else of this machine decides rulings, such as environment variables."""
        return ()

    @abstractmethod
    def run(self, trial: Trial) -> Ruling:
        """Run once and give the ruling, with the wall seconds of the run.

        Raises WorkspaceProblem or another EnvironmentProblem if the machine fails, and Stopped if
        the slot was cancelled.
        """

    def of_failed_build(self, problem: str, log: Path) -> Ruling:
        """The ruling on a revision that does not build; *problem* and the build's *log* say why.

        Raises WorkspaceProblem if the log cannot be read.
        """
        return Ruling(Verdict.UNBUILDABLE, problem)

    @property
    def knows_its_bug(self) -> bool:
        """Whether the verdict *bad* needs one known failure; otherwise any failure is bad."""
        return False

    @property
    def wants_threads(self) -> bool:
        """Whether the test asks for threads, so that a binary without them may not show its bug.

        Raises WorkspaceProblem if the test's file cannot be read.
        """
        return False

    @property
    def is_disturbed_by_load(self) -> bool:
        """Whether nothing else may run beside a run, since that would change its samples."""
        return False

    @property
    def unit(self) -> str:
        """What the samples of a run count, as `instructions per request`; '' if it has none."""
        return ""

    def against(self, binary: Path, content: str) -> Self:
        """The same, measuring in turns with *binary*, whose digest is *content*, if it can."""
        return self

    def costs(self, log: str) -> Mapping[str, float]:
        """What each function cost in the run with this *log*, in ``unit``; empty if not known."""
        return {}

    @property
    def needs_vtest(self) -> bool:
        """Whether find_tools() requires VTest."""
        return False

    @property
    def programs(self) -> tuple[str, ...]:
        """The names in programs.KINDS of programs that find_tools() requires."""
        return ()

    @property
    def features(self) -> frozenset[str]:
        """The features of HAProxy that the test asks for, see features.asked().

        Raises WorkspaceProblem if the test's file cannot be read.
        """
        return frozenset()

    @property
    def words(self) -> frozenset[str]:
        """The words of the test's configurations, among which HAProxy's keywords are.

        Raises WorkspaceProblem if the test's file cannot be read.
        """
        return frozenset()

    @property
    def own_test(self) -> str:
        """The digest if this is a test of the user's own, '' if it is a variant of a scenario."""
        return "" if self.variant else self.digest

    def at(self, revision: str) -> Self:
        """The same oracle for *revision* (full hash), if its ruling may depend on that."""
        return self

    def may_differ(self, ruling: Ruling) -> bool:
        """Whether running again could change *ruling*, which is neither good nor bad."""
        busy = (FailureClass.TIMEOUT, FailureClass.BROKEN)  # what a busy machine can cause
        return ruling.failure is not None and ruling.failure.kind in busy

    def files_of_user(self) -> tuple[tuple[str, bytes], ...]:
        """Names and contents of the user's files that a run on another machine needs.

        Names are relative to the test's folder. Raises WorkspaceProblem if one cannot be read.
        """
        return ()

    def moved_to(self, folder: Path) -> Self:
        """The same oracle, for files_of_user() in *folder*."""
        return self


def is_doubtful(ruling: Ruling) -> bool:
    """Whether *ruling*, on a binary of the fast toolchain, may be the compiler's fault."""
    failure = ruling.failure
    if failure and failure.kind in _SURE:
        return False
    if failure and failure.kind is FailureClass.HARNESS and failure.text.startswith(VTEST_ITSELF):
        return False
    if failure and failure.kind is FailureClass.SKIPPED:
        return not guards.same_for_all(failure.text)
    return not ruling.verdict.tested or (
        failure is not None and failure.kind is not FailureClass.EXPECTATION
    )


def check_patterns(bad_if: str | None, skip_if: str | None) -> None:
    """Raise ScenarioProblem if the value of --bad-if or --skip-if is no regular expression."""
    check_pattern(bad_if, "--bad-if")
    check_pattern(skip_if, "--skip-if")


def check_pattern(pattern: str | None, where: str) -> None:
    """Raise ScenarioProblem if *pattern* is no regular expression; *where* names its source."""
    if pattern == "":
        raise ScenarioProblem(f"{where}: an empty pattern matches everything", "leave it out")
    try:
        re.compile(pattern or "")
    except re.error as error:
        what = f"{where}: '{pattern}' is no regular expression"
        raise ScenarioProblem(what, str(error)) from None
