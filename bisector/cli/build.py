"""bisector build REV"""

from __future__ import annotations

from bisector.cli.command import RepoCommand


class Build(RepoCommand):
    """Build one revision, with the patches that are named; print the binary's path"""

    def main(self, revision: str) -> int:
        from bisector import session
        from bisector.cli.options import options_of
        from bisector.conduct import noticing
        from bisector.report.live import Live
        from bisector.single import build_once

        options = options_of(self)
        workspace = self.workspace()
        with Live() as live:
            history = session.find_history(options, workspace, live.doing, noticing(live))
            binary = build_once(workspace, history, options, revision, live.doing)
        print(binary)
        return 0
