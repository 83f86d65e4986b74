"""`bisector completions SHELL`"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, ClassVar

from bisector.cli.command import Command
from bisector.cli.help import description, summary, switches
from bisector.errors import UsageProblem
from bisector.report.completions import SHELLS, CommandWords, Option

_FILES = ("FILE", "FOLDER", "DIR", "PATH")  # in the name of an argument that may be a file


class Completions(Command):
    """Print a script that lets a shell complete commands and options"""

    DESCRIPTION_MORE = """
SHELL is bash, zsh or fish. Put the script where the shell looks for it:

bash: ~/.local/share/bash-completion/completions/bisector

zsh: _bisector in a folder of $fpath

fish: ~/.config/fish/completions/bisector.fish"""
    EXIT_STATUS: ClassVar = {0: "done", 2: "no such shell"}

    def main(self, shell: str) -> int:
        if shell not in SHELLS:
            raise UsageProblem(f"no completions for '{shell}'", f"for {', '.join(SHELLS)}")
        print(SHELLS[shell](list(_commands()), self.VERSION), end="")
        return 0


def _commands() -> Iterator[CommandWords]:
    from bisector.cli import Bisector

    values = _values()
    for name, found in Bisector("bisector")._subcommands.items():
        command = found.get()(name)
        assert isinstance(command, Command)
        argument = next(iter(inspect.signature(command.main).parameters), "")
        options = tuple(_option(one, values) for one in switches(command))
        yield CommandWords(name, summary(type(command)), options, values.get(argument, ()))


def _values() -> dict[str, tuple[str, ...]]:
    """What can be proposed for an option or an argument of this name."""
    from bisector.build.toolchains import TOOLCHAINS
    from bisector.probing.options import AUTO, NONE
    from bisector.testing import scenario_loader

    proofs = (kind.name for kind in TOOLCHAINS.values() if kind.is_real)
    scenarios = tuple(scenario_loader.bundled())
    return {
        "toolchain": (AUTO, *TOOLCHAINS),
        "confirm": (*proofs, NONE),
        "scenario": scenarios,
        "name": scenarios,  # of `bisector scenarios`
        "shell": tuple(SHELLS),
    }


def _option(switch: Any, values: dict[str, tuple[str, ...]]) -> Option:
    name = max(switch.names, key=len)
    argument = str(switch.argname) if switch.argtype else ""
    alternatives = argument.split("|")
    fixed = tuple(alternatives) if argument.islower() and len(alternatives) > 1 else ()
    return Option(
        f"--{name}",
        description(switch),
        argument,
        values.get(name, fixed) if argument else (),
        any(word in _FILES for word in alternatives),
        bool(switch.list),
    )
