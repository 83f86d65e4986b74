"""A test case of a JUnit report."""

from __future__ import annotations

from dataclasses import dataclass

FAILURE, ERROR, SKIPPED = "failure", "error", "skipped"


@dataclass(frozen=True)
class Case:
    """A test case. ``what`` is FAILURE, ERROR, SKIPPED, or '' if it passed; times are seconds.

    ``message`` and ``text`` are for cases that did not pass, ``output`` is for all.
    """

    group: str
    name: str
    what: str = ""
    message: str = ""
    text: str = ""
    seconds: float = 0.0
    output: str = ""
