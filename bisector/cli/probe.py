"""bisector probe [REV]"""

from __future__ import annotations

import sys

from bisector.cli.command import TestCommand


class Probe(TestCommand):
    """Build and test one revision: REV, or the commit that is checked out"""

    DESCRIPTION_MORE = """
Exit status: 0 good, 1 bad, 125 neither, as `git bisect run bisector probe` wants it."""

    def main(self, revision: str = "") -> int:
        from bisector import session
        from bisector.cli.options import cluster_of, options_of
        from bisector.report import terminal
        from bisector.report.live import Live
        from bisector.single import probe_once

        options = options_of(self)
        workspace = self.workspace()
        with Live() as live:
            history = session.find_history(options, workspace, live.doing)
            if not revision and history.is_dirty():
                print("bisector: uncommitted changes are not probed", file=sys.stderr)
            told = probe_once(
                workspace, history, options, revision, self.fresh, live, cluster_of(self)
            )
        print(terminal.probe_report(told), end="")
        return {"good": 0, "bad": 1}.get(told.verdict, 125)
