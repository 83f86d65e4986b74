"""What the commands that run tests have in common."""

from __future__ import annotations

from plumbum import cli

from bisector.cli.command import ClientCommand
from bisector.cli.help import Group, option
from bisector.errors import UsageProblem
from bisector.system.workspace import MAX_BUILD_TREES
from bisector.testing.oracles import ORACLES, WRAPPERS


def attribute(name: str) -> str:
    """The attribute of a command that has the value of an oracle's option."""
    return f"test_{name.replace('-', '_')}"


def job_count(jobs: str | None) -> int:
    """The value of --jobs, 0 if it was not given. Raises UsageProblem."""
    text = jobs or "0"
    if not text.isdecimal() or (jobs and not 1 <= int(text) <= MAX_BUILD_TREES):
        raise UsageProblem(f"--jobs {text}", f"a number from 1 to {MAX_BUILD_TREES}")
    return int(text)


class NamedTestCommand(ClientCommand):
    """A command to which a test is named: a scenario, or by an option of one of ORACLES."""

    scenario = option(
        "--scenario",
        "NAME|FOLDER",
        "a bundled scenario or your own (default: dns-flap; for 'backport', all bundled ones)",
        Group.TEST,
    )
    settings = option(
        "--set", "NAME=VALUE", "a parameter of the scenario", Group.TEST, repeatable=True
    )


for _kind in (*ORACLES.values(), *WRAPPERS.values()):
    _option = (
        option(f"--{_kind.option}", _kind.argument, _kind.summary, Group.TEST)
        if _kind.argument
        else cli.Flag(f"--{_kind.option}", group=Group.TEST, help=_kind.summary)
    )
    setattr(NamedTestCommand, attribute(_kind.option), _option)
    for _extra in _kind.extras:
        _option = option(f"--{_extra.name}", _extra.argument, _extra.summary, Group.TEST)
        setattr(NamedTestCommand, attribute(_extra.name), _option)


class TestCommand(NamedTestCommand):
    """A command that also runs the test."""

    bad_if = option(
        "--bad-if", "REGEX", "with a test of your own: bad only if its log matches", Group.TEST
    )
    skip_if = option(
        "--skip-if", "REGEX", "with a test of your own: untestable if its log matches", Group.TEST
    )
    fixup = option(
        "--fixup",
        "FILE|REV|A..B",
        "what is picked onto a revision that does not build or start otherwise; of several, the "
        "first that helps",
        Group.REVISIONS,
        repeatable=True,
    )
    fresh = cli.Flag(
        "--fresh",
        group=Group.GENERAL,
        help="ignore the results of earlier runs and test again; binaries are kept",
    )


class JobCommand(TestCommand):
    """A command that runs a test at many revisions."""

    jobs = option(
        "--jobs",
        "N",
        "number of parallel builds (default: one for each four processors; with --cluster, one "
        "for each thread of its workers)",
        Group.BUILD,
    )

    def job_count(self) -> int:
        """The value of --jobs, 0 if it was not given. Raises UsageProblem."""
        return job_count(self.jobs)


class FlakyCommand(JobCommand):
    """A command that can search with a test that sometimes passes on bad revisions."""

    flaky = cli.Flag("--flaky", group=Group.TEST, help="the test sometimes passes on bad revisions")
