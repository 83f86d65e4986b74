"""From a command's switches to the plain data that the work is done with."""

from __future__ import annotations

from dataclasses import replace

from bisector.cli.command import RepoCommand, TestCommand
from bisector.session import Options


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
    )
