"""Repositories that stand in for those that HAProxy publishes."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from bisector.git import upstream
from bisector.git.history import History
from bisector.git.mirrors import Mirrors
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

HOUR = 3600


class Upstream:
    """A repository that stands in for upstream's, and a workspace that has a clone of it."""

    def __init__(self, folder: Path) -> None:
        self.repo = Clone(folder / "upstream.git", bare=True)
        self.url = f"file://{self.repo.path}"
        self.workspace = Workspace(folder / "workspace")
        self.progress: list[str] = []
        self.notes: list[str] = []

    @property
    def home(self) -> Path:
        return self.workspace.root / "upstream" / "haproxy.git"

    def find(
        self,
        named: str | None = None,
        environ: dict[str, str] | None = None,
        beside: Sequence[str] = (),
        offline: bool = False,
    ) -> History:
        mirrors = Mirrors(self.workspace, self.progress.append, self.notes.append, offline)
        stable = f"file://{self.repo.path.parent}/haproxy-{{name}}.git"
        return upstream.find(named, beside, environ or {}, mirrors, self.url, stable)

    def tip(self) -> str:
        """What a command of its own takes for master."""
        return self.find().resolve("master").id

    def age(self, seconds: float) -> None:
        """Let the last fetch be so long ago."""
        stamp = time.time() - seconds
        os.utime(self.home / "bisector-fetched", (stamp, stamp))

    def vanish(self) -> None:
        self.repo.path.rename(self.repo.path.with_suffix(".gone"))
