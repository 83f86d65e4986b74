"""What an oracle is: something that is run on a binary, and what its outcome means.

Each kind of oracle is a subclass in :mod:`bisector.testing.oracles`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import ClassVar, Self

from bisector.errors import ScenarioProblem
from bisector.record.verdict import Ruling
from bisector.system.slots import Slot
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace

RUN_SECONDS = 30.0  # a user's test may be slow: this is for HAProxy's usual timeouts

# How the reason of a ruling begins when time was over, and when HAProxy crashed.
TIMED_OUT, DIED = "timed out", "HAProxy died by"


@dataclass(frozen=True)
class Trial:
    """One run of an oracle: on which ``binary``, with which ``tools``, for how long at most.

    All output goes to the file ``log``. ``seconds`` is the time limit, ``slot`` what of the
    machine the run may use. ``writes`` are folders beside its own that the binary may write to,
    as one that counts what it executes does.
    """

    binary: Path
    log: Path
    tools: tuple[Tool, ...]
    seconds: float
    slot: Slot
    writes: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Oracle(ABC):
    """A test of binaries as plain data: it is pickled for workers, and digested for cache keys.

    ``name`` and ``variant`` tell it from others in reports. ``digest`` is of all that decides its
    rulings but the tools and conditions(). ``seconds`` is the least time limit of one run; see
    :mod:`bisector.testing.timeouts` for how it grows.

    A kind that users name on the command line has an ``option`` (without dashes), an ``argument``
    (how the help calls its value) and a ``summary`` for the help; of_option() makes it.
    """

    option: ClassVar[str] = ""
    argument: ClassVar[str] = "FILE"
    summary: ClassVar[str] = ""

    name: str
    digest: str
    _: KW_ONLY
    variant: str = ""
    seconds: float = RUN_SECONDS

    @classmethod
    def of_option(cls, text: str, *, bad_if: str | None, skip_if: str | None) -> Self:
        """The oracle that ``--option TEXT`` names; *bad_if* and *skip_if* are patterns of its log.

        Raises UsageProblem, such as ScenarioProblem.
        """
        raise NotImplementedError

    @classmethod
    def find_tools(cls, workspace: Workspace) -> tuple[Tool, ...]:
        """The programs that a run needs on this machine. Raises MissingProgram."""
        return ()

    def conditions(self) -> tuple[str, ...]:
        """What else of this machine decides a ruling, such as environment variables."""
        return ()

    @abstractmethod
    def run(self, trial: Trial) -> Ruling:
        """Run once, with the seconds that it took.

        Raises WorkspaceProblem and other EnvironmentProblems when the machine fails, Stopped when
        the slot was called off.
        """

    @property
    def knows_its_bug(self) -> bool:
        """Whether *bad* means one known failure, and not any."""
        return False

    def may_differ(self, ruling: Ruling) -> bool:
        """Whether asking again could change *ruling*, which is neither good nor bad."""
        return ruling.reason.startswith(TIMED_OUT)

    def files_of_user(self) -> tuple[tuple[str, bytes], ...]:
        """The user's files that a run on another machine needs, by relative name."""
        return ()

    def moved_to(self, folder: Path) -> Self:
        """The same oracle where files_of_user() lie in *folder*."""
        return self


def is_doubtful(ruling: Ruling) -> bool:
    """Whether *ruling* on a binary of an unreal toolchain may be the compiler's fault."""
    return not ruling.verdict.tested or ruling.reason.startswith(DIED)


def check_pattern(pattern: str | None, where: str) -> None:
    """Raise ScenarioProblem, saying *where*, if *pattern* is no regular expression."""
    if pattern == "":
        raise ScenarioProblem(f"{where}: an empty pattern matches everything", "leave it out")
    try:
        re.compile(pattern or "")
    except re.error as error:
        what = f"{where}: '{pattern}' is no regular expression"
        raise ScenarioProblem(what, str(error)) from None
