"""The tool's own directory: where things lie, who may use them, and how they appear.

Nothing half-made is ever seen under its final name: files and folders are made elsewhere and
renamed. Locks are flock(2) locks, which end with their holders however those end; so what a killed
process left behind is known by nobody holding it, and goes when the next one opens the workspace.
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
from bisector.system.process import Stop, end_orphans, run

_ELSEWHERE = "set BISECTOR_WORKSPACE to a folder of yours"
_SCRATCH = "scratch"
_LITTLE_ROOM = 1 << 20  # bytes
_SHARED = 3  # hexadecimal digits of a key
_AGAIN_SECONDS = 0.1  # between two looks whether somebody is done
_GLANCE_SECONDS = 0.001  # about what is_locked() takes
DEFAULT_LIMIT = 5_000_000_000  # bytes; some 700 binaries
_REMOVAL_SECONDS = 600.0
MAX_BUILD_TREES = 64  # more than any machine runs at once; a bound on the search for a free one


@dataclass(frozen=True)
class Workspace:
    """The directory below which bisector writes, and the only one.

    ``limit`` is what may be in it that can be made again, in bytes.
    """

    root: Path
    limit: int = DEFAULT_LIMIT

    @classmethod
    def open(
        cls, environ: Mapping[str, str] = os.environ, *, limit: int = DEFAULT_LIMIT
    ) -> Workspace:
        """The user's workspace: $BISECTOR_WORKSPACE, else `bisector` in the XDG cache folder.

        What killed processes left behind is swept away.
        Raises WorkspaceProblem if it cannot be made or written.
        """
        if named := environ.get("BISECTOR_WORKSPACE"):
            root = Path(named)
        elif cache := environ.get("XDG_CACHE_HOME"):
            root = Path(cache) / "bisector"
        elif home := environ.get("HOME"):
            root = Path(home) / ".cache" / "bisector"
        else:
            raise WorkspaceProblem("no place for the workspace", "set BISECTOR_WORKSPACE or HOME")
        root = root.resolve()  # by a link it is the same one: its path is in what is built
        with explained(f"cannot write the workspace {root}", _ELSEWHERE):
            root.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=root).close()
        for folder in (root / _SCRATCH, temporary()):
            sweep(folder)
        return cls(root, limit)

    def folder(self, *parts: str) -> Path:
        """A folder below the root, made if missing."""
        path = self.root.joinpath(*parts)
        with explained(f"cannot write the workspace {self.root}", _ELSEWHERE):
            path.mkdir(parents=True, exist_ok=True)
        return path

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for one use, on the workspace's file system; gone afterwards."""
        with one_use(self.folder(_SCRATCH)) as path:
            yield path

    def write(self, path: Path, content: bytes) -> None:
        """As write_whole(), for a *path* in the workspace: a kill leaves nothing beside it."""
        with self.scratch() as scratch:
            write_whole(path, content, scratch)

    @contextlib.contextmanager
    def log(self, name: str) -> Iterator[tuple[Path, Path]]:
        """Where to write a log, and where it is to be found afterwards, however that ends."""
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
        """Nobody else works on what *key* names, in this process or another.

        Keys share locks, so that these do not get ever more; hardly ever two that are in use.
        Raises Stopped if *stop* called it off while it waited.
        """
        path = self.folder("locks") / key[:_SHARED]
        while True:
            with lock(path) as held:
                if held is not None:
                    yield
                    return
            stop.pause(_AGAIN_SECONDS)  # flock(2) could wait, but nobody could call it off

    @contextlib.contextmanager
    def build_tree(self, kind: str) -> Iterator[tuple[Path, int]]:
        """A source tree of this *kind* for one build at a time, and the descriptor of its lock.

        A tree keeps what was built in it, for the next build to go on from. One that another
        process still uses, be it the orphaned make of a killed hunt, is passed over.
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
    """As Workspace.scratch(), where paths are short: a socket's must stay under 108 bytes."""
    with one_use(temporary()) as path:
        yield path


