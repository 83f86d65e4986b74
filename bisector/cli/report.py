"""bisector report [HUNT]"""

from __future__ import annotations

from bisector.cli.command import HuntReportCommand


class Report(HuntReportCommand):
    """Show a hunt's report again, and write it to files"""

    DESCRIPTION_MORE = """
HUNT is a name as 'bisector hunts' lists it, or how one begins; the newest unless named.
Exit status: 0 if all is proven or verified, 1 if not, 2 if there is no such hunt."""

    def main(self, hunt: str = "") -> int:
        from bisector.cli.answer import tell
        from bisector.jobs import catalog
        from bisector.system.workspace import Workspace

        files = self.files()
        journal, summary = catalog.find_hunt(Workspace.open(), hunt)
        return tell(summary, journal, files)
