"""`bisector prebuild RANGE`"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from plumbum import cli

from bisector.cli.command import FAILURES, ClientCommand
from bisector.cli.help import RANGE, Group, option
from bisector.errors import UsageProblem


class Prebuild(ClientCommand):
    """Build every source of a range ahead, in little room"""

    DESCRIPTION_MORE = f"""
{RANGE} Commits that build alike are built once. The objects are kept in one file of the workspace,
in little room; a command that needs such a binary links it. Workers of a cluster must have this
machine's compiler and libraries. An interrupted job continues with the
same command, and after a fetch that adds what is new."""
    EXIT_STATUS: ClassVar = {
        0: "each source of the range is prebuilt, or does not build",
        **FAILURES,
    }
    REFUSED = frozenset({"patch"})

    vtc = option("--vtc", "FILE", "build in what this VTest case asks for", Group.TEST)
    jobs = option(
        "--jobs",
        "N",
        "number of parallel builds here (default: one for each processor)",
        Group.BUILD,
    )
    other = option(
        "--from",
        "FILE",
        "first take what is there in the prebuilt/objects.sqlite of another workspace",
        Group.BUILD,
    )
    dry_run = cli.Flag(
        "--dry-run",
        group=Group.GENERAL,
        help="print how much there is to do and how long it takes, and stop",
    )

    def main(self, range: str) -> int:
        from bisector.cli.options import asked_of, cluster_of
        from bisector.cli.test_command import job_count
        from bisector.jobs import prebuild
        from bisector.record.events import Noted
        from bisector.report import prebuilt
        from bisector.report.live import Live

        if self.patch:
            raise UsageProblem("prebuild builds the revisions as they are", "leave --patch out")
        test = {"own_test": ("vtc", self.vtc)} if self.vtc is not None else {}
        with Live() as live:
            asked = asked_of(self, live, **test)
            other = Path(self.other) if self.other is not None else None
            jobs, cluster = job_count(self.jobs), cluster_of(self)
            planned = prebuild.plan(asked, range, jobs, other, cluster)
            work = prebuilt.estimate(planned.work)
            if not self.dry_run:
                live.handle(Noted(work))
                result = prebuild.run(planned, live)
        if self.dry_run:
            print(work)
        else:
            print(prebuilt.summary(planned.work, result), end="")
        return 0
