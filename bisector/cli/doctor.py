"""bisector doctor [--fix]"""

from __future__ import annotations

import os
import sys

from plumbum import cli

from bisector.cli.command import Command


class Doctor(Command):
    """Say what the main job needs, what of it is here, how to get the rest"""

    DESCRIPTION_MORE = """
Exit status: 0 if the main job can run, else 3."""

    fix = cli.Flag("--fix", help="fetch into the workspace what apt can give without root")

    def main(self) -> int:
        from bisector.jobs import doctor
        from bisector.report import machine
        from bisector.system.workspace import Workspace

        workspace = Workspace.open()
        findings = doctor.examine(workspace, os.environ)
        if self.fix:
            for problem in doctor.fix(workspace, findings):
                print(f"bisector: {problem}", file=sys.stderr)
            findings = doctor.examine(workspace, os.environ)
        print(machine.findings(findings), end="")
        return 0 if doctor.able(findings) else 3
