"""bisector backport PATCH|REV --onto BRANCH"""

from __future__ import annotations

from pathlib import Path

from plumbum import cli

from bisector.cli.command import JobCommand, ReportCommand, comma_separated
from bisector.errors import UsageProblem


class Backport(JobCommand, ReportCommand):
    """Port a fix (PATCH, a file, or REV) to branches: is it needed, does it apply and work?"""

    DESCRIPTION_MORE = """
Only a test that is bad without the fix where it was made, and good with it, can say whether a
branch needs it: the reg-test that the fix itself brings, and --vtc or --scenario, else all
scenarios that come with bisector. If none is such a test, the outcome is "unknown". A conflict
is shown, and what the fix needs first is looked for.

Exit status: 0 each branch is fixed by it or does not need it, 1 not so, or unknown, 2 the question
cannot be answered as asked, 3 the machine lacks something."""

    onto = cli.SwitchAttr(
        "--onto",
        str,
        list=True,
        argname="BRANCH,…",
        help="where to: any revisions, e.g. origin/3.0 or v3.0.0",
    )
    out = cli.SwitchAttr(
        "--out", str, argname="DIR", help="write patch files for 'git am', a folder per branch"
    )
    create_branch = cli.SwitchAttr(
        "--create-branch",
        str,
        default="",
        argname="NAME",
        help="make a branch of it in the clone; {branch} in NAME stands for the branch's name",
    )

    reg_tests = cli.SwitchAttr(
        "--reg-tests",
        str,
        list=True,
        argname="DIR",
        help="run the branch's own reg-tests in DIR (or a .vtc) before and after the fix",
    )

    def main(self, fix: str) -> int:
        from bisector.cli.answer import show
        from bisector.cli.options import asked_of, way_of
        from bisector.jobs.backport.backport import Wishes, backport
        from bisector.report.live import Live

        if self.patch:
            raise UsageProblem("--patch is not for this command", "name the fix without it")
        files = self.files()
        onto = comma_separated("--onto", self.onto)
        with Live() as live:
            way = way_of(self, live)
            wishes = Wishes(
                Path(self.out) if self.out else None,
                str(self.create_branch),
                tuple(self.reg_tests),
            )
            outcome = backport(asked_of(self, live), fix, onto, wishes, way)
        return show(outcome, files)
