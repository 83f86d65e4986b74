"""What a survey of releases knows beyond its own verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bisector.record.events import Event
from bisector.record.words import Change


@dataclass(frozen=True)
class Located(Event):
    """The commit ``revision`` made the change ``what`` between two releases next to each other.

    A hunt by the same test has proven it. ``release`` is the first of the two that has it.
    """

    kind: ClassVar[str] = "located"
    what: Change
    revision: str
    release: str
