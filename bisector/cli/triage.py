"""`bisector triage [RANGE or REVISION …]`"""

from __future__ import annotations

from typing import ClassVar

from bisector.cli.command import FAILURES, ReportCommand
from bisector.cli.help import Group, option
from bisector.cli.test_command import FlakyCommand


class Triage(FlakyCommand, ReportCommand):
    """Answer a bug report: is it fixed, since when is it there"""

    DESCRIPTION_MORE = """
REVISIONS are revisions and ranges; by default, the newest of each maintained line of releases and
of master, and the release that the output by --like is of. Each is tested. Then the fix is looked
for where some are good and others bad, and the commit that introduced the bug. With --patch, the
patch is tried on each bad one, and what it breaks. At the end there is a text for an issue or a
mail, without paths of this machine and without secrets. An interrupted job continues with the same
command."""
    REFUSED = frozenset({"metric", "load"})
    EXIT_STATUS: ClassVar = {
        0: "each revision has a verdict, what was found is proven, and the patch holds",
        1: "some revision could not be tested, something is not proven, or the patch fails",
        **FAILURES,
    }

    reg_tests = option(
        "--reg-tests",
        "DIR",
        "with --patch: run the revision's own reg-tests in DIR (or a .vtc file) before and after",
        Group.TEST,
        repeatable=True,
    )

    def main(self, *revisions: str) -> int:
        from bisector.cli.answer import print_outcome
        from bisector.cli.options import asked_of, execution_of
        from bisector.jobs.triage.triage import triage
        from bisector.report.live import Live

        files = self.files()
        with Live() as live:
            execution = execution_of(self, live)
            outcome = triage(asked_of(self, live), revisions, self.reg_tests, execution)
        return print_outcome(outcome, files)
