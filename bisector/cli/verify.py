"""`bisector verify`"""

from __future__ import annotations

from typing import ClassVar

from plumbum import cli

from bisector.cli.command import FAILURES, ReportCommand, comma_separated
from bisector.cli.help import Group, option
from bisector.cli.test_command import JobCommand


class Verify(JobCommand, ReportCommand):
    """Test whether a patch fixes the bug and breaks nothing"""

    DESCRIPTION_MORE = """
The variants of all bundled scenarios are tested before and after the patch on each revision."""
    REFUSED = frozenset({"metric", "load"})
    EXIT_STATUS: ClassVar = {0: "verified", 1: "not verified", **FAILURES}

    on = option(
        "--on",
        "REV,…|A..B",
        "where to test: revisions or source trees, or the ends and releases of a range (default: "
        "the affected releases, the last affected commit, and the commits before the bug and with "
        "its fix)",
        Group.REVISIONS,
        repeatable=True,
    )
    maintained = cli.Flag(
        "--maintained",
        group=Group.REVISIONS,
        help="on the tips of the stable branches that are maintained",
    )
    hunks = cli.Flag(
        "--hunks",
        group=Group.TEST,
        help="leave out each hunk in turn, and list the variants that notice",
    )
    coverage = cli.Flag(
        "--coverage",
        group=Group.TEST,
        help="measure with gcov which lines that the patch adds are executed by the tests",
    )
    reg_tests = option(
        "--reg-tests",
        "DIR",
        "run the revision's own reg-tests in DIR (or a .vtc file) before and after the patch",
        Group.TEST,
        repeatable=True,
    )

    def main(self) -> int:
        from bisector.cli.answer import print_outcome
        from bisector.cli.options import asked_of, execution_of
        from bisector.jobs import maintained
        from bisector.jobs.verify.verify import ExtraChecks, verify
        from bisector.report.live import Live

        on = comma_separated("--on", self.on)
        extra = ExtraChecks(self.hunks, self.coverage, tuple(self.reg_tests))
        files = self.files()
        with Live() as live:
            execution = execution_of(self, live)
            asked = asked_of(self, live)
            on = maintained.added(asked, on, self.maintained)
            outcome = verify(asked, on, extra, execution)
        return print_outcome(outcome, files)
