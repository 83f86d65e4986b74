"""`bisector report [HUNT]`"""

from __future__ import annotations

from typing import ClassVar

from bisector.cli.command import FAILURES, HuntReportCommand, SurveyReportCommand


class Report(HuntReportCommand, SurveyReportCommand):
    """Print the report of a job again, or write it to files"""

    DESCRIPTION_MORE = """
HUNT is a name that 'bisector hunts' lists, or its beginning; by default, the newest."""
    EXIT_STATUS: ClassVar = {
        0: "all is proven or verified",
        1: "not all is",
        2: "there is no such job, or no such form of its report",
        3: FAILURES[3],
    }

    def main(self, hunt: str = "") -> int:
        from bisector.cli.answer import print_report
        from bisector.jobs import catalog
        from bisector.system.workspace import Workspace

        files = self.files()
        journal, summary = catalog.find_hunt(Workspace.open(), hunt)
        return print_report(summary, journal, files)
