"""Seconds by stage, taken from the outside: bisector's functions are wrapped while it is measured.

A stage's seconds are its own, without those of the stages that it calls.
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
from bisector.system import cache, process

MAKE, VTEST = "make", "VTest"
RUN = "start a child, clean up after it"
_PROGRAMS = {"make": MAKE, "gmake": MAKE, "haproxy": "boot check"}

# where a function is looked up when it is called, its name there, and the stage
WRAPPED: tuple[tuple[Any, str, str], ...] = (
    (prober, "key_of", "key"),
    (binaries, "build_key", "key"),
    (prober, "recall", "look for the verdict"),
    (binaries, "_cached", "look for the binary"),
    (build_tree.BuildTree, "checkout", "checkout"),
    (build_tree.BuildTree, "keep", "checkout"),
    (tcc, "boots", "boot check"),
    (binaries, "_store", "store the binary"),
    (binaries, "_content", "digest of the binary"),
    (cache, "trim", "trim the cache"),
    (probe, "classify", "classify"),
    (probe, "remember", "keep the verdict"),
    (journal.Journal, "append", "journal"),
    (process, "read_log", "read the log"),
    (process, "_kill_members", "look for survivors"),
    (process, "run", RUN),
)


class Clock:
    """Collects seconds by stage, of one thread, until somebody takes them."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._inner: list[float] = []  # the stages within the present one
        self._program = ""

    def take(self) -> dict[str, float]:
        """The seconds since the last time."""
        taken = dict(self._seconds)
        self._seconds.clear()
        return taken

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """What goes on in here belongs to *name*, but for the stages that are entered there."""
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
        """Measure bisector's functions as long as this lasts."""
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
        """process.run, which notes which program the waiting is for."""

        def noted(argv: Any, **named: Any) -> Any:
            self._program = program(argv[0])
            return function(argv, **named)

        return noted

    def _waiting(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """process._wait: while it lasts, the program runs."""

        def waited(*args: Any) -> Any:
            with self.stage(self._program):
                return function(*args)

        return waited


def program(path: str | Path) -> str:
    """The stage that a program's time belongs to."""
    name = Path(path).name
    return _PROGRAMS.get(name, VTEST if "test" in name else name)
