"""Faults and their outcomes, and how they are shown."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bisector.system.workspace import Workspace


@dataclass(frozen=True)
class Context:
    """What the experiments of a module share: ``folder`` is theirs, and empty."""

    folder: Path

    @property
    def workspace(self) -> Workspace:
        """Where real tools are fetched to: the one that $BISECTOR_TEST_WORKSPACE names."""
        named = os.environ.get("BISECTOR_TEST_WORKSPACE") or str(self.folder / "workspace")
        return Workspace.open({"BISECTOR_WORKSPACE": named})


@dataclass(frozen=True)
class Experiment:
    """A *fault* that was brought about ``tried`` times and did no harm ``survived`` times.

    ``detail`` says what was lost, or, in a few words, what the trials had in common.
    """

    fault: str
    tried: int
    survived: int
    detail: str = ""

    @property
    def lost(self) -> int:
        return self.tried - self.survived


def render(experiments: Iterable[Experiment]) -> str:
    """The table of faults by outcome, with a line of totals."""
    rows = list(experiments)
    total = Experiment("all", sum(row.tried for row in rows), sum(row.survived for row in rows))
    width = max(len(row.fault) for row in (*rows, total))
    lines = [f"{'fault':{width}}  tried  survived  lost"]
    for row in (*rows, total):
        line = f"{row.fault:{width}}  {row.tried:5}  {row.survived:8}  {row.lost:4}  {row.detail}"
        lines.append(line.rstrip())
    return "\n".join(lines)
