"""What all commands have in common, and the options that several share."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from plumbum import cli
from plumbum.cli.switches import PositionalArgumentsError, SwitchError

from bisector import __version__
from bisector.cli.help import Group, option, render, usage
from bisector.errors import OutputProblem, UsageProblem
from bisector.record.words import Job
from bisector.report.formats import FORMATS

if TYPE_CHECKING:
    from bisector.system.workspace import Workspace

# raised by plumbum for an option that prints something instead of running the command
_SHOWN_INSTEAD = ("ShowHelp", "ShowVersion")
FAILURES: Mapping[int, str] = {
    2: "the question cannot be answered as asked",
    3: "the machine lacks something",
}


class Command(cli.Application):
    """Base of all commands. A mistake in its options is one line on stderr and exit status 2.

    The help shows the class docstring, ``DESCRIPTION_MORE`` and ``EXIT_STATUS``, without the
    inherited options that the command does not accept: ``REFUSED`` has their names.
    """

    VERSION = __version__
    ALLOW_ABBREV = False
    EXIT_STATUS: ClassVar[Mapping[int, str]] = {0: "done", **FAILURES}
    REFUSED: ClassVar[frozenset[str]] = frozenset()

    @cli.switch(["-h", "--help"], overridable=True, group=Group.GENERAL, help="print this help")
    def help(self) -> None:
        print(render(self), end="")

    @cli.switch(
        ["-v", "--version"], overridable=True, group=Group.GENERAL, help="print the version"
    )
    def version(self) -> None:
        print(f"{self.PROGNAME} {self.VERSION}")

    def _parse_args(self, argv: list[str]) -> Any:
        with _usage_problems(self):
            return super()._parse_args(argv)

    def _validate_args(self, *words: Any) -> Any:
        with _usage_problems(self):
            return super()._validate_args(*words)


Command.unbind_switches("--help-all", "--completions")


@contextlib.contextmanager
def _usage_problems(command: Command) -> Iterator[None]:
    """Turn plumbum's exception for a wrong command line into a UsageProblem."""
    try:
        yield
    except SwitchError as error:
        if type(error).__name__ in _SHOWN_INSTEAD:
            raise
        what = str(error)
        if isinstance(error, PositionalArgumentsError):
            what = f"too few or too many arguments for '{usage(command)}'"
        raise UsageProblem(what, f"see '{command.PROGNAME} --help'") from None


class ReportCommand(Command):
    """A command that prints a report, and can write it to files in any of FORMATS."""

    def files(self) -> dict[str, Path]:
        """The files to write, by format. Raises OutputProblem if one cannot be written."""
        named = {name: getattr(self, _attribute(name), None) for name in FORMATS}
        return {name: writable(file) for name, file in named.items() if file is not None}


class HuntReportCommand(ReportCommand):
    """The same with the formats that only a hunt's report can have."""


class SurveyReportCommand(ReportCommand):
    """The same with the formats that only a report on releases can have."""


def _attribute(name: str) -> str:
    """The attribute of a command that has the file for the format of this name."""
    return f"as_{name.replace('-', '_')}"


_HOMES: Mapping[Job | None, type[ReportCommand]] = {
    Job.RUN: HuntReportCommand,
    Job.AFFECTED: SurveyReportCommand,
}
for _name, _format in FORMATS.items():
    _command = _HOMES.get(_format.only, ReportCommand)
    setattr(_command, _attribute(_name), option(f"--{_name}", "FILE", _format.help, Group.REPORTS))


