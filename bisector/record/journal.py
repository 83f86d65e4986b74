"""The append-only record of a hunt: each event is on the disk before the next decision is taken.

A line is the event's JSON and its checksum. A line that was torn by a power cut or damaged since is
left out, and what it said is found out again.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable
from pathlib import Path

from bisector.record.codec import from_dict, to_dict
from bisector.record.events import Event, Probed
from bisector.system.workspace import explained


class Journal:
    """A hunt's events, in order; everything appended is also told to the listeners."""

    def __init__(self, path: Path) -> None:
        self.path = path
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
        """Append *event* unless an earlier session of the same hunt did."""
        if event not in self.events:
            self.append(event)

    def recall(self, key: str, run: int) -> Probed | None:
        """The verdict on a question that this hunt asked before, be it for another revision."""
        return self._known.get((key, run))

    def asked(self, key: str, run: int, revision: str, patched: bool) -> Probed | None:
        """The verdict on a question that this hunt asked before for this very revision."""
        return self._asked.get((key, run, revision, patched))

    def _index(self, event: Event) -> None:
        if isinstance(event, Probed):
            self._known.setdefault((event.key, event.run), event)
            self._asked[event.key, event.run, event.revision, event.patched] = event


def encode(event: Event) -> bytes:
    """An event as a journal's line."""
    text = json.dumps(to_dict(event), separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def read(path: Path) -> tuple[list[Event], int]:
    """The events of a journal (none if there is no file), and how many lines are damaged."""
    if not path.exists():
        return [], 0
    events: list[Event] = []
    damaged = 0
    with explained(f"cannot read the journal {path}"):
        lines = path.read_bytes().split(b"\n")
    for line in filter(None, lines):
        try:
            checksum, text = line.split(b" ", 1)
            if int(checksum, 16) != zlib.crc32(text):
                raise ValueError("checksum")
            events.append(from_dict(json.loads(text)))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            damaged += 1
    return events, damaged
