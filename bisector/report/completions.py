"""Completions of the command line as scripts for bash, zsh and fish.

They hold all options of the version that made them, so that no program runs at the Tab key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

_WIDTH = 70  # characters of a description, which stands beside the option

_BASH = """\
# completions of bisector {version} for bash, from 'bisector completions bash'
_bisector() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} words=
    if ((COMP_CWORD == 1)); then
        words={commands}
    else
        case ${{COMP_WORDS[1]}} in
{cases}
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}}
complete -o default -F _bisector bisector  # where nothing fits, names of files
"""
_BASH_CASE = """\
        {name})
            case $before in
{values}\
            *) if [[ $word == -* ]]; then words={options}; else words={arguments}; fi ;;
            esac
            ;;"""

_ZSH = """\
#compdef bisector
# completions of bisector {version} for zsh, from 'bisector completions zsh'
_bisector() {{
    local -a commands=(
{commands}
    )
    if ((CURRENT == 2)); then
        _describe command commands
        return
    fi
    local command=$words[2]
    shift words
    ((CURRENT--))
    case $command in
{cases}
    esac
}}
if [[ $funcstack[1] == _bisector ]]; then _bisector "$@"; else compdef _bisector bisector; fi
"""


@dataclass(frozen=True)
class Option:
    """An option: its ``name`` with dashes, and the ``argument`` that it takes, '' for none.

    ``values`` are those that can be proposed. It may also name a file if ``is_file`` is set.
    """

    name: str
    description: str
    argument: str = ""
    values: tuple[str, ...] = ()
    is_file: bool = False
    repeatable: bool = False


@dataclass(frozen=True)
class CommandWords:
    """What can stand behind a command: its options, and the ``values`` of its argument."""

    name: str
    summary: str
    options: tuple[Option, ...]
    values: tuple[str, ...] = ()


def bash(commands: Sequence[CommandWords], version: str) -> str:
    """The script for bash."""
    names = _quoted(" ".join(command.name for command in commands))
    cases = "\n".join(map(_bash_case, commands))
    return _BASH.format(version=version, commands=names, cases=cases)


def zsh(commands: Sequence[CommandWords], version: str) -> str:
    """The script for zsh, which can be sourced or put into a folder of $fpath as _bisector."""
    names = (_quoted(f"{command.name}:{command.summary}") for command in commands)
    return _ZSH.format(
        version=version,
        commands="\n".join(f"        {name}" for name in names),
        cases="\n".join(map(_zsh_case, commands)),
    )


def fish(commands: Sequence[CommandWords], version: str) -> str:
    """The script for fish."""
    lines = [f"# completions of bisector {version} for fish, from 'bisector completions fish'"]
    for command in commands:
        words = f"-a {command.name} -d {_quoted(command.summary, fish=True)}"
        lines.append(f"complete -c bisector -f -n __fish_use_subcommand {words}")
    for command in commands:
        seen = f"complete -c bisector -n '__fish_seen_subcommand_from {command.name}'"
        lines += [f"{seen} {_fish_option(option)}" for option in command.options]
        if command.values:
            lines.append(f"{seen} -f -a {_quoted(' '.join(command.values), fish=True)}")
    return "\n".join([*lines, ""])


SHELLS: Mapping[str, Callable[[Sequence[CommandWords], str], str]] = {
    "bash": bash,
    "zsh": zsh,
    "fish": fish,
}


def _bash_case(command: CommandWords) -> str:
    valued = [option for option in command.options if option.argument]
    lines = [
        f"            {option.name}) words={_quoted(' '.join(option.values))} ;;\n"
        for option in valued
        if option.values
    ]
    if others := " | ".join(option.name for option in valued if not option.values):
        lines.append(f"            {others}) ;;\n")
    return _BASH_CASE.format(
        name=command.name,
        values="".join(lines),
        options=_quoted(" ".join(option.name for option in command.options)),
        arguments=_quoted(" ".join(command.values)),
    )


def _zsh_case(command: CommandWords) -> str:
    arguments = f"({' '.join(command.values)})" if command.values else "_default"
    specs = [*map(_zsh_option, command.options), f"*:argument:{arguments}"]
    lines = " \\\n".join(f"            {_quoted(spec)}" for spec in specs)
    return f"    {command.name})\n        _arguments \\\n{lines}\n        ;;"


def _zsh_option(option: Option) -> str:
    text = _brief(option.description).replace("[", r"\[").replace("]", r"\]")
    spec = f"{'*' if option.repeatable else ''}{option.name}[{text}]"
    if not option.argument:
        return spec
    words = " ".join(option.values)
    if option.is_file:
        action = f"{{compadd -- {words}; _files}}" if words else "_files"
    else:
        action = f"({words})" if words else " "
    return f"{spec}:{option.argument}:{action}"


def _fish_option(option: Option) -> str:
    words = [f"-l {option.name.removeprefix('--')}"]
    if option.argument:
        words.append("-r -F" if option.is_file else "-x")
    if option.values:
        words.append(f"-a {_quoted(' '.join(option.values), fish=True)}")
    return " ".join([*words, f"-d {_quoted(_brief(option.description), fish=True)}"])


def _brief(text: str) -> str:
    """*text* without its default, shortened to one line beside an option."""
    text = text.partition(" (default")[0]
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1].rpartition(' ')[0]}…"


def _quoted(text: str, fish: bool = False) -> str:
    """*text* in single quotes."""
    text = text.replace("\\", "\\\\") if fish else text
    return "'{}'".format(text.replace("'", "\\'" if fish else "'\\''"))
