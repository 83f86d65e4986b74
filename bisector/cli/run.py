"""`bisector run RANGE`"""

from __future__ import annotations

from typing import ClassVar

from plumbum import cli

from bisector.cli.command import FAILURES, HuntReportCommand
from bisector.cli.help import RANGE, Group, option
from bisector.cli.test_command import FlakyCommand, attribute
from bisector.errors import UsageProblem


class Run(FlakyCommand, HuntReportCommand):
    """Find the commit that introduced a bug and the one that fixed it"""

    DESCRIPTION_MORE = f"""
{RANGE} Both ends may be good, with the bug in between. The report also has the affected releases,
and whether the patch fixes each of them. An interrupted job continues with the same command."""
    EXIT_STATUS: ClassVar = {
        0: "all is proven, and the patch fixes each affected release",
        1: "an answer is not proven, or the patch does not fix all",
        **FAILURES,
    }

    blind = cli.Flag(
        "--blind", group=Group.SEARCH, help="ignore the scenario's suspect, fix and patch"
    )
    hint = option(
        "--hint",
        "PATH|FUNCTION|SUBSYSTEM",
        "what you think the culprit changed; saves tests if right",
        Group.SEARCH,
        default="",
    )
    every = cli.Flag(
        "--all",
        group=Group.SEARCH,
        help="find every change of the verdict: the bug may have come and gone several times",
    )
    older = cli.Flag(
        "--older",
        group=Group.SEARCH,
        help="if both ends are bad, go back to the newest release before them that is good",
    )
    confirm = option(
        "--confirm",
        "NAME",
        "toolchain of the proof, or none (default: that of --toolchain, dev with auto and fast)",
        Group.SEARCH,
        default="",
    )
    hunks = cli.Flag(
        "--hunks",
        group=Group.SEARCH,
        help="reduce the introducing commit to the hunks that cause the bug",
    )

    threshold = option(
        "--threshold",
        "PERCENT",
        "with --metric: the smallest change to look for (default: 2%)",
        Group.SEARCH,
    )

    def main(self, range: str) -> int:
        from bisector.cli.answer import print_outcome
        from bisector.cli.options import asked_of, execution_of
        from bisector.jobs.hunt import job
        from bisector.jobs.metric import job as metric_job
        from bisector.report.live import Live

        more = {"confirm": str(self.confirm), "hint": str(self.hint), "hunks": self.hunks}
        measures = getattr(self, attribute("metric")) is not None
        self._check_metric(measures)
        files, threshold = self.files(), percentage(self.threshold)
        with Live() as live:
            execution = execution_of(self, live)
            asked = asked_of(self, live, **more)
            if measures:
                outcome = metric_job.run(
                    asked, range, threshold=threshold, every=self.every, execution=execution
                )
            else:
                outcome = job.run(
                    asked,
                    range,
                    blind=self.blind,
                    every=self.every,
                    older=self.older,
                    execution=execution,
                )
        return print_outcome(outcome, files)

    def _check_metric(self, measures: bool) -> None:
        """Raise UsageProblem for an option that does not go with a metric, or without one."""
        if not measures:
            if self.threshold is not None:
                raise UsageProblem("--threshold without --metric", "name what to measure")
            return
        for name in ("blind", "older", "hunks", "flaky", "patch"):
            if getattr(self, name):
                raise UsageProblem(f"--{name} with --metric", "leave one of them out")


def percentage(text: str | None) -> float | None:
    """The value of --threshold as a part of 1; None if it was not given. Raises UsageProblem."""
    if text is None:
        return None
    try:
        value = float(text.removesuffix("%").strip()) / 100
    except ValueError:
        value = 0.0
    if not 0.001 <= value <= 10:
        raise UsageProblem(f"--threshold {text}", "percent, from 0.1% to 1000%")
    return value
