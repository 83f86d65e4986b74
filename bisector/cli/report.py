"""bisector report [HUNT]"""

from __future__ import annotations

from bisector.cli.command import HuntReportCommand


class Report(HuntReportCommand):
    """Show the report of a finished or interrupted hunt again; write it to files

    HUNT is a name as 'bisector hunts' lists it, or how one begins; the newest unless named."""

    DESCRIPTION_MORE = """
Exit status: that of the command which it is about, 2 if there is no such hunt."""

    def main(self, hunt: str = "") -> int:
        from bisector import session
        from bisector.cli.answer import tell
        from bisector.workspace import Workspace

        files = self.files()
        journal, summary = session.find_hunt(Workspace.open(), hunt)
        return tell(summary, journal, files)