def writable(name: str) -> Path:
    """*name* as a path. Raises OutputProblem if no file can be written there."""
    path = Path(name)
    if path.is_dir():
        raise OutputProblem(f"cannot write {name}", "it is a folder, name a file")
    if not path.exists() and not path.parent.is_dir():
        raise OutputProblem(f"cannot write {name}", f"there is no folder {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise OutputProblem(f"cannot write {name}", "no permission, name another place")
    return path


def comma_separated(name: str, values: Sequence[str]) -> list[str]:
    """The parts of all *values* of option *name*, without empty ones (`a,b,` has two parts).

    Raises UsageProblem if the option was given and nothing is left.
    """
    parts = [part.strip() for value in values for part in value.split(",")]
    found = [part for part in parts if part]
    if values and not found:
        raise UsageProblem(f"{name} '{values[0]}' names nothing", "write REV or REV,REV,…")
    return found


class WorkspaceCommand(Command):
    """A command that writes to the workspace's cache."""

    cache_size = option(
        "--cache-size",
        "SIZE",
        "limit of binaries, logs and build trees, e.g. 500M; the least recently used are removed "
        "first (default: 5G)",
        Group.GENERAL,
    )

    def workspace(self) -> Workspace:
        """The user's workspace, with the limit of --cache-size. Raises UsageProblem."""
        from bisector.system import sizes
        from bisector.system.workspace import Workspace

        if self.cache_size is None:
            return Workspace.open()
        try:
            return Workspace.open(limit=sizes.parse(self.cache_size))
        except ValueError as error:
            raise UsageProblem(f"--cache-size {error}", "write a size, e.g. 500M or 5G") from None


def _toolchains() -> str:
    """The description of --toolchain."""
    from bisector.build.toolchains import TOOLCHAINS

    kinds = (f"{kind.name}: {kind.description}" for kind in TOOLCHAINS.values())
    auto = "auto: fast to search, dev to prove and to 'build' (default: auto)"
    return "; ".join((*kinds, auto))


class RepoCommand(WorkspaceCommand):
    """A command that reads a repository and builds from it."""

    repo = option(
        "--repo",
        "FOLDER",
        "a clone of HAProxy (default: $BISECTOR_REPO, else the clone around the current folder, "
        "else upstream's)",
        Group.REVISIONS,
    )
    beside = option(
        "--with",
        "FOLDER|URL|X.Y",
        "a repository whose branches and tags are read, too: a clone, a URL, or HAProxy's own for "
        "the stable branch X.Y",
        Group.REVISIONS,
        repeatable=True,
    )
    offline = cli.Flag(
        "--offline",
        group=Group.REVISIONS,
        help="fetch no repository and no package; use what was fetched before",
    )
    patch = option(
        "--patch",
        "FILE|REV|A..B",
        "the patch: a file, a folder, a commit or the commits of a range (default: the "
        "scenario's; for 'build' and 'probe', none)",
        Group.REVISIONS,
        repeatable=True,
    )
    toolchain = option(
        "--toolchain",
        "NAME",
        _toolchains,
        Group.BUILD,
        default="auto",
    )
    make = option(
        "--make",
        "VAR=VALUE|none",
        "a make variable, e.g. USE_OPENSSL=1; 'none' builds without what the test asks for",
        Group.BUILD,
        repeatable=True,
    )
    like = option(
        "--like",
        "FILE",
        "build with the options in the output of 'haproxy -vv' that FILE has",
        Group.BUILD,
    )
    sandbox = option(
        "--sandbox",
        "auto|require|off",
        "isolate builds and tests with bubblewrap, else Landlock: where one works, always, or "
        "never (default: auto)",
        Group.BUILD,
        default="auto",
    )


class ClusterCommand(Command):
    """A command that connects to a Dask scheduler."""

    tls_ca = option(
        "--tls-ca", "FILE", "tls://: the CA that signed the cluster's certificates", Group.CLUSTER
    )
    tls_cert = option("--tls-cert", "FILE", "tls://: this machine's certificate", Group.CLUSTER)
    tls_key = option("--tls-key", "FILE", "tls://: the certificate's private key", Group.CLUSTER)
    insecure = cli.Flag(
        "--insecure-cluster",
        group=Group.CLUSTER,
        help="allow tcp:// over a network: whoever reaches the scheduler can run any program on "
        "its machines",
    )


class ClientOptions(Command):
    """The choice whether the workers of a Dask scheduler build and test."""

    cluster = option(
        "--cluster",
        "ADDRESS",
        "build and test on the workers of this Dask scheduler, see 'bisector worker --help'",
        Group.CLUSTER,
    )
    same_toolchain = cli.Flag(
        "--same-toolchain",
        group=Group.CLUSTER,
        help="stop if a worker has another compiler, Lua or VTest than this machine",
    )


class ClientCommand(RepoCommand, ClusterCommand, ClientOptions):
    """A command that can let the workers of a Dask scheduler build and test."""
