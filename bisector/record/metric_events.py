"""The events of a hunt for the commit that changed a metric.

Changes are relative: 0.02 is 2 % more. A metric's values are in its own ``unit``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bisector.record.events import Event


@dataclass(frozen=True)
class FunctionCost:
    """What one function costs at two revisions, without what it calls."""

    name: str
    before: float
    after: float


@dataclass(frozen=True)
class LaidOut:
    """The change between builds whose code lies elsewhere, by these compiler ``options``."""

    options: str
    effect: float
    low: float
    high: float


@dataclass(frozen=True)
class Compared(Event):
    """Two revisions that were measured in turns, with a toolchain that is proof.

    ``before`` and ``after`` are the mean values, ``effect`` is the change from one to the other and
    ``low`` to ``high`` its interval of 99 % confidence; ``runs`` were made of each. ``doubt`` says
    why this does not prove a change, '' if it does. ``functions`` are those whose own cost changed
    most, the largest first; empty if that is not known. ``layouts`` are further comparisons, which
    are made if the metric can depend on where the code lies. ``relative``: the values are multiples
    of what *old* takes beside them.
    """

    kind: ClassVar[str] = "compared"
    old: str
    new: str
    before: float
    after: float
    effect: float
    low: float
    high: float
    runs: int
    toolchain: str
    doubt: str = ""
    functions: tuple[FunctionCost, ...] = ()
    layouts: tuple[LaidOut, ...] = ()
    relative: bool = False

    @property
    def proven(self) -> bool:
        return not self.doubt


@dataclass(frozen=True)
class Shifted(Event):
    """A change of the metric that the search found: one commit, or all those that may have made it.

    ``revisions``, ``subjects`` and ``places`` are those of Found. ``effect`` is the estimated
    change, ``probability`` that of a change that counts, here rather than elsewhere. ``part``
    numbers the changes, the first found being 1.
    """

    kind: ClassVar[str] = "shifted"
    revisions: tuple[str, ...]
    subjects: tuple[str, ...]
    places: tuple[str, ...]
    parent: str
    effect: float
    probability: float
    part: int
    toolchain: str

    @property
    def revision(self) -> str:
        """The full hash of the first revision after the change."""
        return self.revisions[-1]


@dataclass(frozen=True)
class Searched(Event):
    """The end of the search: how likely it is that no other commit changes the metric so much.

    ``threshold`` is the change that was asked for, ``probability`` that of no other one as large,
    ``measured`` the number of revisions that were measured.
    ``relative``: their values are multiples of what the range's old end takes beside them.
    """

    kind: ClassVar[str] = "searched"
    metric: str
    unit: str
    threshold: float
    probability: float
    measured: int
    toolchain: str
    relative: bool = False
