"""`bisector regtest SCENARIO`"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from plumbum import cli

from bisector.cli.command import FAILURES, RepoCommand
from bisector.cli.help import Group, option


class Regtest(RepoCommand):
    """Write the reg-tests of a scenario in the form that upstream takes"""

    DESCRIPTION_MORE = """
SCENARIO is the name of a bundled scenario or a folder. The files are FOLDER/<subsystem>/*.vtc and
what these need. The title, the story and the guards that a test lacks are added; fixed ports,
sleeps and what is not filled in are named."""
    EXIT_STATUS: ClassVar = {
        0: "written; with --check, the files are what the templates render",
        1: "with --check, some files are missing or differ; something is against upstream's form; "
        "with --run, a test did not pass",
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
    run_at = option(
        "--run",
        "REV",
        "build this revision and run them under its own scripts/run-regtests.sh",
        Group.TEST,
    )

    def main(self, scenario: str) -> int:
        from bisector.testing import render_reg_tests, scenario_loader, upstream_form

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
        against = list(upstream_form.obstacles(files))
        for text in against:
            print(f"bisector: {folder}/{text}", file=sys.stderr)
        passed = self.run_at is None or self._run(files)
        return 0 if passed and not against else 1

    def _run(self, files: Mapping[str, str]) -> bool:
        """Whether the reg-tests pass under the script of the revision of --run."""
        from bisector.cli.options import options_of
        from bisector.jobs.upstream_check import run_reg_tests
        from bisector.record.verdict import Verdict
        from bisector.report import terminal
        from bisector.report.live import Live

        with Live() as live:
            result = run_reg_tests(self.workspace(), options_of(self), self.run_at, files, live)
        print(terminal.probe_report(result), end="")
        return result.verdict is Verdict.GOOD
