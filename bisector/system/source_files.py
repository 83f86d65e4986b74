"""The files of a source tree without history: those of a folder, or of an archive.

Nothing is unpacked. What leads out of the tree is refused, and so is what is no file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from bisector.errors import SourceProblem
from bisector.system import archives
from bisector.system.archives import MAX_BYTES, MAX_ENTRIES, Member

# What a build and quilt leave in a tree, and what git keeps there; objects would be taken for new.
_NOT_SOURCE = frozenset({".git", ".pc", ".hg", ".svn"})
_BUILT = (".o", ".a", ".so", ".orig", ".rej")
_BUILT_AT_TOP = frozenset({"haproxy", ".build_opts", ".build_opts.new"})

Files = Mapping[str, Member]
"""The files of a tree by path."""


def of_folder(folder: Path) -> Files:
    """The files in *folder*, without what a build has left there. Raises SourceProblem."""
    found: dict[str, Member] = {}
    left = MAX_BYTES
    for path in _paths(folder):
        name = path.relative_to(folder).as_posix()
        member = _member(path)
        found[name] = member
        left -= len(member.content)
        if left < 0 or len(found) > MAX_ENTRIES:
            limit = f"{MAX_BYTES >> 20} MiB or {MAX_ENTRIES} files"
            raise SourceProblem(f"{folder} has more than {limit}", "name HAProxy's source alone")
    return checked(found, str(folder))


def of_archive(archive: Path, *, whole: bool = False) -> Files:
    """The files in *archive*; unless *whole*, without the folder that has them all.

    Raises ArchiveProblem, SourceProblem.
    """
    found = archives.read(archive)
    tops = {path.partition("/")[0] for path in found}
    if not whole and len(tops) == 1 and not tops & found.keys():
        found = {path.partition("/")[2]: member for path, member in found.items()}
    return checked(found, str(archive))


def checked(files: Files, called: str) -> Files:
    """*files* without those of git's. Raises SourceProblem for a link that leads out of the tree.

    A link may begin with `..` and not contain it elsewhere: behind another link it could lead out.
    """
    for path, member in files.items():
        if member.is_link:
            target = os.fsdecode(member.content)
            parts = target.split("/")
            up = sum(part == ".." for part in parts)
            if target.startswith("/") or ".." in parts[up:] or up > path.count("/"):
                what = f"{called} cannot be used: {path} links to {target}"
                raise SourceProblem(what, "which may lead out of it, name another source")
    return {path: member for path, member in files.items() if _is_source(path)}


def _paths(folder: Path) -> Iterator[Path]:
    """The files and links in *folder*, in the order of their names."""

    def fail(error: OSError) -> None:
        why = error.strerror or str(error)
        raise SourceProblem(f"cannot read {error.filename}", why) from error

    for top, folders, files in os.walk(folder, onerror=fail):
        home = Path(top)
        links = [name for name in folders if (home / name).is_symlink()]
        folders[:] = sorted(name for name in folders if name not in {*links, *_NOT_SOURCE})
        for name in sorted((*files, *links)):
            if not (name.endswith(_BUILT) or (home == folder and name in _BUILT_AT_TOP)):
                yield home / name


def _member(path: Path) -> Member:
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            return Member(os.fsencode(os.readlink(path)), is_link=True)  # noqa: PTH115 - with a last slash
        if stat.S_ISREG(mode):
            return Member(path.read_bytes(), executable=bool(mode & stat.S_IXUSR))
    except OSError as error:
        raise SourceProblem(f"cannot read {path}", error.strerror or str(error)) from error
    raise SourceProblem(f"{path} is neither a file nor a folder", "remove it from the source")


def _is_source(path: str) -> bool:
    """Whether *path* is not a version control system's or quilt's."""
    return _NOT_SOURCE.isdisjoint(part.lower() for part in path.split("/"))
