"""`bisector doctor`"""

from __future__ import annotations

import os
import sys
from typing import ClassVar

from plumbum import cli

from bisector.cli.command import Command
from bisector.cli.help import Group


class Doctor(Command):
    """List what bisector needs of this machine, and what is missing"""

    EXIT_STATUS: ClassVar = {0: "'bisector run' can work on this machine", 3: "it cannot"}

    fix = cli.Flag(
        "--fix",
        group=Group.GENERAL,
        help="fetch what is missing into the workspace with apt, without root",
    )

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
        return 0 if doctor.is_ready(findings) else 3
