"""bisector's own directory: its folders, locks, scratch space and atomic writes.

Files and folders are made in scratch space and renamed, so that a final name never has partial
content. Locks are flock(2) locks, which the kernel releases when their holder ends, even if it is
killed. So a scratch folder without a lock was left by a killed process, and is removed when the
workspace is opened again.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import random
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bisector.errors import MAKE_ROOM, NO_ROOM, WorkspaceProblem
from bisector.system.process import run
from bisector.system.session import kill_orphans
from bisector.system.stop import Stop

_ELSEWHERE = "set BISECTOR_WORKSPACE to a folder of yours"
_SCRATCH = "scratch"
_LITTLE_ROOM = 1 << 20  # bytes that any program needs to write its result
_LOCK_DIGITS = 3  # hexadecimal digits of a key that name its lock file
_RETRY_SECONDS = 0.1  # between two attempts to take a lock
_PROBE_SECONDS = 0.001  # about what is_locked() takes
DEFAULT_LIMIT = 5_000_000_000  # bytes; some 700 binaries
_REMOVAL_SECONDS = 600.0
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
    def build_tree(self, kind: str) -> Iterator[tuple[Path, int]]:
        """Yield a locked source tree of this *kind*, and the file descriptor of its lock.

        A tree keeps its object files for the next, incremental build. A tree that another process
        has locked is skipped, also if that is an orphaned make of a killed bisector, which has
        inherited the descriptor. Raises WorkspaceProblem if all MAX_BUILD_TREES are in use.
        """
        for number in range(MAX_BUILD_TREES):
            path = self.folder("trees") / f"{kind}-{number}"
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


@contextlib.contextmanager
def lock(path: Path, *, wait: bool = False) -> Iterator[int | None]:
    """Yield the file descriptor of an exclusive flock(2) lock on *path*, which is created.

    If it is locked already, yield None, or with *wait*, block until it is free.
    Raises WorkspaceProblem if the file cannot be opened.
    """
    with explained(f"cannot lock {path}"):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if wait:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle if wait or _take(handle) else None
    finally:
        os.close(handle)


def is_locked(path: Path) -> bool:
    """Whether *path* has a lock(). The check takes a shared lock for a moment, see _take()."""
    with explained(f"cannot read {path}"):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
    try:
        return not _flock(handle, fcntl.LOCK_SH)
    finally:
        os.close(handle)


def _take(handle: int) -> bool:
    """Try to take an exclusive lock; False if another process has one.

    An exclusive lock is also refused while is_locked() has a shared one. A shared lock tells the
    two cases apart: it is refused only if there is an exclusive one. Then try again.
    """
    while not _flock(handle, fcntl.LOCK_EX):
        if not _flock(handle, fcntl.LOCK_SH):
            return False
        fcntl.flock(handle, fcntl.LOCK_UN)
        # at random, so that two processes that retry do not collide again
        time.sleep(random.uniform(0, _PROBE_SECONDS))
    return True


def _flock(handle: int, how: int) -> bool:
    """Whether *handle* could be locked without waiting."""
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def hold(path: Path, *, alone: bool = False) -> Iterator[bool]:
    """Take a shared lock on the file or folder *path*, so that it is not removed while in use.

    Yields False if it does not exist. To remove it, hold it *alone*, with an exclusive lock: yields
    False, too, if it is locked. Raises WorkspaceProblem if it cannot be opened.
    """
    with explained(f"cannot lock {path}"):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            handle = None
    if handle is None:
        yield False
        return
    try:
        if not alone:
            fcntl.flock(handle, fcntl.LOCK_SH)
        yield (not alone or _flock(handle, fcntl.LOCK_EX)) and _is_at(handle, path)
    finally:
        os.close(handle)


def _is_at(handle: int, path: Path) -> bool:
    """Whether *path* is still the file that was opened as *handle*."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def remove(folder: Path) -> None:
    """Remove *folder*, also if a build has left folders without permissions, or very deep ones."""
    try:
        shutil.rmtree(folder)
    except (OSError, RecursionError):
        unlock = ("find", folder, "-type", "d", "-exec", "chmod", "u+rwx", "{}", ";")
        for words in (unlock, ("rm", "-rf", folder)):
            run(words, log=Path(os.devnull), timeout=_REMOVAL_SECONDS)


def write_whole(path: Path, content: bytes, drafts: Path | None = None) -> None:
    """Write *content* to *path* atomically: on failure it keeps its old content.

    The draft is made beside it, or in the folder *drafts* on the same file system; it is fsynced
    and renamed. Raises WorkspaceProblem.
    """
    with explained(f"cannot write {path}"):
        handle, draft = tempfile.mkstemp(dir=drafts or path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as sink:
                sink.write(content)
                sink.flush()
                os.fsync(sink.fileno())
            Path(draft).chmod(0o644)
            Path(draft).replace(path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise


def publish(draft: Path, path: Path) -> None:
    """Rename the finished folder *draft* to *path*, or remove it if *path* exists.

    Another process may have made the same folder meanwhile. Raises WorkspaceProblem.
    """
    with explained(f"cannot write {path}"):
        try:
            draft.rename(path)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            shutil.rmtree(draft, ignore_errors=True)


def require_room(*folders: Path, room: int = _LITTLE_ROOM) -> None:
    """Raise WorkspaceProblem if *room* bytes cannot be allocated in one of *folders*.

    Called after a failure, since programs do not always report a full disk: tcc leaves a partial
    object file, VTest just ends.
    """
    for folder in folders:
        try:  # to allocate, since statvfs(3) does not know quotas
            with tempfile.TemporaryFile(dir=folder) as trial:
                os.posix_fallocate(trial.fileno(), 0, room)
        except OSError as error:
            if error.errno in NO_ROOM:
                raise WorkspaceProblem(f"no room in {folder}", MAKE_ROOM) from error


def digest(*parts: str | bytes) -> str:
    """The SHA-256 digest of *parts*, cut to 32 hexadecimal digits.

    Each part is preceded by its length, so that ("ab",) and ("a", "b") differ.
    """
    total = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        total.update(f"{len(raw)}:".encode())
        total.update(raw)
    return total.hexdigest()[:32]


@contextlib.contextmanager
def explained(what: str, advice: str = "") -> Iterator[None]:
    """Turn an OSError into WorkspaceProblem: *what* failed, the reason, and *advice*."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            advice = MAKE_ROOM
        why = error.strerror or str(error)
        raise WorkspaceProblem(what, f"{why}: {advice}" if advice else why) from error
