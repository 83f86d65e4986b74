"""bisector run RANGE"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from plumbum import cli

from bisector.cli.command import TestCommand


class Run(TestCommand):
    """Hunts a bug over RANGE (A..B): which commit introduced it, which one fixed it, which releases
    have it, and whether the patch cures them.

    Exit status: 0 proven, and the patch holds; 1 not; 2 the question; 3 the machine.
    """

    blind = cli.Flag("--blind", help="ignore what the scenario knows of suspect, fix and patch")
    json = cli.SwitchAttr("--json", str, argname="FILE", help="write the report as JSON, too")

    def main(self, range: str) -> int:
        from bisector.cli.answer import show
        from bisector.cli.options import options_of
        from bisector.conduct import conduct
        from bisector.report.live import Live
        from bisector.workspace import Workspace

        with Live() as live:
            outcome = conduct(
                Workspace.open(),
                options_of(self),
                range,
                blind=self.blind,
                fresh=self.fresh,
                command=shlex.join(["bisector", *sys.argv[1:]]),
                watcher=live,
            )
        return show(outcome, Path(self.json) if self.json else None)
