"""Find the source tree that a name means, and import it: a folder, an archive, a Debian package."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pygit2

from bisector.build import debian_rules
from bisector.errors import SourceProblem
from bisector.git import nearest, revision_names, source_trees
from bisector.git.history import History
from bisector.git.nearest import Place
from bisector.git.source_trees import ImportedTree
from bisector.patch import quilt
from bisector.patch.model import Patch
from bisector.system import debian_package, dsc, source_files
from bisector.system.archives import Member
from bisector.system.source_files import Files
from bisector.system.workspace import Workspace

_APPLIED = Path(".pc", "applied-patches")  # quilt's list, in a folder
_RELEASE = 1_000_000_000  # seconds since the epoch; of a tree whose place is not known
_BY_ARCHIVE = ("SUBVERS", "VERDATE")  # written by `git archive`
_MAX_LINE = 40  # characters of a version


@dataclass(frozen=True)
class _Source:
    """A source tree: its ``files``, and the names of Debian's patches that they have already."""

    name: str
    files: Files
    applied: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Importer:
    """Imports the source trees that names mean.

    *offline*: nothing is fetched; *progress* is called with a line on what is being done.
    """

    workspace: Workspace
    offline: bool
    progress: Callable[[str], None]

    def find(self, history: History, name: str) -> ImportedTree | None:
        """The tree that *name* means, as a commit of the store of *history*; None if it means none.

        Raises SourceProblem, AptProblem.
        """
        is_package = name.startswith(debian_package.PREFIX)
        if not is_package and not _is_file(name):
            if _is_path(name):
                hint = "name a folder, an archive or a .dsc file with HAProxy's source"
                raise SourceProblem(f"there is no {name}", hint)
            return None
        if is_package:
            self.progress(f"fetching {name}")
            path = debian_package.fetch(self.workspace, name, offline=self.offline)
        else:
            path = Path(name)
        self.progress(f"reading the source {name}")
        return _imported(history, name, _read(path))


def _is_file(name: str) -> bool:
    """Whether there is a file or a folder called *name*, which may be any text."""
    try:
        return name != "" and Path(name).exists()
    except (OSError, ValueError):
        return False


def _is_path(name: str) -> bool:
    """Whether *name* cannot be meant for a revision."""
    return name.startswith(("./", "../", "/")) or name.endswith(".dsc")


def _read(path: Path) -> _Source:
    """The source tree of a folder, an archive, or a .dsc file."""
    if path.is_dir():
        source_trees.require_haproxy(str(path), lambda name: (path / name).is_file())
        return _Source(path.resolve().name, source_files.of_folder(path), _applied(path))
    if not path.is_file():
        raise SourceProblem(f"{path} is neither a file nor a folder", "name HAProxy's source")
    if path.suffix == ".dsc":
        return _of_package(path)
    return _Source(path.name, source_files.of_archive(path))


def _of_package(path: Path) -> _Source:
    """That of the Debian source package which the .dsc file at *path* describes."""
    package = dsc.read(path)
    files = dict(source_files.of_archive(package.upstream))
    for folder, archive in package.components.items():
        more = source_files.of_archive(archive)
        files |= {f"{folder}/{name}": member for name, member in more.items()}
    if package.packaging is not None:  # it replaces what upstream has there
        files = {name: member for name, member in files.items() if not name.startswith("debian/")}
        more = source_files.of_archive(package.packaging, whole=True)
        files |= {name: member for name, member in more.items() if name.startswith("debian/")}
    return _Source(f"{package.name} {package.version}", files)


def _applied(folder: Path) -> frozenset[str]:
    """The names of the patches that quilt has applied to the tree in *folder*."""
    try:
        return frozenset((folder / _APPLIED).read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError):
        return frozenset()


def _imported(history: History, called: str, source: _Source) -> ImportedTree:
    """Write *source* to the store: a commit with its files, and one for each patch of Debian's."""
    store, files = history.store, source.files
    tree = source_trees.write_tree(store, files, called)
    version = _line(files["VERSION"])
    patches = tuple(
        quilt.read(files, entry)
        for entry in quilt.series_of(files)
        if entry.name not in source.applied
    )
    subvers = _line(files["SUBVERS"]) if "SUBVERS" in files else ""
    blobs = dict(nearest.blobs_of(store[tree].peel(pygit2.Tree)))
    blobs = {path: oid for path, oid in blobs.items() if _is_upstreams(path)}
    place = nearest.find(history, blobs, version, subvers)
    time = history.read(place.commit).commit_time if place else _RELEASE
    message = f"HAProxy {version}: {source.name}\n"
    parent = place.commit if place else ""
    base = source_trees.write_commit(store, tree, parent, message, time)
    top = quilt.push(store, base, patches, lambda name: f"{called}: {quilt.FOLDER}/{name}")
    position = _position(history, place, version)
    said = (
        f"{called}: HAProxy {version}, {position}{_with(patches, source)}",
        *_options(store, tree, called),
    )
    return ImportedTree(top, source.name, said)


def _is_upstreams(path: str) -> bool:
    """Whether a file is upstream's, as it is in the history."""
    return not path.startswith("debian/") and path not in _BY_ARCHIVE


def _position(history: History, place: Place | None, version: str) -> str:
    """Where a tree stands in upstream's history."""
    if place is None:
        return "and no release in this clone is like it"
    name = history.release(place.commit)
    if place.same == place.files:
        return f"the same as {name}"
    more = revision_names.unknown_releases(history.refs, version)
    hint = f" ({more})" if more else ""
    same = f"{place.same} of {place.files} files are the same"
    return f"taken for a child of {name}: {same}{hint}"


def _with(patches: Sequence[Patch], source: _Source) -> str:
    """How many of Debian's patches a tree has."""
    count = len(patches) + len(source.applied)
    what = "the patch" if count == 1 else f"the {count} patches"
    return f"; with {what} of {quilt.SERIES}" if count else ""


def _options(store: pygit2.Repository, tree: str, called: str) -> Iterator[str]:
    """With which options of its own a package is built, and without which."""
    found = debian_rules.of_tree(store, tree)
    if found is None:
        return
    own = {**{f"USE_{name}": "1" for name in sorted(found.features)}, **(found.variables or {})}
    words = " ".join(f"{name}={text}" for name, text in own.items()) or "no option"
    without = f"; without {', '.join(found.left_out)}" if found.left_out else ""
    yield f"{called}: built as its {debian_rules.PATH} says, with {words}{without}"


def _line(member: Member) -> str:
    """The first line of a file, such as VERSION."""
    return member.content.decode("utf-8", "replace").strip().partition("\n")[0][:_MAX_LINE]
