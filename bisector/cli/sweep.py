"""`bisector sweep RANGE`"""

from __future__ import annotations

from typing import ClassVar

from plumbum import cli

from bisector.cli.command import FAILURES, ReportCommand
from bisector.cli.help import RANGE, Group, option
from bisector.cli.test_command import FlakyCommand
from bisector.errors import UsageProblem


class Sweep(FlakyCommand, ReportCommand):
    """Test many revisions of a range, and infer none"""

    DESCRIPTION_MORE = f"""
{RANGE} Without --tags, --every or --all, up to 100 commits at even distances are tested. An
interrupted job continues with the same command."""
    EXIT_STATUS: ClassVar = {
        0: "each revision is good or bad",
        1: "some revisions could not be tested",
        **FAILURES,
    }
    REFUSED = frozenset({"patch"})

    tags = cli.Flag("--tags", group=Group.REVISIONS, help="test each release")
    every = option("--every", "N", "test each N-th commit, and both ends", Group.REVISIONS)
    all = cli.Flag("--all", group=Group.REVISIONS, help="test each commit")
    dry_run = cli.Flag(
        "--dry-run",
        group=Group.GENERAL,
        help="print how much there is to do and how long it takes, and stop",
    )

    def main(self, range: str) -> int:
        from bisector.cli.answer import print_outcome
        from bisector.cli.options import asked_of, execution_of
        from bisector.jobs.survey import sweep
        from bisector.record.events import Noted
        from bisector.report import swept
        from bisector.report.live import Live

        choice = sweep.Choice(self.tags, self._stride())
        files = self.files()
        with Live() as live:
            execution = execution_of(self, live)
            planned = sweep.plan(asked_of(self, live), range, choice, self.fresh)
            cost = swept.estimate(planned.estimate)
            if not self.dry_run:
                live.handle(Noted(cost))
                outcome = sweep.run(planned, execution)
        if self.dry_run:
            print(cost)
            return 0
        return print_outcome(outcome, files)

    def _stride(self) -> int:
        """The distance between two commits to test, 0 if it was not given. Raises UsageProblem."""
        given = {"--tags": self.tags, "--every": self.every is not None, "--all": self.all}
        chosen = [name for name, is_given in given.items() if is_given]
        if len(chosen) > 1:
            raise UsageProblem(f"{' and '.join(chosen)} exclude each other", "give one of them")
        if self.every is None:
            return int(self.all)
        if not self.every.isdecimal() or int(self.every) < 1:
            raise UsageProblem(f"--every {self.every}", "a number from 1 on")
        return int(self.every)
