"""`bisector hunts`"""

from __future__ import annotations

from bisector.cli.command import Command


class Hunts(Command):
    """List the jobs in the workspace and their state, newest first"""

    def main(self) -> int:
        from bisector.jobs import catalog
        from bisector.report import terminal
        from bisector.system.workspace import Workspace

        workspace = Workspace.open()
        hunts, unreadable = list(catalog.hunts(workspace)), catalog.unreadable(workspace)
        for hunt in hunts:
            print(terminal.hunt_line(*hunt))
        for name in unreadable:
            print(f"{name}  cannot be read: damaged, or of another version of bisector")
        if not hunts and not unreadable:
            print("no hunts yet: 'bisector run A..B' starts one")
        return 0
