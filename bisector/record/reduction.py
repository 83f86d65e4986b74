"""What came of making a test's file smaller."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bisector.record.events import Probed
from bisector.record.verdict import Verdict


@dataclass(frozen=True)
class Shortened:
    """The file called ``name`` of ``test``, made smaller, and its proof.

    ``before`` and ``after`` are the contents, ``trials`` and ``seconds`` what it took in all
    sessions. ``unfinished`` says why more may be left out, '' if none of its lines can. ``bad`` and
    ``good`` are the runs with the result at the two revisions, ``out`` is where it was written.
    """

    name: str
    test: str
    before: bytes
    after: bytes
    trials: int
    seconds: float
    unfinished: str
    bad: tuple[Probed, ...]
    good: tuple[Probed, ...]
    out: Path

    @property
    def proven(self) -> bool:
        """Whether each run with the result gave the verdict that it should."""
        return holds(self.bad, self.good)


def holds(bad: tuple[Probed, ...], good: tuple[Probed, ...]) -> bool:
    """Whether all runs of the one revision are bad, and all of the other good."""
    return all(run.verdict is Verdict.BAD for run in bad) and all(
        run.verdict is Verdict.GOOD for run in good
    )
