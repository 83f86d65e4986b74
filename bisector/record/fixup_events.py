"""The event about a fixup, which is what was picked onto revisions that cannot be judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bisector.record.events import Event


@dataclass(frozen=True)
class Unfair(Event):
    """The verdicts with the fixup of this name are not used, because of ``why``."""

    kind: ClassVar[str] = "unfair fixup"
    fixup: str
    why: str

    @property
    def text(self) -> str:
        """The event in one sentence."""
        return f"verdicts with {self.fixup} picked onto a revision are not used: {self.why}"
