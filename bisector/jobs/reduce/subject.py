"""Which file of a test is to be reduced, and where the result goes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from bisector.errors import OutputProblem, UsageProblem
from bisector.testing.oracle import Oracle
from bisector.testing.own_file import Files, OwnFile
from bisector.testing.wrapper import Wrapper

_HINT = "name a test with a file of its own: --vtc, --config, or --command with a script"


@dataclass(frozen=True)
class Subject:
    """The file called ``name`` among ``files``, those of the test ``oracle``, in its ``folder``."""

    oracle: Oracle
    files: Files
    folder: Path
    name: str

    @property
    def content(self) -> bytes:
        """What the file has now."""
        return dict(self.files)[self.name]

    @property
    def is_companion(self) -> bool:
        """Whether it is a file beside the test's own."""
        return self.name != self.files[0][0]

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self.folder / self.name

    def changed(self, content: bytes) -> Files:
        """All files, this one with another *content*."""
        return tuple((name, content if name == self.name else old) for name, old in self.files)


def find(oracle: Oracle, file: str) -> Subject:
    """The *file* of the test *oracle*, a path; '' stands for the test's own file.

    Raises UsageProblem if the test has no such file, or if that is no text.
    """
    inner = oracle.inner if isinstance(oracle, Wrapper) else oracle
    files = oracle.files_of_user()
    if not files or not isinstance(inner, OwnFile):
        raise UsageProblem(f"the test '{oracle.name}' has no file to reduce", _HINT)
    found = Subject(oracle, files, Path(inner.folder), _name(file, files, Path(inner.folder)))
    if b"\0" in found.content:
        raise UsageProblem(f"cannot reduce {found.path}", "it is no text")
    if not found.content.strip():
        raise UsageProblem(f"cannot reduce {found.path}", "it is empty")
    return found


def _name(file: str, files: Files, folder: Path) -> str:
    """The name among *files* of the path *file*. Raises UsageProblem."""
    if not file:
        return files[0][0]
    real = Path(file).resolve()
    if not real.is_file():
        raise UsageProblem(f"cannot read {file}", "there is no such file")
    for name, _ in files:
        if (folder / name).resolve() == real:
            return name
    names = ", ".join(name for name, _ in files)
    hint = f"a test's files are in its folder, and it names them; these are: {names}"
    raise UsageProblem(f"{file} is no file of the test", hint)


def place_of(subject: Subject, named: Path | None) -> Path:
    """The file for the result: the one *named*, else one beside the subject.

    Raises OutputProblem if it would replace a file of the test, or if none can be written there.
    """
    path = named or subject.path.with_name(f"{subject.path.stem}.reduced{subject.path.suffix}")
    if any((subject.folder / name).resolve() == path.resolve() for name, _ in subject.files):
        raise OutputProblem(f"cannot write {path}", "it is a file of the test, name another")
    if not os.access(path.parent, os.W_OK):
        raise OutputProblem(f"cannot write {path}", "name another place with --out")
    return path
