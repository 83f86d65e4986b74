"""bisector verify"""

from __future__ import annotations

from plumbum import cli

from bisector.cli.command import JobCommand, ReportCommand, comma_separated


class Verify(JobCommand, ReportCommand):
    """Does a patch fix the bug, wherever it is needed, and break nothing?"""

    DESCRIPTION_MORE = """
Tests all variants of all scenarios before and after the patch at each revision.

Exit status: 0 verified, 1 not, 2 the question cannot be answered as asked, 3 the machine
lacks something."""

    on = cli.SwitchAttr(
        "--on",
        str,
        list=True,
        argname="REV,…|A..B",
        help="where (default: the affected releases, the last affected commit, and the commits "
        "before the bug and with its fix)",
    )
    hunks = cli.Flag("--hunks", help="drop each hunk in turn: which variant notices?")

    coverage = cli.Flag("--coverage", help="which lines that the patch adds are executed? (gcov)")
    reg_tests = cli.SwitchAttr(
        "--reg-tests",
        str,
        list=True,
        argname="DIR",
        help="run the revision's own reg-tests in DIR (or a .vtc) before and after the patch",
    )

    def main(self) -> int:
        from bisector.cli.answer import show
        from bisector.cli.options import asked_of, way_of
        from bisector.jobs.verify.verify import Closer, verify
        from bisector.report.live import Live

        on = comma_separated("--on", self.on)
        closer = Closer(self.hunks, self.coverage, tuple(self.reg_tests))
        files = self.files()
        with Live() as live:
            way = way_of(self, live)
            outcome = verify(asked_of(self, live), on, closer, way)
        return show(outcome, files)
