"""bisector sweep RANGE"""

from __future__ import annotations

from plumbum import cli

from bisector.cli.command import FlakyCommand, ReportCommand
from bisector.errors import UsageProblem


class Sweep(FlakyCommand, ReportCommand):
    """Say of many revisions of RANGE (A..B) whether they have the bug; draw the map"""

    DESCRIPTION_MORE = """
As many as 100 commits, evenly spaced, are tested unless one says which. Interrupted, the same
command goes on.

Exit status: 0 each is good or bad, 1 some could not be tested, 2 the question cannot be answered
as asked, 3 the machine lacks something."""

    tags = cli.Flag("--tags", excludes=["--every", "--all"], help="test the releases")
    every = cli.SwitchAttr(
        "--every", str, argname="N", excludes=["--all"], help="test each N-th commit, and both ends"
    )
    all = cli.Flag("--all", help="test each commit")
    dry_run = cli.Flag("--dry-run", help="only say how much there is to do, and how long it takes")

    def main(self, range: str) -> int:
        from bisector.cli.answer import show
        from bisector.cli.options import asked_of, way_of
        from bisector.jobs.survey import sweep
        from bisector.record.events import Noted
        from bisector.report import swept
        from bisector.report.live import Live

        choice = sweep.Choice(self.tags, 1 if self.all else self._every())
        files = self.files()
        with Live() as live:
            way = way_of(self, live)
            planned = sweep.plan(asked_of(self, live), range, choice, self.fresh)
            cost = swept.estimate(planned.estimate)
            if not self.dry_run:
                live.told(Noted(cost))
                outcome = sweep.run(planned, way)
        if self.dry_run:
            print(cost)
            return 0
        return show(outcome, files)

    def _every(self) -> int:
        """What the user asked for, 0 if nothing."""
        if self.every is None:
            return 0
        if not self.every.isdecimal() or int(self.every) < 1:
            raise UsageProblem(f"--every {self.every}", "a number from 1 on")
        return int(self.every)
