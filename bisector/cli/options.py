"""From a command's options to the data classes that jobs take."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from bisector.cli.command import ClientCommand, RepoCommand
from bisector.cli.test_command import FlakyCommand, JobCommand, TestCommand, attribute
from bisector.errors import UsageProblem
from bisector.jobs.runner import Execution, Watcher, notifier
from bisector.probing.dask.scheduler import Scheduler
from bisector.probing.options import Options
from bisector.probing.setup import Asked
from bisector.testing.oracles import ORACLES, WRAPPERS


def options_of(command: RepoCommand) -> Options:
    """The options that say what to build and test."""
    options = Options(
        repo=command.repo,
        beside=tuple(command.beside),
        offline=command.offline,
        patches=tuple(command.patch),
        toolchain=str(command.toolchain),
        make=tuple(command.make),
        like=command.like,
        sandbox=str(command.sandbox),
    )
    if not isinstance(command, TestCommand):
        return options
    _refuse_metric(command)
    return replace(
        options,
        scenario=command.scenario,
        settings=tuple(command.settings),
        own_test=_named(command, ORACLES, "name one test"),
        around=_named(command, WRAPPERS, "look for one thing at a time"),
        extras=extras_of(command),
        fixups=tuple(command.fixup),
        bad_if=command.bad_if,
        skip_if=command.skip_if,
        flaky=isinstance(command, FlakyCommand) and command.flaky,
    )


def asked_of(command: RepoCommand, watcher: Watcher, **more: Any) -> Asked:
    """What the user asked; *more* are Options of this command alone. Raises UsageProblem."""
    options = replace(options_of(command), **more)
    return Asked(command.workspace(), options, watcher.progress, notifier(watcher))


def _refuse_metric(command: TestCommand) -> None:
    """Raise UsageProblem for --metric if the command is about verdicts."""
    if "metric" in command.REFUSED and getattr(command, attribute("metric")) is not None:
        what = f"--metric with '{command.PROGNAME}', which is about verdicts"
        raise UsageProblem(what, "use it with run, sweep or probe")


def _named(command: TestCommand, kinds: Iterable[str], otherwise: str) -> tuple[str, str] | None:
    """The option among *kinds* that was given, and its value, '' if it takes none.

    Raises UsageProblem with the hint *otherwise* for two.
    """
    given = ((name, getattr(command, attribute(name))) for name in kinds)
    named = [
        (name, "" if value is True else str(value))
        for name, value in given
        if value is not None and value is not False
    ]
    if len(named) > 1:
        raise UsageProblem(f"--{named[0][0]} and --{named[1][0]}", otherwise)
    return named[0] if named else None


def extras_of(command: TestCommand) -> tuple[tuple[str, str], ...]:
    """The options that go with one kind of test, as far as they are given, and their values."""
    names = (extra.name for kind in ORACLES.values() for extra in kind.extras)
    given = ((name, getattr(command, attribute(name))) for name in names)
    return tuple((name, value) for name, value in given if value is not None)


def cluster_of(command: ClientCommand) -> Scheduler | None:
    """The scheduler of --cluster with its TLS files, which are checked; None without --cluster.

    Raises UsageProblem if the address or the TLS files do not do, or if an option for a cluster is
    given without --cluster; MissingProgram if Dask is not installed.
    """
    if command.cluster is not None:
        cluster = Scheduler(
            command.cluster,
            command.tls_ca,
            command.tls_cert,
            command.tls_key,
            insecure=command.insecure,
            same=command.same_toolchain,
            sandbox=str(command.sandbox),
        )
        cluster.security()
        return cluster
    tls = (command.tls_ca, command.tls_cert, command.tls_key)
    if any(tls) or command.insecure or command.same_toolchain:
        raise UsageProblem("an option for a cluster without --cluster", "name one with --cluster")
    return None


def execution_of(command: JobCommand, watcher: Watcher) -> Execution:
    """The options that say how to do the job. Raises as cluster_of(), UsageProblem for --jobs."""
    jobs, cluster = command.job_count(), cluster_of(command)
    return Execution(command_line(), watcher, jobs=jobs, fresh=command.fresh, cluster=cluster)


def command_line() -> str:
    """The command line, for journals."""
    return shlex.join(["bisector", *sys.argv[1:]])
