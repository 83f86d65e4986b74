"""`bisector worker ADDRESS`"""

from __future__ import annotations

import os
from typing import ClassVar

from bisector.cli.command import FAILURES, ClusterCommand, WorkspaceCommand
from bisector.errors import EnvironmentProblem


class Worker(WorkspaceCommand, ClusterCommand):
    """Build and test for clients of a Dask scheduler"""

    DESCRIPTION_MORE = """
ADDRESS is the scheduler's: tls://HOST:PORT, or HOST:PORT. Clients are bisector commands with the
same address in --cluster. The worker does one thing at a time, with all processors, until it is
interrupted."""
    EXIT_STATUS: ClassVar = {
        2: FAILURES[2],
        3: "this machine lacks something, or the scheduler cannot be reached",
        130: "interrupted",
    }

    def main(self, address: str) -> int:
        from bisector.jobs import doctor
        from bisector.probing.dask.scheduler import Scheduler
        from bisector.probing.dask.worker import serve
        from bisector.probing.supply import fetch_tools
        from bisector.report import machine

        scheduler = Scheduler(
            address, self.tls_ca, self.tls_cert, self.tls_key, insecure=self.insecure
        )
        workspace = self.workspace()
        scheduler.reach()  # fail early: the examination takes seconds
        fetch_tools(workspace, lambda line: print(line, flush=True), vtest=True)
        findings = [
            finding
            for finding in doctor.examine(workspace, os.environ)
            if finding.name != "repository"
        ]
        print(machine.findings(findings), end="")
        if not doctor.is_ready(findings):
            raise EnvironmentProblem("this machine cannot probe", "run 'bisector doctor --fix'")
        serve(
            scheduler, workspace, lambda own: print(f"working for {address} as {own}", flush=True)
        )
        return 0
