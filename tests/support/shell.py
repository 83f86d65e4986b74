"""Run bisector's command line in this process."""

from __future__ import annotations

import pytest

from bisector.cli import main


class Shell:
    """Runs a command line and keeps its output."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture
        self.out = self.err = ""

    def __call__(self, *words: str) -> int:
        status = main(["bisector", *words])
        self.out, self.err = self._capture.readouterr()
        return status

    def complaint(self) -> str:
        """The only line on stderr; there is nothing else."""
        assert self.out == ""
        (line,) = self.err.splitlines()
        assert line.startswith("bisector: ")
        return line
