"""Archives that strangers made: unpacked so that nothing gets out of the folder; and made.

Python's own tarfile has no safe filter in all versions that are supported. Here no link is ever
made: one to a file of the same archive becomes a copy of it, any other is refused.
"""

from __future__ import annotations

import contextlib
import lzma
import os
import posixpath
import stat
import struct
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
    *(ValueError, struct.error),  # numbers in it that mean nothing
    *(NotImplementedError, RuntimeError),  # a zip's unknown compression, and its encryption
)


class ArchiveProblem(UsageProblem):
    """An archive that cannot be read, or that has what is not to be unpacked."""


@dataclass(frozen=True)
class _Entry:
    """A file with its ``content``, or a link to ``target``, a path in the archive.

    ``text`` is what a symbolic link holds, '' if it is none.
    """

    name: str
    executable: bool = False
    content: IO[bytes] | None = None
    target: str = ""
    text: str = ""


@dataclass(frozen=True)
class Member:
    """A file in an archive or a folder; of a symbolic link, the content is where it leads to."""

    content: bytes
    executable: bool = False
    is_link: bool = False


def unpack(archive: Path, folder: Path, called: str = "") -> None:
    """Unpack *archive*, a tar file or a zip file, into the empty *folder*.

    Problems name it as the user *called* it. Raises ArchiveProblem if it is damaged, too large, or
    would write or link outside of *folder*, WorkspaceProblem if *folder* cannot be written.
    """
    with _readable(archive, called or str(archive)):
        left, links = MAX_BYTES, list[_Entry]()
        for number, entry in enumerate(_entries(archive)):
            if number >= MAX_ENTRIES:
                raise _Refused(f"it has more than {MAX_ENTRIES} entries")
            if entry.content is None:
                links.append(entry)
                continue
            left -= _write(folder / _inside(entry.name), entry.content, entry.executable, left)
            if left < 0:
                raise _Refused(f"it has more than {MAX_BYTES >> 20} MiB")
        for link in links:
            _copy(folder, link)


def read(archive: Path, called: str = "") -> dict[str, Member]:
    """The files and symbolic links in *archive* by their paths there; nothing is written.

    Problems name it as the user *called* it. Raises ArchiveProblem as unpack() does.
    """
    with _readable(archive, called or str(archive)):
        left, found = MAX_BYTES, dict[str, Member]()
        for number, entry in enumerate(_entries(archive)):
            if number >= MAX_ENTRIES:
                raise _Refused(f"it has more than {MAX_ENTRIES} entries")
            path = _inside(entry.name)
            if entry.content is not None:
                found[path] = Member(entry.content.read(left + 1), entry.executable)
            elif entry.text:
                _inside(entry.target)
                found[path] = Member(os.fsencode(entry.text), is_link=True)
            elif (target := found.get(_inside(entry.target))) is not None:
                found[path] = target  # a hard link
            else:
                raise _Refused(f"{entry.name} links to {entry.target}, which is no file in it")
            left -= len(found[path].content)
            if left < 0:
                raise _Refused(f"it has more than {MAX_BYTES >> 20} MiB")
        return found


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
        raise _Refused("neither a tar file (.gz, .bz2, .xz) nor a zip file")


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
                raise _Refused(f"{member.name} is neither a file nor a folder")


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
    return _Entry(name, target=posixpath.join(posixpath.dirname(name), target), text=target)


def _inside(name: str) -> str:
    """*name* without `.` and `..`. Raises _Refused if it leads out of the archive."""
    short = posixpath.normpath(name)
    if "\0" in name or short.startswith("/") or short.split("/")[0] == "..":
        raise _Refused(f"{name} leads out of it")
    return short


def _write(path: Path, content: IO[bytes], executable: bool, limit: int) -> int:
    """Write *content* to *path*; the number of bytes, which is at most a chunk above *limit*."""
    size = 0
    with explained(f"cannot write {path}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as sink:
            while size <= limit and (chunk := content.read(_CHUNK)):
                size += sink.write(chunk)
        path.chmod(0o755 if executable else 0o644)
    return size


def _copy(folder: Path, link: _Entry) -> None:
    """Put a copy of the file that *link* names in the link's place."""
    source = folder / posixpath.normpath(link.target)
    if not source.is_file() or not source.resolve().is_relative_to(folder.resolve()):
        raise _Refused(f"{link.name} links to {link.target}, which is no file in it")
    executable = bool(source.stat().st_mode & stat.S_IXUSR)
    with source.open("rb") as content:
        _write(folder / _inside(link.name), content, executable, MAX_BYTES)


class _Refused(Exception):
    """Why an archive is not unpacked."""


@contextlib.contextmanager
def _readable(archive: Path, called: str) -> Iterator[None]:
    """Turn what can be wrong with an *archive* into ArchiveProblem."""
    try:
        yield
    except OSError as error:
        raise ArchiveProblem(f"cannot read {called}", error.strerror or str(error)) from error
    except _Refused as error:
        raise ArchiveProblem(f"{called} cannot be used: {error}", "name another source") from error
    except _DAMAGED as error:
        what = f"{called} cannot be used: it is damaged ({error})"
        raise ArchiveProblem(what, "get it again") from error
