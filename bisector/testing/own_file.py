"""Oracles that run a file of the user's, with the files beside it that it needs."""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

from bisector.errors import EnvironmentProblem, ScenarioProblem
from bisector.system import process, sandbox, session
from bisector.system.files import digest, explained, require_room
from bisector.system.process import Finished
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace
from bisector.testing import config_words, crash_trace, features, links, threads, vtest
from bisector.testing.companions import companions
from bisector.testing.oracle import Oracle, Trial
from bisector.testing.vtest import Place

Files = tuple[tuple[str, bytes], ...]
"""Names, relative to a folder, and contents."""


@dataclass(frozen=True)
class OwnFile(Oracle):
    """An oracle whose test is in the user's ``folder``, '' if the test is no file of the user's.

    That of a scenario is rendered: ``files`` holds the texts by name. ``bad`` and ``skip`` are
    patterns for the output: what makes it bad, or untestable. ``linger`` and ``times`` are those of
    lingering() and repeated(), 0 for a test as it is. If the test shares its builds with others,
    ``shared`` are the features that all of these ask for.
    """

    _: KW_ONLY
    files: tuple[tuple[str, str], ...] = ()
    folder: str = ""
    bad: str | None = None
    skip: str | None = None
    linger: float = 0.0
    times: int = 0
    shared: frozenset[str] | None = None

    # whether HAProxy goes on to run after a lingering() test
    stays: ClassVar[bool] = True

    @property
    @abstractmethod
    def file(self) -> str:
        """The name of the test's file in ``folder``."""

    @classmethod
    def searchable(cls, text: str) -> str:
        """The file's *text* in a form in which companions() finds what it names."""
        return text

    @classmethod
    def read(cls, folder: Path, name: str) -> Files:
        """The file *name* in *folder* and its companions. Raises OSError."""
        content = (folder / name).read_bytes()
        if b"\0" in content:  # a program
            return ((name, content),)
        beside = companions(folder, cls.searchable(content.decode("utf-8", "replace")))
        names = (name.decode() for name in beside[::2])
        return ((name, content), *zip(names, beside[1::2], strict=True))

    @classmethod
    def load(cls, path: Path) -> Files:
        """The file *path*, named on the command line, and its companions.

        Raises ScenarioProblem if one cannot be read.
        """
        try:
            return cls.read(path.absolute().parent, path.name)
        except OSError as error:
            itself = error.filename in (None, str(path.absolute()))
            what = f"cannot read {path if itself else error.filename}"  # as the user wrote it
            raise ScenarioProblem(what, error.strerror or str(error)) from error

    @property
    def knows_its_bug(self) -> bool:
        """Whether there is a pattern for the bug's signature."""
        return self.bad is not None

    def lingering(self, seconds: float) -> Self:
        """The same test, after which HAProxy goes on to run for some *seconds*."""
        return replace(self, linger=seconds)

    def repeated(self, times: int) -> Self:
        """The same test, done so many *times* in one HAProxy; its log has the memory after each.

        See preload/memory.sh. Raises UsageProblem if it has nothing to repeat.
        """
        return replace(self, times=times)

    def find_tools(self, workspace: Workspace) -> tuple[Tool, ...]:
        """The library that says where HAProxy crashes, if it can be made here."""
        return crash_trace.library(workspace)

    @cached_property
    def features(self) -> frozenset[str]:
        """The features that the file or one of its companions asks for, or the shared ones."""
        if self.shared is not None:
            return self.shared
        return frozenset().union(*map(features.asked, self.texts()))

    @property
    def words(self) -> frozenset[str]:
        """The words of the configurations in the file and its companions."""
        return frozenset().union(*map(config_words.of, self.texts()))

    @property
    def wants_threads(self) -> bool:
        """Whether the file or one of its companions asks for threads."""
        return any(map(threads.wants_threads, self.texts()))

    def texts(self) -> list[str]:
        """The texts of the file and its companions. Raises WorkspaceProblem if one is not there."""
        own = (content.decode("utf-8", "replace") for _, content in self.files_of_user())
        return [*(text for _, text in self.files), *own]

    def files_of_user(self) -> Files:
        """The file and its companions. Raises WorkspaceProblem if one cannot be read."""
        if not self.folder:
            return ()
        with explained(f"cannot read {Path(self.folder, self.file)}"):
            return self.read(Path(self.folder), self.file)

    def moved_to(self, folder: Path) -> Self:
        return replace(self, folder=str(folder)) if self.folder else self

    @contextlib.contextmanager
    def place(self, trial: Trial, changed: str = "") -> Iterator[Place]:
        """Prepare a run, see vtest.place(), with all that the file needs visible in the sandbox.

        The text *changed*, if there is one, is run in place of the file's own, in another folder.
        """
        files = (*self.files, (self.file, changed)) if changed else self.files
        with vtest.place(self.file, files, "" if changed else self.folder, trial) as place:
            if place.box and self.folder:
                needed = map(str, self._beside(Path(self.folder, self.file)))
                place = replace(place, box=replace(place.box, reads=(*place.box.reads, *needed)))
            yield place

    def _beside(self, case: Path) -> Iterator[Path]:
        """The folder that is visible with the *case*, and what the case needs outside of it."""
        folder = case.parent
        shown = sandbox.visible(folder, case)
        yield shown
        for name, _ in self.files_of_user():
            if shown == case:  # as the folder is $HOME
                yield folder / name
            yield from links.stations(folder / name, shown if shown != case else folder)

    def execute(
        self,
        words: Sequence[str | Path],
        place: Place,
        trial: Trial,
        cwd: Path,
        env: Mapping[str, str],
    ) -> Finished:
        """Run a program in *place* and leave none behind; *env* has more variables than the place.

        Raises EnvironmentProblem if the sandbox does not start, WorkspaceProblem if the program
        failed and the disk is full, Stopped.
        """
        try:
            done = process.run(
                words,
                log=trial.log,
                timeout=trial.seconds,
                cwd=cwd,
                env={**place.env, **env},
                stop=trial.slot.stop,
                box=place.box,
                watchers=trial.watchers,
            )
        finally:
            if place.box is None:  # a daemon, such as `haproxy -D`, leaves the session
                session.kill_orphans(place.scratch)
        if place.box and sandbox.did_not_start(done):
            raise EnvironmentProblem("the sandbox does not start", done.output.strip())
        if not done.ok and not done.excess:
            require_room(place.scratch, trial.log.parent)
        return vtest.noted(done, vtest.crashes(place, trial, ""), trial.log)


def fingerprint(files: Files, *settings: object) -> str:
    """The digest of an oracle that runs the first of *files*, with the oracle's *settings*."""
    first, *beside = files
    return digest(*first, repr(settings), *(part for pair in beside for part in pair))
