"""Oracles that run another oracle, and judge HAProxy by something else than the test's result.

Each kind is a subclass in :mod:`bisector.testing.oracles`.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from bisector.record.verdict import Ruling
from bisector.system.files import digest, explained
from bisector.system.process import OUTPUT_BYTES, read_log
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace
from bisector.testing.oracle import Oracle, Trial
from bisector.testing.own_file import Files, OwnFile


@dataclass(frozen=True)
class Wrapper(Oracle):
    """An oracle around ``inner``, a test of the user's own.

    Its ``option`` is given together with the inner test's. The patterns of --bad-if and --skip-if
    are the inner test's.
    """

    inner: OwnFile

    @classmethod
    @abstractmethod
    def around(cls, inner: OwnFile, value: str) -> Self:
        """The oracle for ``--option VALUE`` around *inner*. Raises UsageProblem."""

    @classmethod
    def name_around(cls, inner: OwnFile) -> str:
        """The name in reports of this kind of oracle around *inner*."""
        return f"{inner.name} ({cls.option})"

    def run_inner(self, trial: Trial) -> tuple[Ruling, str]:
        """Run the inner test once: its own ruling, and its log.

        Raises WorkspaceProblem if the log cannot be read, and what the inner test raises.
        """
        ruling = self.inner.run(trial)
        with explained(f"cannot read {trial.log}"):
            log, _ = read_log(trial.log, OUTPUT_BYTES)
        return ruling, log

    @property
    def wants_threads(self) -> bool:
        """Whether the inner test asks for threads."""
        return self.inner.wants_threads

    @property
    def needs_vtest(self) -> bool:
        """Whether the inner test requires VTest."""
        return self.inner.needs_vtest

    @property
    def features(self) -> frozenset[str]:
        """Those that the inner test asks for."""
        return self.inner.features

    @property
    def words(self) -> frozenset[str]:
        """Those of the inner test."""
        return self.inner.words

    def find_tools(self, workspace: Workspace) -> tuple[Tool, ...]:
        """Those of the inner test. Raises MissingProgram."""
        return self.inner.find_tools(workspace)

    def conditions(self) -> tuple[str, ...]:
        """Those of the inner test."""
        return self.inner.conditions()

    def files_of_user(self) -> Files:
        """Those of the inner test. Raises WorkspaceProblem if one cannot be read."""
        return self.inner.files_of_user()

    def at(self, revision: str) -> Self:
        inner = self.inner.at(revision)
        if inner is self.inner:
            return self
        return replace(self, inner=inner, digest=digest(self.digest, revision))

    def moved_to(self, folder: Path) -> Self:
        return replace(self, inner=self.inner.moved_to(folder))
