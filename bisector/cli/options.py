"""From a command's switches to the plain data that the work is done with."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace

from bisector.cli.command import FlakyCommand, JobCommand, RepoCommand, TestCommand
from bisector.errors import UsageProblem
from bisector.jobs.runner import Watcher, Way
from bisector.probing.dask.scheduler import Scheduler
from bisector.probing.setup import Options


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
        vtc=command.vtc,
        bad_if=command.bad_if,
        skip_if=command.skip_if,
        flaky=isinstance(command, FlakyCommand) and command.flaky,
    )


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
