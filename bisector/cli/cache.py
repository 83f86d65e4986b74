"""bisector cache"""

from __future__ import annotations

from plumbum import cli

from bisector.cli.command import RoomCommand


class Cache(RoomCommand):
    """Show what the workspace holds; with --cache-size, trim it to that"""

    clear = cli.Flag(
        "--clear", help="remove all that can be made again; keep hunts and what was fetched"
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
