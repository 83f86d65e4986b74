"""`bisector probe [REVISION]`"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, ClassVar

from bisector.cli.command import FAILURES
from bisector.cli.test_command import TestCommand
from bisector.errors import PatchConflict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bisector.record.events import Probed

STATUS_SKIP = 125  # `git bisect run` skips the revision


class Probe(TestCommand):
    """Build and test one revision"""

    DESCRIPTION_MORE = """
REVISION is a commit, tag or branch, or a source tree: a folder, an archive, a .dsc file, or
debian:haproxy/trixie. By default it is the commit that is checked out, without uncommitted changes.

The exit status is what 'git bisect run bisector probe' expects: 125 skips the revision, 128 and
above end the bisection."""
    EXIT_STATUS: ClassVar = {
        0: "good",
        1: "bad",
        125: "neither: it cannot be built or tested, or does not take the patch",
        129: FAILURES[2],
        130: "interrupted",
        131: FAILURES[3],
        132: "a bug in bisector",
    }

    def main(self, revision: str = "") -> int:
        from bisector.report import terminal

        try:
            result, options, missing = self._probe(revision)
        except PatchConflict as conflict:  # the patch may apply to another revision
            print(f"bisector: {conflict}", file=sys.stderr)
            return STATUS_SKIP
        print(terminal.probe_report(result, options, missing), end="")
        return {"good": 0, "bad": 1}.get(result.verdict, STATUS_SKIP)

    def _probe(self, revision: str) -> tuple[Probed, Sequence[str], Sequence[str]]:
        """The verdict, the make options, and what a scenario of the user's lacks."""
        from bisector.cli.options import asked_of, cluster_of
        from bisector.jobs.single import probe_once
        from bisector.jobs.unfinished import still_missing
        from bisector.probing.options import NONE
        from bisector.report.live import Live

        with Live() as live:
            asked = asked_of(self, live, confirm=NONE)
            if not revision and asked.history.is_dirty():
                print("bisector: uncommitted changes are not probed", file=sys.stderr)
            probed = probe_once(asked, revision, self.fresh, live, cluster_of(self))
            scenario = asked.test.scenario
            missing = still_missing(scenario, probed, asked.history) if scenario else ()
            tree = asked.history.tree_id(probed.revision)
            return probed, asked.context.options_at(tree), missing
