"""A VTest case's text, changed so that HAProxy runs longer or does the same again.

The functions are pure, but for `inlined`, which reads files.

VTest executes the commands of a case one after another, and stops what still runs at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bisector.errors import ScenarioProblem
from bisector.testing import links

ENDLESS = 1_000_000  # connections that a server takes, which without -repeat takes one

_SERVER = re.compile(r"^server\s")
_STARTS_HAPROXY = re.compile(r"^haproxy\s.*\s-start\b", re.S)
_OWN_COUNT = re.compile(r"\s-(?:repeat|dispatch|wait)\b")
_INCLUDE = re.compile(r"^include[ \t]+(\S.*)$", re.M)  # not within the braces of another command
_IN_TESTDIR = re.compile(r'"?\$\{testdir\}/([^"$]+)"?')
_TESTDIR = re.compile(r"\$\{testdir\}")


def moved(text: str, folder: str) -> str:
    """The case *text* for another folder: what it finds by ${testdir} stays in *folder*."""
    return _TESTDIR.sub(lambda _: folder, text)


def inlined(text: str, folder: Path, depth: int = 8) -> str:
    """The case *text* with each file that it includes in place of the command `include`.

    Files are named as ${testdir}/NAME, which is in *folder*. A command stays if a file of it cannot
    be read or is no companion that a test may have, or if it is nested deeper than *depth*.
    """

    def contents(command: re.Match[str]) -> str:
        try:
            parts = [_included(name, folder) for name in command[1].split()]
        except (OSError, ValueError, ScenarioProblem):
            return command[0]
        return "\n".join(inlined(part, folder, depth - 1) for part in parts)

    return _INCLUDE.sub(contents, text) if depth else text


def _included(name: str, folder: Path) -> str:
    """The text of an included file.

    Raises OSError, ValueError if its *name* is of another form, ScenarioProblem if it is forbidden.
    """
    if not (found := _IN_TESTDIR.fullmatch(name)):
        raise ValueError(name)
    links.check(folder / found[1], folder)
    return (folder / found[1]).read_text(encoding="utf-8", errors="replace")


def lingering(text: str, seconds: float) -> str:
    """The case *text*, at the end of which all goes on to run for some *seconds*."""
    return f"{text.rstrip()}\n\ndelay {seconds:g}\n"


def repeated(text: str, times: int, every: int, between: str) -> str:
    """The case *text*, with what comes after HAProxy's start done so many *times*.

    After each *every* times comes the command *between*. Servers that are started before go on to
    take connections. Raises ScenarioProblem if there is nothing to repeat.
    """
    parts = list(commands(text))
    starts = [at for at, part in enumerate(parts) if _STARTS_HAPROXY.search(part)]
    head = parts[: starts[-1] + 1] if starts else parts
    servers = {part.split()[1] for part in head if _SERVER.match(part)}
    body = [part for part in parts[len(head) :] if not _is_wait(part, servers)]
    if not body:
        what = "nothing to repeat in this case"
        raise ScenarioProblem(what, "it has no command after the start of HAProxy")
    again = [
        line
        for number in range(1, times + 1)
        for line in (*body, *([between] if number % every == 0 else ()))
    ]
    return "\n".join([*map(_endless, head), *again, ""])


def commands(text: str) -> Iterator[str]:
    """The commands of a case, each with its arguments, without the comments between them.

    As in VTest, quotes mean nothing within braces, and a newline ends a command only outside of
    both.
    """
    at = begin = depth = 0
    while at < len(text):
        char = text[at]
        if depth:
            depth += {"{": 1, "}": -1}.get(char, 0)
        elif char == "{":
            depth = 1
        elif char == "\\":
            at += 1
        elif char == '"':
            at = _end_of_string(text, at)
        elif char == "\n" or (char == "#" and not text[begin:at].strip()):
            if command := text[begin:at].strip():
                yield command
            at = text.find("\n", at) if "\n" in text[at:] else len(text)
            begin = at + 1
        at += 1
    if command := text[begin:].strip():
        yield command


def _end_of_string(text: str, at: int) -> int:
    """The index of the quote that ends the string which begins at *at*."""
    found = re.compile(r'"(?:[^"\\]|\\.)*"', re.S).match(text, at)
    return found.end() - 1 if found else len(text)


def _endless(command: str) -> str:
    """*command*, in which a server takes any number of connections."""
    if not _SERVER.match(command) or _OWN_COUNT.search(command):
        return command
    return re.sub(r"\s-start\b", f" -repeat {ENDLESS} -start", command)


def _is_wait(command: str, servers: set[str]) -> bool:
    """Whether *command* only waits for one of *servers*, which do not end any more."""
    words = command.split()
    return words[0] == "server" and words[1] in servers and words[2:] == ["-wait"]
