"""The oracle that judges whether a revision builds."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self

from bisector.build import build_log
from bisector.record.failure import Failure, FailureClass
from bisector.record.verdict import Ruling, Verdict
from bisector.system.files import digest, explained
from bisector.system.process import OUTPUT_BYTES, Finished, read_log
from bisector.testing import output
from bisector.testing.oracle import Oracle, Trial, check_patterns

# The line and the column in a compiler's message, which other commits change.
_LINE = re.compile(r":\d+:(?:\d+:)?(?= )")


@dataclass(frozen=True)
class BuildTest(Oracle):
    """A revision is good if it builds, and bad if the compiler, the linker or make refuses it.

    ``bad`` and ``skip`` are patterns for the log of a build that failed.
    """

    option: ClassVar[str] = "build"
    argument: ClassVar[str] = ""
    summary: ClassVar[str] = (
        "instead of a scenario: good if it builds with gcc and the --make variables, bad if not"
    )
    judges_builds: ClassVar[bool] = True

    bad: str | None = None
    skip: str | None = None

    @classmethod
    def of_option(cls, text: str, *, bad_if: str | None, skip_if: str | None) -> Self:
        """The oracle; *text* means nothing.

        Raises ScenarioProblem if a pattern is no regular expression.
        """
        check_patterns(bad_if, skip_if)
        key = digest(cls.option, repr((bad_if, skip_if)))
        return cls(cls.option, key, bad=bad_if, skip=skip_if)

    @property
    def knows_its_bug(self) -> bool:
        """Whether there is a pattern for the bug's signature."""
        return self.bad is not None

    def run(self, trial: Trial) -> Ruling:
        """Good, since there is a binary; nothing is run."""
        trial.log.write_text("it builds\n")
        return Ruling(Verdict.GOOD, "it builds")

    def of_failed_build(self, problem: str, log: Path) -> Ruling:
        """Bad if the source is to blame; a build that was stopped or took too long is not."""
        if not build_log.blames_source(problem):
            return super().of_failed_build(problem, log)
        with explained(f"cannot read {log}"):
            text, dropped = read_log(log, OUTPUT_BYTES)
        failure = Failure(FailureClass.EXPECTATION, output.constant(_LINE.sub(":", problem)))
        failed = Ruling(Verdict.BAD, problem, (problem,), failure=failure)
        done = Finished((), 1, text, 0.0, dropped=dropped)
        ruling = output.rule(done, self.bad, self.skip, lambda _: failed)
        return ruling if ruling.verdict.tested else replace(ruling, verdict=Verdict.UNBUILDABLE)
