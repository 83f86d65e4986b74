"""bisector hunts"""

from __future__ import annotations

from bisector.cli.command import Command


class Hunts(Command):
    """List the hunts in the workspace and how they stand"""

    def main(self) -> int:
        from bisector.jobs import catalog
        from bisector.report import terminal
        from bisector.system.workspace import Workspace

        hunts = list(catalog.hunts(Workspace.open()))
        for hunt in hunts:
            print(terminal.hunt_line(*hunt))
        if not hunts:
            print("no hunts yet: 'bisector run A..B' begins one")
        return 0
