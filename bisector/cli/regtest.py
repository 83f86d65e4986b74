"""bisector regtest SCENARIO"""

from __future__ import annotations

import sys
from pathlib import Path

from plumbum import cli

from bisector.cli.command import Command


class Regtest(Command):
    """Render a scenario's reg-tests as upstream takes them"""

    DESCRIPTION_MORE = """
They are written to FOLDER/<subsystem>/*.vtc and *.lua.
Exit status of --check: 0 if the files there say what the templates do, else 1."""

    out = cli.SwitchAttr("--out", str, default="reg-tests", argname="FOLDER", help="where to")
    check = cli.Flag("--check", help="write nothing; list what is missing or differs")

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
