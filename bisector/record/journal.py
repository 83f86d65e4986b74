"""The append-only record of a job: each event is on the disk before the next decision is taken.

A line is a checksum (CRC-32 in hexadecimal), a space and a JSON object: the event's kind and fields
and the journal's FORMAT. A damaged line, such as one torn by a power cut, is left out; the job
finds out again what it said.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bisector.record.codec import from_dict, to_dict
from bisector.record.events import Event, Probed
from bisector.system.files import explained

# Raised when a field's meaning changes, or a default would say something false of older journals:
# a job goes on only from a journal of its own format. 1, which 0.1.0 wrote, does not say which
# toolchain's verdicts are proof, 2 not in what way a test failed.
FORMAT = 3


class Journal:
    """A job's events, in order; everything appended is also passed to the listeners.

    ``replaced`` is where the journal of another format is now in whose place this one begins.
    """

    def __init__(self, path: Path, replaced: Path | None = None) -> None:
        self.path = path
        self.replaced = replaced
        self.events, self.damaged = read(path)
        self.listeners: list[Callable[[Event], None]] = []
        self._known: dict[tuple[str, int], Probed] = {}
        self._asked: dict[tuple[str, int, str, bool], Probed] = {}
        for event in self.events:
            self._index(event)
        self._whole = not path.exists() or path.read_bytes().endswith(b"\n")

    def append(self, event: Event) -> None:
        """Write *event* to the disk. Raises WorkspaceProblem when the disk refuses."""
        line = encode(event) if self._whole else b"\n" + encode(event)
        with explained(f"cannot write the journal {self.path}"), self.path.open("ab") as sink:
            self._whole = False  # until all of the line is there
            sink.write(line)
            sink.flush()
            os.fsync(sink.fileno())
            self._whole = True
        self.events.append(event)
        self._index(event)
        for listener in self.listeners:
            listener(event)

    def note(self, event: Event) -> None:
        """Append *event* unless the journal has it, from an earlier session of the same job."""
        if event not in self.events:
            self.append(event)

    def recall(self, key: str, run: int) -> Probed | None:
        """The earlier probe with this key and run, for whatever revision it was made."""
        return self._known.get((key, run))

    def asked(self, key: str, run: int, revision: str, patched: bool) -> Probed | None:
        """The earlier probe with this key and run for this very revision."""
        return self._asked.get((key, run, revision, patched))

    def _index(self, event: Event) -> None:
        if isinstance(event, Probed):
            self._known.setdefault((event.key, event.run), event)
            self._asked[event.key, event.run, event.revision, event.patched] = event


def encode(event: Event) -> bytes:
    """The line of an event."""
    table = {"format": FORMAT, **to_dict(event)}
    text = json.dumps(table, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def read(path: Path) -> tuple[list[Event], int]:
    """The events of a journal (none if there is no file), and how many lines cannot be read."""
    events: list[Event] = []
    damaged = 0
    for line in _lines(path):
        try:
            events.append(from_dict(_decoded(line)))
        except (ValueError, RecursionError):
            damaged += 1
    return events, damaged


def format_of(path: Path) -> Any:
    """The format of a journal, as its first undamaged line has it; FORMAT if there is none."""
    for line in _lines(path):
        try:
            table = _decoded(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(table, dict):
            return table.get("format", 1)
    return FORMAT


def _lines(path: Path) -> list[bytes]:
    if not path.exists():
        return []
    with explained(f"cannot read the journal {path}"):
        return [line for line in path.read_bytes().split(b"\n") if line]


def _decoded(line: bytes) -> Any:
    """A line's JSON value. Raises ValueError if the line is damaged, RecursionError."""
    checksum, text = line.split(b" ", 1)
    if int(checksum, 16) != zlib.crc32(text):
        raise ValueError("checksum")
    return json.loads(text)
