"""`bisector doctor`"""

from __future__ import annotations

import os
import sys
from typing import ClassVar

from plumbum import cli

from bisector.cli.command import Command
from bisector.cli.help import Group, option
from bisector.errors import BisectorError, UsageProblem


class Doctor(Command):
    """List what bisector needs of this machine, and what is missing"""

    EXIT_STATUS: ClassVar = {
        0: "'bisector run' can work on this machine",
        2: "--vtest-source is no source of VTest, or does not build",
        3: "it cannot, or something to build VTest is missing",
    }

    fix = cli.Flag(
        "--fix",
        group=Group.GENERAL,
        help="fetch what is missing into the workspace with apt, without root; without apt, say "
        "what to install",
    )
    vtest_source = option(
        "--vtest-source",
        "FOLDER|ARCHIVE|GIT-URL",
        "with --fix: build this source of VTest 2 in the sandbox, and use it from now on; of a git "
        "repository the commit that is checked out",
        Group.GENERAL,
    )
    network = cli.Flag(
        "--network",
        group=Group.GENERAL,
        help="with --fix: unless VTest 2 is there, run scripts/build-vtest.sh of the HAProxy clone "
        "around the current folder (or $BISECTOR_REPO), which downloads and builds it",
    )

    def main(self) -> int:
        from bisector.jobs import doctor, vtest_setup
        from bisector.report import machine
        from bisector.system.workspace import Workspace

        builds = bool(self.vtest_source or self.network)
        if builds and not self.fix:
            raise UsageProblem("--vtest-source and --network change the machine", "add --fix")
        workspace, failed = Workspace.open(), 0
        findings = doctor.examine(workspace, os.environ)
        if self.fix:
            leave = (vtest_setup.NAME,) if builds else ()
            for problem in doctor.fix(workspace, findings, leave):
                _say(str(problem))
        if builds:
            try:
                vtest_setup.build(workspace, self.vtest_source, os.environ, _say)
            except BisectorError as problem:
                _say(str(problem))
                failed = problem.exit_code
        if self.fix:
            findings = doctor.examine(workspace, os.environ)
        print(machine.findings(findings), end="")
        return failed or (0 if doctor.is_ready(findings) else 3)


def _say(line: str) -> None:
    print(f"bisector: {line}", file=sys.stderr)
