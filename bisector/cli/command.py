"""What all commands have in common, and the options that several share."""

from __future__ import annotations

from typing import Any

from plumbum import cli
from plumbum.cli.switches import SwitchError

from bisector import __version__, sizes
from bisector.errors import UsageProblem
from bisector.workspace import Workspace

_HELP = ("ShowHelp", "ShowHelpAll", "ShowVersion", "ShowCompletion")


class Command(cli.Application):
    """A command whose mistakes on the command line are one line on stderr and exit status 2."""

    VERSION = __version__
    ALLOW_ABBREV = False

    def _parse_args(self, argv: list[str]) -> Any:
        with _one_line(str(self.PROGNAME)):
            return super()._parse_args(argv)

    def _validate_args(self, *words: Any) -> Any:
        with _one_line(str(self.PROGNAME)):
            return super()._validate_args(*words)


class _one_line:
    """Turns plumbum's refusal of a command line into ours; help and version pass through."""

    def __init__(self, program: str) -> None:
        self._program = program

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, SwitchError) and type(error).__name__ not in _HELP:
            raise UsageProblem(str(error), f"see '{self._program} --help'") from None


class RoomCommand(Command):
    """A command that fills the workspace."""

    cache_size = cli.SwitchAttr(
        "--cache-size",
        str,
        argname="SIZE",
        help="what binaries, logs and build trees may take up (default: 5G); the least recently "
        "used goes first",
    )

    def workspace(self) -> Workspace:
        """The user's workspace, with the size that the user gave it. Raises UsageProblem."""
        if self.cache_size is None:
            return Workspace.open()
        try:
            return Workspace.open(limit=sizes.parse(self.cache_size))
        except ValueError as error:
            raise UsageProblem(f"--cache-size {error}", "write a size, e.g. 500M or 5G") from None


class RepoCommand(RoomCommand):
    """A command that reads a repository and builds from it."""

    repo = cli.SwitchAttr("--repo", str, argname="FOLDER", help="a clone of HAProxy")
    toolchain = cli.SwitchAttr(
        "--toolchain",
        str,
        default="auto",
        argname="NAME",
        help="auto: fast to search, dev to prove; fast: tcc, one thread; dev: gcc -O0; "
        "release: HAProxy's own flags",
    )
    make = cli.SwitchAttr(
        "--make", str, list=True, argname="VAR=VALUE", help="a make variable, e.g. USE_OPENSSL=1"
    )
    patch = cli.SwitchAttr(
        "--patch",
        str,
        list=True,
        argname="FILE|REV",
        help="the fix, instead of the scenario's own series",
    )


class TestCommand(RepoCommand):
    """A command that also runs a test."""

    scenario = cli.SwitchAttr(
        "--scenario", str, argname="NAME|FOLDER", help="what to test for (default: dns-flap)"
    )
    settings = cli.SwitchAttr(
        "--set", str, list=True, argname="NAME=VALUE", help="a parameter of the scenario"
    )
    vtc = cli.SwitchAttr("--vtc", str, argname="FILE", help="any VTest case instead of a scenario")
    bad_if = cli.SwitchAttr(
        "--bad-if", str, argname="REGEX", help="with --vtc: bad only if VTest's log matches"
    )
    skip_if = cli.SwitchAttr(
        "--skip-if", str, argname="REGEX", help="with --vtc: untestable if VTest's log matches"
    )
    fresh = cli.Flag("--fresh", help="forget what earlier runs found out; test again")
