"""What all commands have in common, and the options that several share."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plumbum import cli
from plumbum.cli.switches import SwitchError

from bisector import __version__
from bisector.build.toolchains import TOOLCHAINS
from bisector.errors import OutputProblem, UsageProblem
from bisector.report.formats import FORMATS
from bisector.system import sizes
from bisector.system.workspace import MAX_BUILD_TREES, Workspace
from bisector.testing.oracles import ORACLES

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


def _file(switch: str, what: str) -> Any:
    return cli.SwitchAttr(switch, str, argname="FILE", help=what)


class ReportCommand(Command):
    """A command that has a report and writes it to files, too, in any of FORMATS."""

    def files(self) -> dict[str, Path]:
        """Which format of the report goes where. Raises OutputProblem if one cannot."""
        named = {name: getattr(self, _attribute(name), None) for name in FORMATS}
        return {name: writable(file) for name, file in named.items() if file is not None}


class HuntReportCommand(ReportCommand):
    """The same with the formats that only a hunt's report can have."""


def _attribute(name: str) -> str:
    """The attribute of a command that has the file for the format of this name."""
    return f"as_{name.replace('-', '_')}"


for _name, _format in FORMATS.items():
    _command = HuntReportCommand if _format.of_hunts else ReportCommand
    setattr(_command, _attribute(_name), _file(f"--{_name}", _format.help))


def writable(name: str) -> Path:
    """*name* as a path. Raises OutputProblem if nothing can be written there."""
    path = Path(name)
    if path.is_dir():
        raise OutputProblem(f"cannot write {name}", "it is a folder, name a file")
    if not path.exists() and not path.parent.is_dir():
        raise OutputProblem(f"cannot write {name}", f"there is no folder {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise OutputProblem(f"cannot write {name}", "no permission, name another place")
    return path


def comma_separated(option: str, values: Sequence[str]) -> list[str]:
    """The parts of all *values* of *option*; empty ones, as a last comma leaves, are dropped.

    Raises UsageProblem if the option was given and nothing is left.
    """
    parts = [part.strip() for value in values for part in value.split(",")]
    found = [part for part in parts if part]
    if values and not found:
        raise UsageProblem(f"{option} '{values[0]}' names nothing", "write REV or REV,REV,…")
    return found


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
        help="auto: fast to search, dev to prove; "
        + "; ".join(f"{kind.name}: {kind.description}" for kind in TOOLCHAINS.values()),
    )
    make = cli.SwitchAttr(
        "--make", str, list=True, argname="VAR=VALUE", help="a make variable, e.g. USE_OPENSSL=1"
    )
    sandbox = cli.SwitchAttr(
        "--sandbox",
        str,
        default="auto",
        argname="auto|require|off",
        help="what is built and tested is kept apart by bubblewrap: where that works, or nothing "
        "is run, or never (default: auto)",
    )
    patch = cli.SwitchAttr(
        "--patch",
        str,
        list=True,
        argname="FILE|REV|A..B",
        help="the fix, instead of the scenario's own series",
    )


class ClusterCommand(Command):
    """A command that speaks to a Dask scheduler."""

    tls_ca = _file("--tls-ca", "the certificate by which the cluster's are known, for tls://")
    tls_cert = _file("--tls-cert", "our own certificate, for tls://")
    tls_key = _file("--tls-key", "its key")
    insecure = cli.Flag(
        "--insecure-cluster",
        help="allow tcp:// over a network: whoever reaches the scheduler runs what they like",
    )


class TestCommand(RepoCommand, ClusterCommand):
    """A command that also runs a test."""

    scenario = cli.SwitchAttr(
        "--scenario", str, argname="NAME|FOLDER", help="what to test for (default: dns-flap)"
    )
    settings = cli.SwitchAttr(
        "--set", str, list=True, argname="NAME=VALUE", help="a parameter of the scenario"
    )
    bad_if = cli.SwitchAttr(
        "--bad-if", str, argname="REGEX", help="with --vtc: bad only if VTest's log matches"
    )
    skip_if = cli.SwitchAttr(
        "--skip-if", str, argname="REGEX", help="with --vtc: untestable if VTest's log matches"
    )
    fresh = cli.Flag("--fresh", help="forget what earlier runs found out; test again")
    cluster = cli.SwitchAttr(
        "--cluster",
        str,
        argname="ADDRESS",
        help="build and test on the workers of this Dask scheduler, see 'bisector worker'",
    )
    same_toolchain = cli.Flag(
        "--same-toolchain",
        help="with --cluster: no answers from workers with another compiler, Lua or VTest",
    )


for _kind in ORACLES.values():
    _switch = cli.SwitchAttr(f"--{_kind.option}", str, argname=_kind.argument, help=_kind.summary)
    setattr(TestCommand, _kind.option, _switch)


class JobCommand(TestCommand):
    """A command that runs a test at many revisions."""

    jobs = cli.SwitchAttr(
        "--jobs",
        str,
        argname="N",
        help="builds at once, each in its own tree (default: one for each four processors; with "
        "--cluster, one for each thread of its workers)",
    )

    def at_once(self) -> int:
        """How many builds the user wants at once, 0 if that was not said. Raises UsageProblem."""
        text = self.jobs or "0"
        if not text.isdecimal() or (self.jobs and not 1 <= int(text) <= MAX_BUILD_TREES):
            raise UsageProblem(f"--jobs {text}", f"a number from 1 to {MAX_BUILD_TREES}")
        return int(text)


class FlakyCommand(JobCommand):
    """The same, which can reckon with chance."""

    flaky = cli.Flag("--flaky", help="the test passes on bad revisions now and then")
