"""Archives that strangers made: unpacked so that nothing gets out of the folder; and made.

Python's own tarfile has no safe filter in all versions that are supported. Here no link is ever
made: one to a file of the same archive becomes a copy of it, any other is refused.
"""

from __future__ import annotations

import contextlib
import lzma
import posixpath
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bisector.errors import UsageProblem
from bisector.system.files import explained

MAX_BYTES = 256 << 20  # of all files in an archive, unpacked
MAX_ENTRIES = 20_000
_CHUNK = 1 << 20
_DAMAGED = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError),
    *(NotImplementedError, RuntimeError),  # a zip's unknown compression, and its encryption
)


class ArchiveProblem(UsageProblem):
    """An archive that cannot be read, or that has what is not to be unpacked."""


@dataclass(frozen=True)
class _Entry:
    """A file with its ``content``, or a link to ``target``, a path in the archive."""

    name: str
    executable: bool = False
    content: IO[bytes] | None = None
    target: str = ""


def unpack(archive: Path, folder: Path) -> None:
    """Unpack *archive*, a tar file or a zip file, into the empty *folder*.

    Raises ArchiveProblem if it is damaged, too large, or would write or link outside of *folder*,
    WorkspaceProblem if *folder* cannot be written.
    """
    left = MAX_BYTES
    links: list[_Entry] = []
    with _readable(archive):
        for number, entry in enumerate(_entries(archive)):
            if number >= MAX_ENTRIES:
                raise _refused(archive, f"it has more than {MAX_ENTRIES} entries")
            path = folder / _inside(archive, entry.name)
            if entry.content is None:
                links.append(entry)
                continue
            with explained(f"cannot write {path}"):
                left -= _write(path, entry, left)
            if left < 0:
                raise _refused(archive, f"it has more than {MAX_BYTES >> 20} MiB")
    for link in links:
        _copy(archive, folder, link)


def pack(folder: Path, archive: Path, wanted: Callable[[Path], bool]) -> None:
    """Make the tar file *archive* of the files in *folder* that are *wanted*.

    Raises ArchiveProblem if *folder* cannot be read.
    """

    def chosen(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
        return info if wanted(Path(info.name)) else None

    try:
        with tarfile.open(archive, "w") as tar:
            tar.add(folder, arcname=".", filter=chosen)
    except OSError as error:
        what = f"cannot read {error.filename or folder}"
        raise ArchiveProblem(what, error.strerror or str(error)) from error


def _entries(archive: Path) -> Iterator[_Entry]:
    """The files and links in *archive*; each content has to be read before the next entry."""
    if tarfile.is_tarfile(archive):
        yield from _of_tar(archive)
    elif zipfile.is_zipfile(archive):
        yield from _of_zip(archive)
    else:
        raise _refused(archive, "neither a tar file (.gz, .bz2, .xz) nor a zip file")


def _of_tar(archive: Path) -> Iterator[_Entry]:
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isreg():
                executable = bool(member.mode & stat.S_IXUSR)
                yield _Entry(member.name, executable, tar.extractfile(member))
            elif member.issym():
                yield _link(member.name, member.linkname)
            elif member.islnk():
                yield _Entry(member.name, target=member.linkname)
            elif not member.isdir():
                raise _refused(archive, f"{member.name} is neither a file nor a folder")


def _of_zip(archive: Path) -> Iterator[_Entry]:
    with zipfile.ZipFile(archive) as packed:
        for info in packed.infolist():
            mode = info.external_attr >> 16  # 0 if it was made elsewhere than on Unix
            if info.is_dir():
                continue
            with packed.open(info) as content:
                if stat.S_ISLNK(mode):
                    yield _link(info.filename, content.read(_CHUNK).decode("utf-8", "replace"))
                else:
                    yield _Entry(info.filename, bool(mode & stat.S_IXUSR), content)


def _link(name: str, target: str) -> _Entry:
    """A symbolic link, whose *target* is relative to its own folder."""
    return _Entry(name, target=posixpath.join(posixpath.dirname(name), target))


def _inside(archive: Path, name: str) -> str:
    """*name* without `.` and `..`. Raises ArchiveProblem if it leads out of the archive."""
    short = posixpath.normpath(name)
    if "\0" in name or short.startswith("/") or short.split("/")[0] == "..":
        raise _refused(archive, f"{name} leads out of it")
    return short


def _write(path: Path, entry: _Entry, limit: int) -> int:
    """Write the content of *entry* to *path*; the number of bytes, at most a chunk over *limit*."""
    assert entry.content
    size = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as sink:
        while size <= limit and (chunk := entry.content.read(_CHUNK)):
            size += sink.write(chunk)
    path.chmod(0o755 if entry.executable else 0o644)
    return size


def _copy(archive: Path, folder: Path, link: _Entry) -> None:
    """Put a copy of the file that *link* names in the link's place."""
    source = folder / _inside(archive, link.target)
    if not source.is_file():
        raise _refused(archive, f"{link.name} links to {link.target}, which is no file in it")
    path = folder / _inside(archive, link.name)
    with explained(f"cannot write {path}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.read_bytes())
        path.chmod(source.stat().st_mode)


@contextlib.contextmanager
def _readable(archive: Path) -> Iterator[None]:
    """Turn the exceptions for a file that cannot be read as an archive into ArchiveProblem."""
    try:
        yield
    except OSError as error:
        raise ArchiveProblem(f"cannot read {archive}", error.strerror or str(error)) from error
    except _DAMAGED as error:
        raise _refused(archive, f"it is damaged ({error})") from error


def _refused(archive: Path, why: str) -> ArchiveProblem:
    return ArchiveProblem(f"cannot unpack {archive}: {why}", "name another source")
