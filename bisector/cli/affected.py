"""bisector affected RANGE"""

from __future__ import annotations

from plumbum import cli

from bisector.cli.command import FlakyCommand, ReportCommand


class Affected(FlakyCommand, ReportCommand):
    """Say which releases of RANGE (A..B) have the bug"""

    DESCRIPTION_MORE = """
As few of them are probed as it takes to tell the others. Interrupted, the same command goes on.

Exit status: 0 each release has its verdict, 1 some could not be tested, 2 the question cannot be
answered as asked, 3 the machine lacks something."""

    tags = cli.SwitchAttr(
        "--tags", str, default="*", argname="GLOB", help="only these releases, e.g. 'v3.0-dev*'"
    )
    every = cli.Flag("--every", help="probe each release; infer none from its neighbours")

    def main(self, range: str) -> int:
        from bisector.cli.answer import show
        from bisector.cli.options import asked_of, way_of
        from bisector.jobs.survey import affected
        from bisector.report.live import Live

        files = self.files()
        with Live() as live:
            way = way_of(self, live)
            asked = asked_of(self, live)
            outcome = affected.run(asked, range, tags=str(self.tags), every=self.every, way=way)
        return show(outcome, files)
