"""bisector worker ADDRESS"""

from __future__ import annotations

import os

from bisector.cli.command import ClusterCommand, RoomCommand
from bisector.errors import EnvironmentProblem


class Worker(RoomCommand, ClusterCommand):
    """Build and test for those who name the same scheduler (ADDRESS) with --cluster"""

    DESCRIPTION_MORE = """
One probe at a time, with all processors. Works until interrupted.

Exit status: 3 if this machine lacks something, or the scheduler cannot be reached."""

    def main(self, address: str) -> int:
        from bisector.jobs import doctor
        from bisector.probing.dask.scheduler import Scheduler
        from bisector.probing.dask.worker import serve
        from bisector.report import machine

        scheduler = Scheduler(
            address, self.tls_ca, self.tls_cert, self.tls_key, insecure=self.insecure
        )
        workspace = self.workspace()
        scheduler.reach()  # before the work of looking around
        findings = [
            one for one in doctor.examine(workspace, os.environ) if one.name != "repository"
        ]
        print(machine.findings(findings), end="")
        if not doctor.able(findings):
            raise EnvironmentProblem("this machine cannot probe", "run 'bisector doctor --fix'")
        serve(
            scheduler, workspace, lambda own: print(f"working for {address} as {own}", flush=True)
        )
        return 0
