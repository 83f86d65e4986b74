"""bisector demo"""

from __future__ import annotations

import sys

from bisector.cli.command import RoomCommand

SERIES = "3.0"  # of HAProxy; Debian's stable suite has it, with both fixes


class Demo(RoomCommand):
    """Make a small history from Debian's HAProxy, with a bug in it, and hunt it"""

    DESCRIPTION_MORE = """
Needs no clone of HAProxy. Takes a minute or two the first time, for two or three dozen probes."""

    def main(self) -> int:
        from bisector.cli.answer import show
        from bisector.jobs import playground
        from bisector.jobs.hunt import job
        from bisector.jobs.runner import Way, noticing
        from bisector.patch import load
        from bisector.probing import setup
        from bisector.record.summary import summarize
        from bisector.report.live import Live
        from bisector.system import debian

        workspace = self.workspace()
        with Live() as live:
            live.doing(f"fetching the source of HAProxy {SERIES}")
            source = debian.fetch_source(workspace, SERIES)
            series = load.load(setup.bundled_patches("dns-flap"))
            live.doing("making the playground")
            ground = playground.make(workspace, source.path, series, playground.DEMO)
            # without hints the search meets what cannot be built and what cannot be tested, too
            words = ["run", ground.range, "--blind", "--repo", str(ground.path)]
            print(f"$ bisector {' '.join(words)}", file=sys.stderr)
            options = setup.Options(repo=str(ground.path))
            asked = setup.Asked(workspace, options, live.doing, noticing(live))
            way = Way(f"bisector {' '.join(words)}", live)
            outcome = job.run(asked, ground.range, blind=True, way=way)
        status = show(outcome)
        summary = summarize(outcome.events)
        found = {f.found.what: f.revision for f in summary.findings} if summary else {}
        right = found == {"introduction": ground.regression, "fix": ground.heal}
        print(f"\nplanted: {ground.regression[:10]}, healed: {ground.heal[:10]}: ", end="")
        print("both found" if right else "NOT what was found")
        return status if right else 1
