"""From a command's switches to the plain data that the work is done with."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from typing import Any

from bisector.cli.command import FlakyCommand, JobCommand, RepoCommand, TestCommand
from bisector.errors import UsageProblem
from bisector.jobs.runner import Watcher, Way, noticing
from bisector.probing.dask.scheduler import Scheduler
from bisector.probing.setup import Asked, Options
from bisector.testing.oracles import ORACLES


def options_of(command: RepoCommand) -> Options:
    """What the user said."""
    options = Options(
        repo=command.repo,
        patches=tuple(command.patch),
        toolchain=str(command.toolchain),
        make=tuple(command.make),
        sandbox=str(command.sandbox),
    )
    if not isinstance(command, TestCommand):
        return options
    return replace(
        options,
        scenario=command.scenario,
        settings=tuple(command.settings),
        own_test=own_test_of(command),
        bad_if=command.bad_if,
        skip_if=command.skip_if,
        flaky=isinstance(command, FlakyCommand) and command.flaky,
    )


def asked_of(command: RepoCommand, watcher: Watcher, **more: Any) -> Asked:
    """What the user asked; *more* are Options of this command alone. Raises UsageProblem."""
    options = replace(options_of(command), **more)
    return Asked(command.workspace(), options, watcher.doing, noticing(watcher))


def own_test_of(command: TestCommand) -> tuple[str, str] | None:
    """The option that names the user's own test, and its value. Raises UsageProblem for two."""
    named = [(name, value) for name in ORACLES if (value := getattr(command, name)) is not None]
    if len(named) > 1:
        raise UsageProblem(f"--{named[0][0]} and --{named[1][0]}", "name one test")
    return named[0] if named else None


def cluster_of(command: TestCommand) -> Scheduler | None:
    """The cluster that the user named, which may be spoken to as far as one can tell from here.

    Raises UsageProblem if it may not, or if what goes with a cluster has none; MissingProgram.
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
        raise UsageProblem("an option for a cluster, and no cluster", "name one with --cluster")
    return None


def way_of(command: JobCommand, watcher: Watcher) -> Way:
    """How the user wants the job done. Raises UsageProblem, and what cluster_of() does."""
    line, jobs = shlex.join(["bisector", *sys.argv[1:]]), command.at_once()
    return Way(line, watcher, jobs=jobs, fresh=command.fresh, cluster=cluster_of(command))
