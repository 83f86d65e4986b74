"""What a hunt is about."""

from __future__ import annotations

from dataclasses import dataclass, field

from bisector.git.history import Range
from bisector.patch.model import Series
from bisector.testing.scenario import Known


@dataclass(frozen=True)
class HuntQuestion:
    """A range, what the scenario knows of the bug, and the fix.

    ``blind``: the scenario's knowledge and the patches do not guide the search; ``known`` and
    ``tags`` are empty then. ``tags`` are the scenario's subsystems and ``hint`` is the user's
    guess, see relevance.of(). ``hunks``: reduce the introducing commit to the hunks that cause the
    bug. ``every``: find each change of the verdict, as the bug may have come more than once.
    ``older``: if both ends are bad, go back to a release that is good. ``tries_patch``: the fix is
    tried on each affected release; otherwise it only guides the search.
    """

    range: Range
    known: Known = field(default_factory=Known)
    series: Series | None = None
    blind: bool = False
    tags: tuple[str, ...] = ()
    hint: str = ""
    flaky: bool = False
    hunks: bool = False
    every: bool = False
    older: bool = False
    tries_patch: bool = True
