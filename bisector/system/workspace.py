"""bisector's own directory: its folders, scratch space and build trees.

Files and folders are made in scratch space and renamed, so that a final name never has partial
content. A scratch folder without a lock was left by a killed process, and is removed when the
workspace is opened again.
"""

from __future__ import annotations

import contextlib
import math
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bisector.errors import WorkspaceProblem
from bisector.system.files import explained, remove, write_whole
from bisector.system.locks import hold, lock
from bisector.system.session import kill_orphans
from bisector.system.stop import Stop

_ELSEWHERE = "set BISECTOR_WORKSPACE to a folder of yours"
_SCRATCH = "scratch"
_LOCK_DIGITS = 3  # hexadecimal digits of a key that name its lock file
_RETRY_SECONDS = 0.1  # between two attempts to take a lock
DEFAULT_LIMIT = 5_000_000_000  # bytes; some 700 binaries
KEPT_BUILD_TREES = 4  # of a kind, before one whose objects others need is used again
MAX_BUILD_TREES = 64  # of one kind, and so of parallel builds


@dataclass(frozen=True)
class Workspace:
    """The only directory that bisector writes to.

    ``limit`` is the size in bytes of the cached entries in it, see :mod:`bisector.system.cache`.
    """

    root: Path
    limit: int = DEFAULT_LIMIT

    @classmethod
    def open(
        cls, environ: Mapping[str, str] = os.environ, *, limit: int = DEFAULT_LIMIT
    ) -> Workspace:
        """The user's workspace: $BISECTOR_WORKSPACE, else `bisector` in the XDG cache folder.

        The scratch folders that killed processes left behind are removed.
        Raises WorkspaceProblem if it cannot be created or written.
        """
        if named := environ.get("BISECTOR_WORKSPACE"):
            root = Path(named)
        elif cache := environ.get("XDG_CACHE_HOME"):
            root = Path(cache) / "bisector"
        elif home := environ.get("HOME"):
            root = Path(home) / ".cache" / "bisector"
        else:
            raise WorkspaceProblem("no place for the workspace", "set BISECTOR_WORKSPACE or HOME")
        root = root.resolve()  # one path for one workspace: build products contain it
        with explained(f"cannot write the workspace {root}", _ELSEWHERE):
            root.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=root).close()
        for folder in (root / _SCRATCH, temporary()):
            sweep(folder)
        return cls(root, limit)

    def folder(self, *parts: str) -> Path:
        """A folder below the root, created if missing. Raises WorkspaceProblem."""
        path = self.root.joinpath(*parts)
        with explained(f"cannot write the workspace {self.root}", _ELSEWHERE):
            path.mkdir(parents=True, exist_ok=True)
        return path

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """A new folder on the workspace's file system, removed at the end of the context."""
        with one_use(self.folder(_SCRATCH)) as path:
            yield path

    def write(self, path: Path, content: bytes) -> None:
        """As write_whole(), with the draft in scratch space, where it is removed after a kill."""
        with self.scratch() as scratch:
            write_whole(path, content, scratch)

    @contextlib.contextmanager
    def log(self, name: str) -> Iterator[tuple[Path, Path]]:
        """Yield the path to write a log to, and the path that it has after the context.

        It is moved there also if the context ends with an exception.
        """
        path = self.folder("logs") / name
        with self.scratch() as scratch:
            draft = scratch / name
            try:
                yield draft, path
            finally:
                if draft.exists():
                    draft.replace(path)

    @contextlib.contextmanager
    def alone_with(self, key: str, stop: Stop) -> Iterator[None]:
        """Hold the exclusive lock of *key*, across processes and threads.

        Keys are hashed onto 4,096 lock files, so their number is bounded; two keys in use rarely
        collide. Raises Stopped if *stop* was requested while waiting.
        """
        path = self.folder("locks") / key[:_LOCK_DIGITS]
        while True:
            with lock(path) as held:
                if held is not None:
                    yield
                    return
            stop.pause(_RETRY_SECONDS)  # a blocking flock(2) could not be cancelled

    @contextlib.contextmanager
    def build_tree(
        self, kind: str, distance: Callable[[Path], float] = lambda tree: 0.0
    ) -> Iterator[tuple[Path, int]]:
        """Yield a locked source tree of this *kind*, and the file descriptor of its lock.

        A tree keeps its object files for the next, incremental build, so the one with the least
        *distance* is taken; if that is infinite, as others would miss its objects, a new one, as
        long as there are fewer than KEPT_BUILD_TREES. A tree that another process has locked is
        skipped, also if that is an orphaned make of a killed bisector, which has inherited the
        descriptor. Raises WorkspaceProblem if all MAX_BUILD_TREES are in use.
        """
        paths = [self.folder("trees") / f"{kind}-{number}" for number in range(MAX_BUILD_TREES)]
        there = {path: distance(path) for path in paths if path.is_dir()}
        useful = sorted((path for path in there if there[path] < math.inf), key=there.__getitem__)
        fresh = [path for path in paths[:KEPT_BUILD_TREES] if path not in there]
        for path in dict.fromkeys((*useful, *fresh, *there, *paths)):
            with lock(path.with_suffix(".lock")) as held:
                if held is not None:
                    yield self.folder("trees", path.name), held
                    return
        raise WorkspaceProblem("every build tree is in use", f"see {self.root / 'trees'}")


@contextlib.contextmanager
def short_scratch() -> Iterator[Path]:
    """A new folder with a short path, removed at the end of the context.

    For Unix sockets, whose path is limited to 107 bytes, see unix(7).
    """
    with one_use(temporary()) as path:
        yield path


def temporary() -> Path:
    """The user's folder in $TMPDIR or /tmp, with mode 0700.

    Raises WorkspaceProblem if it cannot be created, or belongs to another user.
    """
    # not tempfile.gettempdir(): it writes a file to test the folder, which a kill leaves there
    path = Path(os.environ.get("TMPDIR") or "/tmp").absolute() / f"bisector-{os.getuid()}"
    advice = "set TMPDIR to another"
    with explained(f"cannot write {path}", advice):
        path.mkdir(mode=0o700, exist_ok=True)
        state = path.lstat()
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.getuid():
        raise WorkspaceProblem(f"{path} is not yours", advice)
    return path


@contextlib.contextmanager
def one_use(folder: Path) -> Iterator[Path]:
    """A new folder in *folder* with a shared lock, removed at the end of the context."""
    while True:
        with explained(f"cannot write {folder}"):
            path = Path(tempfile.mkdtemp(prefix="", dir=folder))
        with hold(path) as held:
            if not held:  # another process has just removed it, as it was not locked yet
                continue
            try:
                yield path
            finally:
                remove(path)
            return


def sweep(folder: Path) -> None:
    """Remove the one_use() folders in *folder* that killed processes left, and kill their orphans.

    Orphans are the processes that have such a folder as TMPDIR, see session.kill_orphans().
    """
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            path = Path(entry.path)
            with contextlib.suppress(WorkspaceProblem), hold(path, alone=True) as free:
                if free:
                    kill_orphans(path)
                    remove(path)
