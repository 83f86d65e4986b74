"""`bisector run RANGE`"""

from __future__ import annotations

from typing import ClassVar

from plumbum import cli

from bisector.cli.command import FAILURES, HuntReportCommand
from bisector.cli.help import RANGE, Group, option
from bisector.cli.test_command import FlakyCommand


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

    def main(self, range: str) -> int:
        from bisector.cli.answer import print_outcome
        from bisector.cli.options import asked_of, execution_of
        from bisector.jobs.hunt import job
        from bisector.report.live import Live

        more = {"confirm": str(self.confirm), "hint": str(self.hint), "hunks": self.hunks}
        files = self.files()
        with Live() as live:
            execution = execution_of(self, live)
            outcome = job.run(
                asked_of(self, live, **more),
                range,
                blind=self.blind,
                every=self.every,
                older=self.older,
                execution=execution,
            )
        return print_outcome(outcome, files)
