"""bisector build REV"""

from __future__ import annotations

from bisector.cli.command import RepoCommand


class Build(RepoCommand):
    """Build one revision, with the patches that are named; print the binary's path"""

    def main(self, revision: str) -> int:
        from bisector.cli.options import options_of
        from bisector.jobs.runner import noticing
        from bisector.jobs.single import build_once
        from bisector.probing import setup
        from bisector.report.live import Live

        options = options_of(self)
        workspace = self.workspace()
        with Live() as live:
            history = setup.find_history(options, workspace, live.doing, noticing(live))
            binary = build_once(workspace, history, options, revision, live.doing)
        print(binary)
        return 0
