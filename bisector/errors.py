"""What can go wrong, as one line that says what, where and what to do.

Every expected failure is a :class:`BisectorError`; the command line prints it on stderr and exits
with its ``exit_code``. Anything else that surfaces is a bug in bisector.
"""

from __future__ import annotations

import errno

from bisector.printable import printable

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
MAKE_ROOM = "make room, then run the same command again"
MAX_LINE = 2000  # characters that anybody reads


class BisectorError(Exception):
    """An expected failure: *what* happened, and a *hint* what the user can do about it."""

    exit_code = 3

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        """The one line that the user sees, whatever is quoted in it; nothing moves a cursor."""
        text = " ".join((f"{self.what}: {self.hint}" if self.hint else self.what).split())
        if len(text) > MAX_LINE:
            text = f"{text[: MAX_LINE // 2]} … {text[-MAX_LINE // 2 :]}"
        return printable(text)


class UsageProblem(BisectorError):
    """What was asked for cannot be answered as asked; another command line can."""

    exit_code = 2


class EnvironmentProblem(BisectorError):
    """The machine lacks something: a program, a repository, room on the disk, a permission."""

    exit_code = 3


class NoSuchRevision(UsageProblem):
    """A name that the repository does not know."""


class BadRange(UsageProblem):
    """A range that is empty, reversed, or whose ends do not lie on one line of history."""


class UnusableEnds(UsageProblem):
    """The range's ends do not frame a change: both bad, or one of them cannot be tested."""


class NoRelease(UsageProblem):
    """A range without a release, or without one of those that were asked for."""


class NoWitness(UsageProblem):
    """Both ends are good, and no bad revision showed up between them within the budget."""


class NoTransitionSeen(UsageProblem):
    """A flaky test makes it likelier that the range's ends do not differ."""


class UselessHint(UsageProblem):
    """A hint that means no commit of the range."""


class ScenarioProblem(UsageProblem):
    """A scenario that does not exist, or a mistake in its files."""


class PatchProblem(UsageProblem):
    """A patch that cannot be read, or that says nothing."""


class SourceProblem(UsageProblem):
    """A source tree without history that cannot be used: a folder, an archive, a package."""


class WouldOverwrite(UsageProblem):
    """A file or a branch of that name is there already, and is somebody's."""


class NoSuchHunt(UsageProblem):
    """A hunt that the workspace does not have, or a name that means several."""


class OutputProblem(UsageProblem):
    """A report cannot be written where it was asked for, or not in that form."""


class NotARepository(EnvironmentProblem):
    """The folder is no git repository, or not HAProxy's."""


class DamagedRepository(EnvironmentProblem):
    """A git repository whose configuration or refs cannot be read."""


class ShallowClone(EnvironmentProblem):
    """The clone was cut off and lacks a part of the range."""


class NoUpstream(EnvironmentProblem):
    """A repository cannot be fetched: upstream's, where none was named, or one beside the clone."""


class MissingProgram(EnvironmentProblem):
    """A program or a Python package that the work needs is not on this machine."""


class MissingLibrary(EnvironmentProblem):
    """A header or a library that the build needs is not on this machine."""


class WorkspaceProblem(EnvironmentProblem):
    """The workspace cannot be written, is full, or holds something damaged."""


class DamagedStore(WorkspaceProblem):
    """The file with the prebuilt sources cannot be read."""


class HuntBusy(EnvironmentProblem):
    """The same hunt is under way in another process."""


class ProbeFailed(EnvironmentProblem):
    """A probe ended in ``error``: the machine failed, not the revision, so the hunt stops."""


class ClusterLost(EnvironmentProblem):
    """The scheduler of a cluster cannot be reached, or not any more."""


class BuildFailed(UsageProblem):
    """The revision that was asked for does not compile."""


class PatchConflict(UsageProblem):
    """A patch does not apply to the revision that was asked for."""
