"""The reason of a failed build, from the output of make and the compiler."""

from __future__ import annotations

import re
from pathlib import Path

from bisector.errors import ProbeFailed
from bisector.system import sizes
from bisector.system.process import Finished

_MAX_MESSAGE = 300  # characters of a compiler's error that are reported

_ERROR = re.compile(
    r"^(\S+:\d+:(?:\d+:)? (?:fatal )?error: .*|.*undefined reference to .*|tcc: error: .*)$", re.M
)
_PLACE = re.compile(r"\S+:\d+:")  # how a message about a line of a file begins
_SOURCE = re.compile(r"((?:src|addons)(?:/[\w-]+)+)\.c:\d+:")
_MAKE_ERROR = re.compile(r"^(\S*Makefile:\d+: \*\*\* .*|make: \*\*\* .*)$", re.M)
# Only at the end of a message that is not indented: the compiler quotes source lines indented.
_MACHINE_FAILED = (
    (re.compile(r"^\S.*(?:No space left on device|Disk quota exceeded)$", re.M), "make room"),
    (
        re.compile(
            r"^\S.*(?:Killed signal terminated program \S+|terminated with signal 9 \[Killed\].*"
            r"|out of memory allocating .*|Cannot allocate memory"
            r"|Resource temporarily unavailable)$",
            re.M,
        ),
        "give it more memory and processes",
    ),
)


def problem(done: Finished, log: Path, sandboxed: bool = False) -> str:
    """The reason in one line: the first error of the compiler, else of make.

    *sandboxed* means that the build ran in a sandbox and that the machine itself did not run out of
    memory or disk; then a message about a lack of them is about the sandbox's limits, or made up by
    the build. Otherwise such a message raises ProbeFailed, as the machine failed, not the source.
    """
    if done.excess:
        return f"the build was stopped: {done.excess}"
    for pattern, hint in _MACHINE_FAILED:
        if message := pattern.search(done.output):
            if sandboxed:
                return f"it exceeds a limit of the sandbox: {_line(message[0])}"
            raise ProbeFailed(f"the build could not run: {message[0]}", f"{hint} (log: {log})")
    if done.timed_out:
        return f"the build took more than {done.seconds:.0f} s"
    if done.status is not None and done.status < 0:
        if sandboxed:
            return f"make was killed in its sandbox by signal {-done.status}"
        raise ProbeFailed(f"make was killed by signal {-done.status}", f"see {log}")
    if error := _ERROR.search(done.output):
        return _line(error[1])
    error = _MAKE_ERROR.search(done.output)
    reason = _line(error[1]) if error else f"make ended with {done.status}, no binary"
    unread = f" ({sizes.show(done.dropped)} in the middle of its output were not read)"
    return reason + unread if done.dropped else reason


def blames_source(problem: str) -> bool:
    """Whether *problem* is an error of the compiler, the linker or make."""
    return bool(_ERROR.match(problem) or _MAKE_ERROR.match(problem))


def failed_object(problem: str) -> str:
    """The object of the source file with a line of which *problem* begins, '' without one."""
    found = _SOURCE.match(problem)
    return f"{found[1]}.o" if found else ""


def names_place(problem: str) -> bool:
    """Whether *problem* begins with a file and a line, as a compiler's error does."""
    return _PLACE.match(problem) is not None


def _line(text: str) -> str:
    return " ".join(text.split())[:_MAX_MESSAGE]
