"""What people decided on fixes: kept in the workspace, and as a text that can go into git.

A line is a decision, a branch, a commit and, after `#`, why: `no 3.0 1a2b3c4d5e # too risky`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bisector.errors import UsageProblem
from bisector.git.history import History
from bisector.git.picks import origins
from bisector.record.queue_events import Decided
from bisector.system.files import digest, explained, write_whole
from bisector.system.workspace import Workspace

_LINE = re.compile(r"(\w+)\s+(\S+)\s+([0-9a-f]{7,40})\s*(?:#\s*(.*?)\s*)?")
_FORM = f"write '{'|'.join(Decided)} BRANCH COMMIT # why'"


@dataclass(frozen=True)
class Decision:
    """What was decided for ``branch`` on the commit ``revision`` (full hash), and why."""

    decided: Decided
    branch: str
    revision: str
    because: str = ""

    @property
    def line(self) -> str:
        why = f" # {self.because}" if self.because else ""
        return f"{self.decided} {self.branch} {self.revision}{why}"


Key = tuple[str, str]
"""The branch and the commit of a decision."""


class Decisions:
    """The decisions on one repository's fixes; of two on the same, the last one counts."""

    def __init__(self, workspace: Workspace, history: History) -> None:
        """Read them. Raises WorkspaceProblem, UsageProblem for a damaged file."""
        self._workspace, self._history = workspace, history
        self._path = workspace.folder("decisions") / f"{digest(str(history.path))[:16]}.txt"
        text = self._read(self._path) if self._path.exists() else ""
        self._all = {_key(one): one for one in parse(text, self._path)}

    def of(self, branch: str) -> Mapping[str, Decision]:
        """The decisions for *branch*, by commit."""
        return {one.revision: one for one in self._all.values() if one.branch == branch}

    def add(self, new: Iterable[Decision]) -> None:
        """Keep more decisions. Raises WorkspaceProblem."""
        self._all |= {_key(one): one for one in new}
        write_whole(self._path, self.text().encode())

    def take(self, path: Path) -> int:
        """Keep those of a file; how many. Raises UsageProblem for a line or a commit of no use."""
        found = [self._known(one, path) for one in parse(self._read(path), path)]
        self.add(found)
        return len(found)

    def text(self) -> str:
        """All of them, in an order that does not change."""
        return "".join(f"{one.line}\n" for _, one in sorted(self._all.items()))

    def _known(self, one: Decision, path: Path) -> Decision:
        if not self._history.knows(one.revision):
            raise UsageProblem(
                f"{path}: no commit {one.revision} here", "fetch it, or drop the line"
            )
        commit = self._history.resolve(one.revision).id
        return Decision(one.decided, one.branch, commit, one.because)

    def _read(self, path: Path) -> str:
        with explained(f"cannot read {path}"):
            return path.read_text(encoding="utf-8", errors="replace")


def decided(
    history: History, branch: str, given: Iterable[tuple[Decided, str]], because: str
) -> list[Decision]:
    """The decisions *given* for *branch* on commits as the user names them, with their reason.

    A pick stands for the commit that it is of. Raises NoSuchRevision for an unknown commit.
    """
    found = []
    for word, name in given:
        commit = history.resolve(name).id
        found.append(Decision(word, branch, original(history, commit), " ".join(because.split())))
    return found


def original(history: History, commit: str) -> str:
    """The commit of the main line of which *commit* is a pick (full hashes), else itself."""
    return next(iter(origins(history.read(commit).raw_message)), commit)


def parse(text: str, path: Path) -> list[Decision]:
    """The decisions in *text*, the content of *path*. Raises UsageProblem for a line that is none.

    Empty lines and lines that begin with `#` mean nothing.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None or match[1] not in list(Decided):
            raise UsageProblem(f"{path}, line {number}: '{line.strip()[:60]}'", _FORM)
        found.append(Decision(Decided(match[1]), match[2], match[3], match[4] or ""))
    return found


def _key(one: Decision) -> Key:
    return one.branch, one.revision