def temporary() -> Path:
    """The user's own folder below the system's temporary one.

    Raises WorkspaceProblem if it cannot be made, or is not the user's.
    """
    # not tempfile's: that writes a file to see whether it can, which stays there after a kill
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
    """A new folder in *folder*, held as long as it is used; gone afterwards."""
    while True:
        with explained(f"cannot write {folder}"):
            path = Path(tempfile.mkdtemp(prefix="", dir=folder))
        with hold(path) as held:
            if not held:  # swept away in the very moment between
                continue
            try:
                yield path
            finally:
                remove(path)
            return


def sweep(folder: Path) -> None:
    """Delete what killed processes left behind of their one_use() of *folder*, and end the rest."""
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for left in entries:
            with contextlib.suppress(WorkspaceProblem), hold(Path(left.path), alone=True) as free:
                if free:
                    end_orphans(Path(left.path))
                    remove(Path(left.path))


@contextlib.contextmanager
def lock(path: Path, *, wait: bool = False) -> Iterator[int | None]:
    """The descriptor of an exclusive lock on *path*.

    When somebody else holds it: None, or, with *wait*, the lock as soon as its holder ends.
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
    """Whether somebody has a lock() on *path*; to ask is in nobody's way."""
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
    """Take an exclusive lock, unless somebody else has one.

    is_locked() shares the lock for a moment, by which an exclusive one is refused. Whether it is
    that is tried by sharing it, too: this works unless somebody has an exclusive one.
    """
    while not _flock(handle, fcntl.LOCK_EX):
        if not _flock(handle, fcntl.LOCK_SH):
            return False
        fcntl.flock(handle, fcntl.LOCK_UN)
        time.sleep(random.uniform(0, _GLANCE_SECONDS))  # two who try so would meet again
    return True


def _flock(handle: int, how: int) -> bool:
    """Whether *handle* could be locked at once."""
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def hold(path: Path, *, alone: bool = False) -> Iterator[bool]:
    """Keep the file or folder *path* from being taken away; False if it is no longer there.

    To take it away, hold it *alone*: False, too, when somebody else holds it.
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
    """Whether *path* is still what was opened as *handle*."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def remove(folder: Path) -> None:
    """Take *folder* away, however deep or closed to us somebody's build has made it."""
    try:
        shutil.rmtree(folder)
    except (OSError, RecursionError):
        opened = ("find", folder, "-type", "d", "-exec", "chmod", "u+rwx", "{}", ";")
        for words in (opened, ("rm", "-rf", folder)):
            run(words, log=Path(os.devnull), timeout=_REMOVAL_SECONDS)


def write_whole(path: Path, content: bytes, drafts: Path | None = None) -> None:
    """Make *path* hold *content*: all of it, or, whatever happens, what it held before.

    The draft lies beside it, or in the folder *drafts* of the same file system.
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
    """Rename the finished folder *draft* to *path*; somebody else's equal result may be there."""
    with explained(f"cannot write {path}"):
        try:
            draft.rename(path)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            shutil.rmtree(draft, ignore_errors=True)


def require_room(*folders: Path, room: int = _LITTLE_ROOM) -> None:
    """Raise WorkspaceProblem where *room* bytes cannot be had: what just failed may have lacked it.

    Programs do not always say so: tcc leaves half an object, VTest just ends.
    """
    for folder in folders:
        try:  # and not how much is free, for there are quotas
            with tempfile.TemporaryFile(dir=folder) as trial:
                os.posix_fallocate(trial.fileno(), 0, room)
        except OSError as error:
            if error.errno in NO_ROOM:
                raise WorkspaceProblem(f"no room in {folder}", MAKE_ROOM) from error


def digest(*parts: str | bytes) -> str:
    """A name for some content: 32 hexadecimal digits; parts do not run into each other."""
    total = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        total.update(f"{len(raw)}:".encode())
        total.update(raw)
    return total.hexdigest()[:32]


@contextlib.contextmanager
def explained(what: str, advice: str = "") -> Iterator[None]:
    """Turn the system's refusal into one line: *what* could not be done, why, and *advice*."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            advice = MAKE_ROOM
        why = error.strerror or str(error)
        raise WorkspaceProblem(what, f"{why}: {advice}" if advice else why) from error
