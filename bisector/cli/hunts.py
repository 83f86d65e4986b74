"""bisector hunts"""

from __future__ import annotations

from bisector.cli.command import Command


class Hunts(Command):
    """Lists the hunts in the workspace: when each began, how it stands, what was asked."""

    def main(self) -> int:
        from bisector import session
        from bisector.report import terminal
        from bisector.workspace import Workspace

        for state in session.hunts(Workspace.open()):
            print(terminal.hunt_line(*state))
        return 0
