"""bisector build REV"""

from __future__ import annotations

from bisector.cli.command import RepoCommand


class Build(RepoCommand):
    """Build one revision, with the patches that are named; print the binary's path"""

    def main(self, revision: str) -> int:
        from bisector.cli.options import asked_of
        from bisector.jobs.single import build_once
        from bisector.report.live import Live

        with Live() as live:
            binary = build_once(asked_of(self, live), revision, live.doing)
        print(binary)
        return 0
