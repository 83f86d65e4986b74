"""bisector run RANGE"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from plumbum import cli

from bisector.cli.command import TestCommand


class Run(TestCommand):
    """Hunt a bug over RANGE (A..B): introduction, fix, affected releases, patch"""

    DESCRIPTION_MORE = """
Both ends may be good, with the bug in between. Interrupted, the same command goes on.

Exit status: 0 all is proven and the patch holds, 1 not so, 2 the question cannot be answered
as asked, 3 the machine lacks something."""

    blind = cli.Flag("--blind", help="ignore what the scenario knows of suspect, fix and patch")
    json = cli.SwitchAttr("--json", str, argname="FILE", help="write the report as JSON, too")

    def main(self, range: str) -> int:
        from bisector.cli.answer import show
        from bisector.cli.options import options_of
        from bisector.conduct import conduct
        from bisector.report.live import Live

        with Live() as live:
            outcome = conduct(
                self.workspace(),
                options_of(self),
                range,
                blind=self.blind,
                fresh=self.fresh,
                command=shlex.join(["bisector", *sys.argv[1:]]),
                watcher=live,
            )
        return show(outcome, Path(self.json) if self.json else None)
