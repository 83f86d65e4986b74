"""bisector probe [REV]"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from bisector.cli.command import TestCommand
from bisector.errors import PatchConflict

if TYPE_CHECKING:
    from bisector.record.events import Probed

STATUS_CANNOT_TELL = 125  # what `git bisect run` skips a revision for


class Probe(TestCommand):
    """Build and test one revision: REV, or the commit that is checked out"""

    DESCRIPTION_MORE = """
Exit status: 0 good, 1 bad, 125 neither, as `git bisect run bisector probe` wants it. What concerns
no single revision ends a bisection: 129 the question cannot be answered as asked, 131 the machine
lacks something, 132 a bug in bisector, 130 interrupted."""

    def main(self, revision: str = "") -> int:
        from bisector.report import terminal

        try:
            result = self._probe(revision)
        except PatchConflict as conflict:  # another revision may well take the patch
            print(f"bisector: {conflict}", file=sys.stderr)
            return STATUS_CANNOT_TELL
        print(terminal.probe_report(result), end="")
        return {"good": 0, "bad": 1}.get(result.verdict, STATUS_CANNOT_TELL)

    def _probe(self, revision: str) -> Probed:
        from bisector.cli.options import asked_of, cluster_of
        from bisector.jobs.single import probe_once
        from bisector.probing.setup import NONE
        from bisector.report.live import Live

        with Live() as live:
            asked = asked_of(self, live, confirm=NONE)
            if not revision and asked.history.is_dirty():
                print("bisector: uncommitted changes are not probed", file=sys.stderr)
            return probe_once(asked, revision, self.fresh, live, cluster_of(self))
