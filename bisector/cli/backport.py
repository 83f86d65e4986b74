"""`bisector backport FIX --onto BRANCH`"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from plumbum import cli

from bisector.cli.command import FAILURES, ReportCommand, comma_separated
from bisector.cli.help import Group, option
from bisector.cli.test_command import JobCommand
from bisector.errors import UsageProblem


class Backport(JobCommand, ReportCommand):
    """Port a fix to other branches and test it there"""

    DESCRIPTION_MORE = """
FIX is a commit, a patch file or a folder of patches. For each branch the report says whether it
needs the fix, and whether the fix applies and works there.

Whether a branch needs the fix is decided by tests that are bad without it and good with it where it
was made. The candidates are the reg-test that the fix itself brings, and the test of --vtc or
--scenario, else all bundled scenarios. If none of them qualifies, the outcome is "unknown". A
conflict is shown, and the commits that the fix depends on are looked for."""
    EXIT_STATUS: ClassVar = {
        0: "each branch is fixed, or does not need it",
        1: "some branch is not fixed, or unknown",
        **FAILURES,
    }
    REFUSED = frozenset({"patch", "metric", "load"})

    onto = option(
        "--onto",
        "BRANCH,…",
        "the branches: any revisions, e.g. origin/3.0 or v3.0.0, or source trees: a folder, an "
        "archive, a .dsc file, debian:haproxy/trixie",
        Group.REVISIONS,
        repeatable=True,
    )
    maintained = cli.Flag(
        "--maintained",
        group=Group.REVISIONS,
        help="onto the stable branches that are maintained",
    )
    out = option(
        "--out",
        "DIR",
        "write patch files for 'git am', one folder per branch; for a Debian package, "
        "debian/patches with the fix",
        Group.REVISIONS,
    )
    create_branch = option(
        "--create-branch",
        "NAME",
        "create a branch with the result in the clone; {branch} in NAME stands for the name of "
        "the branch that it was ported to",
        Group.REVISIONS,
        default="",
    )
    reg_tests = option(
        "--reg-tests",
        "DIR",
        "run the branch's own reg-tests in DIR (or a .vtc file) before and after the fix",
        Group.TEST,
        repeatable=True,
    )

    def main(self, fix: str) -> int:
        from bisector.cli.answer import print_outcome
        from bisector.cli.options import asked_of, execution_of
        from bisector.jobs import maintained
        from bisector.jobs.backport.backport import Delivery, backport
        from bisector.report.live import Live

        if self.patch:
            raise UsageProblem("--patch is not for this command", "name the fix without it")
        files = self.files()
        onto = comma_separated("--onto", self.onto)
        with Live() as live:
            execution = execution_of(self, live)
            delivery = Delivery(
                Path(self.out) if self.out else None,
                str(self.create_branch),
                tuple(self.reg_tests),
            )
            asked = asked_of(self, live)
            onto = maintained.added(asked, onto, self.maintained)
            outcome = backport(asked, fix, onto, delivery, execution)
        return print_outcome(outcome, files)
