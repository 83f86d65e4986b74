"""What a reduction keeps on the disk, so that the same command continues it after a kill."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bisector.errors import WouldOverwrite
from bisector.system.files import digest, explained
from bisector.system.workspace import Workspace

_KEY = 16  # hexadecimal digits that tell candidates apart


@dataclass(frozen=True)
class Tally:
    """How much was tried so far, in all sessions."""

    trials: int = 0
    seconds: float = 0.0


class Kept:
    """The smallest text so far, and the candidates that were rejected, in the folder *home*.

    The text is written whole or not at all. The digests of rejected candidates are appended without
    waiting for the disk: one that is lost is tried again.
    """

    def __init__(self, workspace: Workspace, home: Path, *, fresh: bool) -> None:
        self._workspace = workspace
        self._best, self._rejects = home / "best", home / "rejected"
        self._state, self._written = home / "tally", home / "written"
        if fresh:
            with explained(f"cannot write {home}"):
                for path in (self._best, self._rejects, self._state):
                    path.unlink(missing_ok=True)
        self.tally = self._read_tally()
        self._rejected = self._keys(self._rejects)

    @property
    def best(self) -> bytes:
        """The smallest text so far; empty if there is none yet."""
        return self._read(self._best)

    def keep(self, text: bytes) -> None:
        """Record *text* as the smallest one. Raises WorkspaceProblem."""
        self._workspace.write(self._best, text)

    def is_rejected(self, text: bytes) -> bool:
        """Whether *text* was tried before, and does not do."""
        return digest(text)[:_KEY] in self._rejected

    def reject(self, text: bytes) -> None:
        """Record that *text* does not do. Raises WorkspaceProblem."""
        self._rejected.add(self._append(self._rejects, text))

    def written(self, text: bytes) -> None:
        """Record that *text* is to be written where the user finds it. Raises WorkspaceProblem."""
        self._append(self._written, text)

    def check_free(self, path: Path) -> None:
        """Raise WouldOverwrite if there is a file at *path* that was not written by this job."""
        if path.exists():
            with explained(f"cannot read {path}"):
                content = path.read_bytes()
            if digest(content)[:_KEY] not in self._keys(self._written):
                raise WouldOverwrite(f"{path} is there already", "name another file with --out")

    def count(self, trials: int, seconds: float) -> None:
        """Add so many *trials* and *seconds* to the tally. Raises WorkspaceProblem."""
        before = self.tally
        self.tally = replace(
            before, trials=before.trials + trials, seconds=before.seconds + seconds
        )
        self._workspace.write(self._state, json.dumps(asdict(self.tally)).encode())

    def _append(self, path: Path, text: bytes) -> str:
        """Add the digest of *text* to the file *path*, and return it."""
        key = digest(text)[:_KEY]
        with explained(f"cannot write {path}"), path.open("a") as sink:
            sink.write(f"{key}\n")
        return key

    def _keys(self, path: Path) -> set[str]:
        return set(self._read(path).decode("ascii", "replace").split("\n"))

    def _read_tally(self) -> Tally:
        try:
            state = json.loads(self._read(self._state))
            return Tally(int(state["trials"]), float(state["seconds"]))
        except (ValueError, KeyError, TypeError):
            return Tally()

    def _read(self, path: Path) -> bytes:
        with explained(f"cannot read {path}"):
            return path.read_bytes() if path.exists() else b""
