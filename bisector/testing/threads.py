"""Whether a test asks for threads, by its text: a binary without threads may not show its bug."""

from __future__ import annotations

import re

# More than one thread or group. Upstream's reg-tests have `thread-groups 1` as the least.
_NUMBERS = re.compile(r"^[^#\n]*\b(?:nbthread|thread-groups)[ \t]+(\d+)", re.M)
_BOUND = re.compile(r"^[ \t]*bind\b[^#\n]*[ \t]thread[ \t]+\S", re.M)

# The commands of VTest that have -start and the like, and what they say.
_COMMANDS = re.compile(
    r"^[ \t]*(client|server|haproxy|syslog|process|logexpect)[ \t]+(\w+)"
    r"|(?<=[\s}])-(start|wait|run)\b",
    re.M,
)


def wants_threads(text: str) -> bool:
    """Whether *text*, a VTest case, a script or a configuration, asks for threads.

    It sets more than one, binds a listener to some, or has two clients at the same time.
    """
    return (
        any(int(number) > 1 for number in _NUMBERS.findall(text))
        or _BOUND.search(text) is not None
        or _has_concurrent_clients(text)
    )


def _has_concurrent_clients(text: str) -> bool:
    """Whether a client of a VTest case is started while another one may still be running."""
    running: set[str] = set()
    kind = name = ""
    for found in _COMMANDS.finditer(text):
        if found[1]:
            kind, name = found[1], found[2]
        elif kind == "client" and found[3] == "wait":
            running.discard(name)
        elif kind == "client":
            if running - {name}:
                return True
            if found[3] == "start":
                running.add(name)
    return False
