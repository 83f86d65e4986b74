"""`bisector cache`"""

from __future__ import annotations

from plumbum import cli

from bisector.cli.command import WorkspaceCommand
from bisector.cli.help import Group


class Cache(WorkspaceCommand):
    """Show what the workspace holds, or remove what is in its cache"""

    DESCRIPTION_MORE = "With --cache-size, the cache is trimmed to that size."

    clear = cli.Flag(
        "--clear",
        group=Group.GENERAL,
        help="empty the cache; keep the journals and what was fetched",
    )

    def main(self) -> int:
        from bisector.report import machine
        from bisector.system import cache

        workspace = self.workspace()
        if self.clear:
            print(machine.freed(cache.clear(workspace)), end="")
        elif self.cache_size is not None:
            print(machine.freed(cache.trim(workspace)), end="")
        print(machine.shares(workspace, cache.shares(workspace)), end="")
        return 0
