"""Files and folders: written whole or not at all, removed, and named by their content."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bisector.errors import MAKE_ROOM, NO_ROOM, WorkspaceProblem
from bisector.system.process import run

_LITTLE_ROOM = 1 << 20  # bytes that any program needs to write its result
_REMOVAL_SECONDS = 600.0


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


def read_regular(file: Path, limit: int) -> str:
    """The text of *file*, of *limit* bytes at most; '' if it is no regular file.

    A tested program may have replaced it by anything, such as a link or a pipe.
    """
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    with os.fdopen(handle, "rb") as source:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return ""
        return source.read(limit).decode("utf-8", "replace")


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
