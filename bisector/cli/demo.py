"""`bisector demo`"""

from __future__ import annotations

import sys
from typing import ClassVar

from bisector.cli.command import FAILURES, WorkspaceCommand

SERIES = "3.0"  # of HAProxy, in Debian's stable suite, which has both fixes


class Demo(WorkspaceCommand):
    """Search a bug in a small history made from Debian's HAProxy"""

    DESCRIPTION_MORE = """
Needs no clone of HAProxy. The first time it takes a minute or two, for 20 to 40 tests."""
    EXIT_STATUS: ClassVar = {
        0: "all is proven, and the planted commits were found",
        1: "not all is proven, or other commits were found",
        **FAILURES,
    }

    def main(self) -> int:
        from bisector.cli.answer import print_outcome
        from bisector.jobs import playground
        from bisector.jobs.hunt import job
        from bisector.jobs.runner import Execution, notifier
        from bisector.patch import load
        from bisector.probing import setup
        from bisector.probing.options import Options
        from bisector.record.summary import summarize
        from bisector.record.words import Change
        from bisector.report.live import Live
        from bisector.system import debian

        workspace = self.workspace()
        with Live() as live:
            live.progress(f"fetching the source of HAProxy {SERIES}")
            source = debian.fetch_source(workspace, SERIES)
            series = load.load(setup.bundled_patches("dns-flap"))
            live.progress("making the playground")
            ground = playground.make(workspace, source.path, series, playground.DEMO)
            # without hints, the search also meets commits that cannot be built or tested
            words = ["run", ground.range, "--blind", "--repo", str(ground.path)]
            print(f"$ bisector {' '.join(words)}", file=sys.stderr)
            options = Options(repo=str(ground.path))
            asked = setup.Asked(workspace, options, live.progress, notifier(live))
            execution = Execution(f"bisector {' '.join(words)}", live)
            outcome = job.run(asked, ground.range, blind=True, execution=execution)
        status = print_outcome(outcome)
        summary = summarize(outcome.events)
        found = {f.found.what: f.revision for f in summary.findings} if summary else {}
        right = found == {Change.INTRODUCTION: ground.regression, Change.FIX: ground.heal}
        print(f"\nplanted: {ground.regression[:10]}, healed: {ground.heal[:10]}: ", end="")
        print("both found" if right else "not what was found")
        return status if right else 1
