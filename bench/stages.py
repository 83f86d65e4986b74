"""Seconds by stage of a probe, measured by temporarily wrapping bisector's functions.

The seconds of a stage do not include those of the stages that it calls.
"""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bisector.build import binaries, build_tree, tcc
from bisector.probing import probe, prober
from bisector.record import journal
from bisector.system import cache, process, session
from bisector.testing.oracles import vtest_case

MAKE, VTEST = "make", "VTest"
RUN = "start a child, clean up after it"
_PROGRAMS = {"make": MAKE, "gmake": MAKE, "haproxy": "boot check"}

# the object on which a function is looked up at a call, its name there, and the stage
WRAPPED: tuple[tuple[Any, str, str], ...] = (
    (prober, "key_of", "key"),
    (binaries, "build_key", "key"),
    (prober, "recall", "look for the verdict"),
    (binaries, "_cached", "look for the binary"),
    (build_tree.BuildTree, "checkout", "checkout"),
    (build_tree.BuildTree, "trust", "checkout"),
    (tcc, "boots", "boot check"),
    (binaries, "_store", "store the binary"),
    (binaries, "_content", "digest of the binary"),
    (cache, "trim", "trim the cache"),
    (vtest_case, "classify", "classify"),
    (probe, "remember", "keep the verdict"),
    (journal.Journal, "append", "journal"),
    (process, "read_log", "read the log"),
    (session, "kill", "look for survivors"),
    (process, "run", RUN),
)


class Clock:
    """Accumulates seconds by stage in one thread."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._inner: list[float] = []  # seconds of the stages within the current one
        self._program = ""

    def take(self) -> dict[str, float]:
        """The seconds by stage since the last call; resets them."""
        taken = dict(self._seconds)
        self._seconds.clear()
        return taken

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time within the context for *name*, except that of stages entered in it."""
        outer, self._inner = self._inner, []
        started = time.monotonic()
        try:
            yield
        finally:
            whole = time.monotonic() - started
            self._seconds[name] += whole - sum(self._inner)
            self._inner = [*outer, whole]

    @contextmanager
    def wrapping(self) -> Iterator[None]:
        """Measure bisector's functions within the context."""
        kept = [(place, name, getattr(place, name)) for place, name, _ in WRAPPED]
        waiting = process._wait
        try:
            for (place, name, stage), (_, _, function) in zip(WRAPPED, kept, strict=True):
                setattr(place, name, self._wrapped(function, stage))
            process.run = self._noting(process.run)
            process._wait = self._waiting(waiting)
            yield
        finally:
            for place, name, function in kept:
                setattr(place, name, function)
            process._wait = waiting

    def _wrapped(self, function: Callable[..., Any], stage: str) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*args: Any, **named: Any) -> Any:
            with self.stage(stage):
                return function(*args, **named)

        return timed

    def _noting(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """process.run that records the program, for _waiting."""

        def noted(argv: Any, **named: Any) -> Any:
            self._program = program(argv[0])
            return function(argv, **named)

        return noted

    def _waiting(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """process._wait whose time is counted for the running program."""

        def waited(*args: Any) -> Any:
            with self.stage(self._program):
                return function(*args)

        return waited


def program(path: str | Path) -> str:
    """The stage for which a program's time is counted."""
    name = Path(path).name
    return _PROGRAMS.get(name, VTEST if "test" in name else name)
