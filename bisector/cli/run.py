"""bisector run RANGE"""

from __future__ import annotations

from plumbum import cli

from bisector.cli.command import FlakyCommand, HuntReportCommand


class Run(FlakyCommand, HuntReportCommand):
    """Hunt a bug over RANGE (A..B): introduction, fix, affected releases, patch"""

    DESCRIPTION_MORE = """
Both ends may be good, with the bug in between. Interrupted, the same command goes on.

Exit status: 0 all is proven and the patch holds, 1 not so, 2 the question cannot be answered
as asked, 3 the machine lacks something."""

    blind = cli.Flag("--blind", help="ignore what the scenario knows of suspect, fix and patch")
    hint = cli.SwitchAttr(
        "--hint",
        str,
        default="",
        argname="PATH|FUNCTION|SUBSYSTEM",
        help="what the culprit has to do with, in your opinion; saves probes if right",
    )
    confirm = cli.SwitchAttr(
        "--confirm",
        str,
        default="",
        argname="NAME",
        help="toolchain of the proof: dev, release, or none (default: dev, or release if that "
        "searched)",
    )
    hunks = cli.Flag(
        "--hunks", help="reduce the introducing commit to the hunks that bring the bug, too"
    )

    def main(self, range: str) -> int:
        from bisector.cli.answer import show
        from bisector.cli.options import asked_of, way_of
        from bisector.jobs.hunt import job
        from bisector.report.live import Live

        more = {"confirm": str(self.confirm), "hint": str(self.hint), "hunks": self.hunks}
        files = self.files()
        with Live() as live:
            way = way_of(self, live)
            outcome = job.run(asked_of(self, live, **more), range, blind=self.blind, way=way)
        return show(outcome, files)
