"""What a hunt for the change of a metric is about."""

from __future__ import annotations

from dataclasses import dataclass

from bisector.build.toolchain import Toolchain
from bisector.git.history import Range

THRESHOLD = 0.02


@dataclass(frozen=True)
class MetricQuestion:
    """A range, and the smallest relative change to look for; ``every`` one, or the largest alone.

    ``hint`` is the user's guess, see relevance.of(). ``proof`` is the toolchain that confirms what
    was found, None for none.
    """

    range: Range
    proof: Toolchain | None
    threshold: float = THRESHOLD
    every: bool = False
    hint: str = ""
