"""Why a build made no binary, by what make and the compiler said of it."""

from __future__ import annotations

import re
from pathlib import Path

from bisector.errors import ProbeFailed
from bisector.system import sizes
from bisector.system.process import Finished

MOST = 300  # characters of a compiler's error that are told

_ERROR = re.compile(
    r"^(\S+:\d+:(?:\d+:)? (?:fatal )?error: .*|.*undefined reference to .*|tcc: error: .*)$", re.M
)
_PLACE = re.compile(r"\S+:\d+:")  # a message about a source file begins with
_MAKE_ERROR = re.compile(r"^(\S*Makefile:\d+: \*\*\* .*|make: \*\*\* .*)$", re.M)
# at the end of a message of the compiler's; the source lines that it quotes are indented
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


def problem(done: Finished, log: Path, apart: bool = False) -> str:
    """The compiler's own first error, in one line.

    *apart* says that it was built in a sandbox and that the machine lacked nothing: then what
    fails for want of something went beyond the sandbox's limits, or says what is not true.
    Raises ProbeFailed when the machine failed, not the source.
    """
    if done.excess:
        return f"the build was stopped: {done.excess}"
    for pattern, hint in _MACHINE_FAILED:
        if said := pattern.search(done.output):
            if apart:
                return f"beyond what its sandbox allows: {_line(said[0])}"
            raise ProbeFailed(f"the build could not run: {said[0]}", f"{hint} (log: {log})")
    if done.timed_out:
        return f"the build took more than {done.seconds:.0f} s"
    if done.status is not None and done.status < 0:
        if apart:
            return f"make was killed in its sandbox by signal {-done.status}"
        raise ProbeFailed(f"make was killed by signal {-done.status}", f"see {log}")
    if said := _ERROR.search(done.output):
        return _line(said[1])
    said = _MAKE_ERROR.search(done.output)
    what = _line(said[1]) if said else f"make ended with {done.status}, no binary"
    unread = f" ({sizes.show(done.dropped)} in the middle of its output were not looked into)"
    return what + unread if done.dropped else what


def names_place(problem: str) -> bool:
    """Is it an error at some line of a file?"""
    return _PLACE.match(problem) is not None


def _line(text: str) -> str:
    return " ".join(text.split())[:MOST]
