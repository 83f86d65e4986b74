"""Help texts: usage, description, options in groups with each default once, exit statuses.

plumbum's own form repeats types and defaults, and refers to --help on every line.
"""

from __future__ import annotations

import inspect
import shutil
import textwrap
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from plumbum import cli

if TYPE_CHECKING:
    from bisector.cli.command import Command

MAX_WIDTH = 100  # columns; a longer line is hard to read
MIN_WIDTH = 60
_INDENT = "  "
_COLUMN = 30  # where the descriptions of options begin
_LAST = ("help", "version")

RANGE = "RANGE is A..B, as in git; v2.9 is the tag v2.9.0, and 2.9 the stable branch."


class Group(StrEnum):
    """The headings that options stand under, in this order."""

    TEST = "What to test"
    REVISIONS = "Revisions and patches"
    SEARCH = "Search and proof"
    BUILD = "How to build"
    DECISIONS = "Decisions"
    REPORTS = "Reports"
    CLUSTER = "Cluster"
    GENERAL = "General"


class Option(NamedTuple):
    """An option as the help shows it, e.g. ``--set NAME=VALUE``."""

    label: str
    description: str
    group: str


def option(
    name: str,
    argname: str,
    description: str | Callable[[], str],
    group: Group,
    *,
    default: str | None = None,
    repeatable: bool = False,
) -> Any:
    """An option with a value, *default* if it is not given.

    *description* names the default, since that can be a rule such as "one for each processor". It
    is a function if it takes imports that the command itself does not need.
    """
    made: Any = cli.SwitchAttr(
        name, str, argname=argname, group=group, default=default, list=repeatable
    )
    made._switch_info.help = description  # set here, or plumbum would append the default to it
    return made


def switches(command: Command) -> list[Any]:
    """plumbum's data on the options of *command*, the shared ones first, --help last."""
    known = dict.fromkeys(command._switches_by_name.values())
    shown = [one for one in known if not command.REFUSED.intersection(one.names)]
    return sorted(shown, key=lambda one: any(name in _LAST for name in one.names))


def options(command: Command) -> list[Option]:
    """The options of *command* as its help shows them."""
    return [Option(_label(one), _described(one), one.group) for one in switches(command)]


def render(command: Command) -> str:
    """The whole help of *command* for the terminal's width."""
    width = min(MAX_WIDTH, max(MIN_WIDTH, shutil.get_terminal_size().columns))
    return "\n".join(_lines(command, width)) + "\n"


def usage(command: Command) -> str:
    """How *command* is called, e.g. ``bisector report [OPTIONS] [HUNT]``."""
    if command._subcommands:
        return f"{command.PROGNAME} COMMAND [OPTIONS] [ARGUMENTS]"
    parameters = inspect.signature(command.main).parameters.values()
    return " ".join((str(command.PROGNAME), "[OPTIONS]", *map(_argument, parameters)))


def _argument(parameter: inspect.Parameter) -> str:
    """How an argument is shown: in brackets if it can be left out, with … if there may be more."""
    name = parameter.name.upper()
    if parameter.kind is parameter.VAR_POSITIONAL:
        return f"[{name} …]"
    return name if parameter.default is parameter.empty else f"[{name}]"


def summary(command: type[cli.Application]) -> str:
    """What *command* does, in one line."""
    return inspect.cleandoc(command.__doc__ or "").partition("\n")[0]


def _lines(command: Command, width: int) -> Iterator[str]:
    yield f"Usage: {usage(command)}"
    more = command.DESCRIPTION_MORE.split("\n\n") if command.DESCRIPTION_MORE else ()
    for paragraph in (summary(type(command)), *more):
        yield from ("", *_wrap(paragraph, width))
    if command._subcommands:
        rows = {name: summary(one.get()) for name, one in command._subcommands.items()}
        yield from ("", "Commands:", *_table(rows.items(), width, len(max(rows, key=len)) + 4))
    found = options(command)
    for group in Group:
        if chosen := [(one.label, one.description) for one in found if one.group == group]:
            yield from ("", f"{group}:", *_table(chosen, width, _COLUMN))
    statuses = ((str(status), text) for status, text in command.EXIT_STATUS.items())
    yield from ("", "Exit status:", *_table(statuses, width, len(_INDENT) + 5))


def _table(rows: Iterable[tuple[str, str]], width: int, column: int) -> Iterator[str]:
    """Two columns, the second from *column* on; a label that is too long has its own line."""
    for label, text in rows:
        left = f"{_INDENT}{label}"
        if len(left) + 2 > column:
            yield left
            left = ""
        first, *more = _wrap(text, width - column)
        yield left.ljust(column) + first
        yield from (" " * column + line for line in more)


def _wrap(text: str, width: int) -> list[str]:
    words = " ".join(text.split())
    return textwrap.wrap(words, width, break_long_words=False, break_on_hyphens=False)


def _label(switch: Any) -> str:
    names = ", ".join(f"-{name}" if len(name) == 1 else f"--{name}" for name in switch.names)
    return f"{names} {switch.argname}" if switch.argtype else names


def description(switch: Any) -> str:
    """What an option does; *switch* is one of switches()."""
    text: str = switch.help() if callable(switch.help) else switch.help
    return text


def _described(switch: Any) -> str:
    return f"{description(switch)}; repeatable" if switch.list else description(switch)
