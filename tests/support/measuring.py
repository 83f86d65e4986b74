"""An oracle that measures nothing: a made-up machine gives the samples."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from bisector.record.verdict import Ruling
from bisector.testing.oracle import Oracle, Trial


@dataclass(frozen=True)
class MadeUp(Oracle):
    """Counts steps, or, if it is ``disturbed`` by load, takes times in turns with ``reference``."""

    disturbed: bool = False
    reference: tuple[str, str] = ("", "")

    @property
    def unit(self) -> str:
        return "steps per request"

    @property
    def is_disturbed_by_load(self) -> bool:
        return self.disturbed

    def against(self, binary: Path, content: str) -> Self:
        return replace(self, reference=(str(binary), content))

    def run(self, trial: Trial) -> Ruling:
        raise NotImplementedError
