"""`bisector reduce [FILE]`"""

from __future__ import annotations

from typing import ClassVar

from bisector.cli.command import FAILURES, writable
from bisector.cli.help import Group, option
from bisector.cli.test_command import TestCommand, attribute
from bisector.errors import UsageProblem
from bisector.testing.oracles.build_test import BuildTest

_DEFAULT_MINUTES = "10"


class Reduce(TestCommand):
    """Make a test's file smaller, as long as it shows the same bug"""

    DESCRIPTION_MORE = """
FILE is the test itself, which is the default, or a file beside it that it names, such as a
configuration. Comments, sections, lines and words of it are left out, as long as the test fails at
the one revision in the same way and passes at the other. The smallest file so far is kept: after
Ctrl-C, or when the time is up, the same command continues."""
    EXIT_STATUS: ClassVar = {
        0: "the smaller file is proven to show the same bug",
        1: "it is not",
        **FAILURES,
    }
    REFUSED = frozenset(
        {
            *("scenario", "set", "build", "metric", "load", "patch", "fixup", "cluster"),
            *("tls-ca", "tls-cert", "tls-key", "insecure-cluster", "same-toolchain"),
        }
    )

    bad = option("--bad", "REV", "a revision with the bug", Group.REVISIONS)
    good = option("--good", "REV", "a revision without the bug", Group.REVISIONS)
    time = option(
        "--time",
        "MINUTES",
        f"how long to reduce, without builds and proof (default: {_DEFAULT_MINUTES})",
        Group.SEARCH,
        default=_DEFAULT_MINUTES,
    )
    out = option(
        "--out",
        "FILE",
        "where to write the result (default: NAME.reduced.EXT beside the file)",
        Group.REPORTS,
    )

    def main(self, file: str = "") -> int:
        from bisector.cli.options import asked_of
        from bisector.jobs.reduce.reduce import ReduceQuestion, reduce
        from bisector.report import shortened
        from bisector.report.live import Live

        self._check_refused()
        if not self.bad or not self.good:
            raise UsageProblem("reduce needs two revisions", "name them: --bad REV --good REV")
        out = writable(self.out) if self.out is not None else None
        question = ReduceQuestion(file, self.bad, self.good, 60 * self._minutes(), out)
        with Live() as live:
            result = reduce(asked_of(self, live), question, self.fresh, live)
        print(shortened.render(result), end="")
        return 0 if result.proven else 1

    def _minutes(self) -> float:
        """The value of --time. Raises UsageProblem."""
        try:
            minutes = float(self.time)
        except ValueError:
            minutes = 0.0
        if not 0 < minutes < float("inf"):
            raise UsageProblem(f"--time {self.time}", "a number of minutes above 0")
        return minutes

    def _check_refused(self) -> None:
        """Raise UsageProblem for an option of other commands that run tests."""
        from bisector.cli.options import cluster_of

        given = {
            "--scenario": self.scenario,
            "--set": self.settings,
            "--build": getattr(self, attribute(BuildTest.option)),
            "--patch": self.patch,
            "--fixup": self.fixup,
            "--cluster": cluster_of(self),
        }
        for name in (name for name, value in given.items() if value):
            raise UsageProblem(
                f"reduce does not take {name}",
                "it needs a test of your own, and runs it here, on revisions as they are",
            )
