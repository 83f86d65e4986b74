"""`bisector affected RANGE`"""

from __future__ import annotations

from typing import ClassVar

from plumbum import cli

from bisector.cli.command import FAILURES, SurveyReportCommand
from bisector.cli.help import RANGE, Group, option
from bisector.cli.test_command import FlakyCommand


class Affected(FlakyCommand, SurveyReportCommand):
    """List the releases in a range that have the bug"""

    DESCRIPTION_MORE = f"""
{RANGE} Only as many releases are tested as are needed to infer the verdicts of the others. An
interrupted job continues with the same command."""
    REFUSED = frozenset({"metric", "load"})
    EXIT_STATUS: ClassVar = {
        0: "each release has a verdict",
        1: "some releases could not be tested",
        **FAILURES,
    }

    tags = option(
        "--tags",
        "GLOB",
        "only these releases, e.g. 'v3.0-dev*' (default: all)",
        Group.REVISIONS,
        default="*",
    )
    every = cli.Flag("--every", group=Group.REVISIONS, help="test each release; infer none")
    maintained = cli.Flag(
        "--maintained",
        group=Group.REVISIONS,
        help="also the releases of the stable branches that are maintained, after the old end",
    )

    def main(self, range: str) -> int:
        from bisector.cli.answer import print_outcome
        from bisector.cli.options import asked_of, execution_of
        from bisector.jobs.survey import affected
        from bisector.report.live import Live

        files = self.files()
        with Live() as live:
            execution = execution_of(self, live)
            asked = asked_of(self, live)
            outcome = affected.run(
                asked,
                range,
                tags=str(self.tags),
                every=self.every,
                on_maintained=self.maintained,
                execution=execution,
            )
        return print_outcome(outcome, files)
