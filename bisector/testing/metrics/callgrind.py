"""What callgrind counted, read from the files that it writes; pure functions.

See "Callgrind Format Specification" in valgrind's manual. A file has costs by line; what a line
calls is counted in the function that is called, too, and so is left out here: a function's costs
are its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

INSTRUCTIONS, SYSCALLS = "Ir", "sysCount"  # callgrind's names of events

_NAME = re.compile(r"\((\d+)\)(?: (.+))?$")
_CYCLE = re.compile(r"'\d+$")  # a function's depth of recursion, at the end of its name
_COSTS = re.compile(r"[\d+*-]")  # how a line with costs begins: a line number, or relative to one

TITLE = "functions, by their own instructions per request:"
_FUNCTION = re.compile(r"^function\| +([\d,.]+) (.+)$", re.M)
_LEAST = 0.1  # instructions per request of a function that is kept in a log


def totals(text: str) -> dict[str, int]:
    """The sum of each event in a file of callgrind's; empty if it is not complete."""
    events = re.search(r"^events: (.+)$", text, re.M)
    sums = re.search(r"^(?:summary|totals): ([\d ]+)$", text, re.M)
    if not events or not sums:
        return {}
    values = [int(word) for word in sums[1].split()]
    names = events[1].split()
    return dict(zip(names, values + [0] * (len(names) - len(values)), strict=False))


def functions(text: str, event: str = INSTRUCTIONS) -> dict[str, int]:
    """The costs of each function itself, by its name, for one event."""
    names: dict[str, str] = {}
    found: dict[str, int] = {}
    column, current, is_call = 0, "", False
    for line in text.splitlines():
        if line.startswith("fn="):
            current = _name(line[3:], names)
        elif line.startswith("cfn="):
            _name(line[4:], names)  # it may be named here first
        elif line.startswith("calls="):
            is_call = True  # the next line has the costs of what is called
        elif line.startswith("events: "):
            events = line.split()[1:]
            column = events.index(event) + 1 if event in events else 0
        elif _COSTS.match(line) and column:
            words = line.split()
            if not is_call and current and len(words) > column and words[column].isdecimal():
                found[current] = found.get(current, 0) + int(words[column])
            is_call = False
    return found


def _name(text: str, names: dict[str, str]) -> str:
    """The function that *text* names: `(12) name`, or `(12)` for one named before."""
    if not (match := _NAME.match(text)):
        return _CYCLE.sub("", text)
    number, name = match.groups()
    if name:
        names[number] = _CYCLE.sub("", name)
    return names.get(number, f"({number})")


def listed(costs: Mapping[str, int], requests: int) -> str:
    """The lines for a log about the functions with these *costs* for so many *requests*."""
    each = {name: cost / requests for name, cost in costs.items()}
    kept = sorted(((n, c) for n, c in each.items() if c >= _LEAST), key=lambda one: (-one[1], one))
    lines = (f"function| {cost:14,.1f} {name}" for name, cost in kept)
    return "\n".join(("", TITLE, *lines, ""))


def of_log(log: str) -> dict[str, float]:
    """The functions in the *log* of a run, with their own instructions per request."""
    _, _, text = log.rpartition(TITLE)
    return {name: float(cost.replace(",", "")) for cost, name in _FUNCTION.findall(text)}
