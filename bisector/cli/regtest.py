"""`bisector regtest SCENARIO`"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import ClassVar

from plumbum import cli

from bisector.cli.command import FAILURES, Command
from bisector.cli.help import Group, option


class Regtest(Command):
    """Write the reg-tests of a scenario in the form that upstream takes"""

    DESCRIPTION_MORE = """
SCENARIO is the name of a bundled scenario or a folder. The files are FOLDER/<subsystem>/*.vtc and
*.lua."""
    EXIT_STATUS: ClassVar = {
        0: "written; with --check, the files are what the templates render",
        1: "with --check, some files are missing or differ",
        **FAILURES,
    }

    out = option(
        "--out",
        "FOLDER",
        "where to write the files (default: reg-tests)",
        Group.GENERAL,
        default="reg-tests",
    )
    check = cli.Flag(
        "--check", group=Group.GENERAL, help="write nothing; list what is missing or differs"
    )

    def main(self, scenario: str) -> int:
        from bisector.testing import render_reg_tests, scenario_loader

        files = render_reg_tests.rendered(scenario_loader.load(scenario))
        folder = Path(self.out)
        if self.check:
            stale = list(render_reg_tests.stale(files, folder))
            for name in stale:
                print(f"bisector: {folder / name} is stale", file=sys.stderr)
            return 1 if stale else 0
        render_reg_tests.write(files, folder)
        for name in files:
            print(folder / name)
        return 0
