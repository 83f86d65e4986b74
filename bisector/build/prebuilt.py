"""Sources that were built ahead: their objects by content, from which a binary is linked at once.

From one commit to the next hardly an object changes, and a changed one is much like the one before,
while in two linked binaries most addresses differ. So objects are kept, each once, compressed with
an earlier one of the same path as the dictionary: a whole one, so that each is read from two rows
at most. One file holds it all: another machine can use a copy of it.

Nothing is taken that differs from its checksum. The key of a source is the same on every machine
with the same compiler, see Toolchain.maker.
"""

from __future__ import annotations

import array
import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import pygit2

from bisector.build import linking, object_pack
from bisector.build.linking import Link
from bisector.build.object_pack import ids_of
from bisector.build.toolchain import Toolchain
from bisector.errors import DamagedStore, UsageProblem, WorkspaceProblem
from bisector.git.object_store import content_key
from bisector.system.files import digest, explained
from bisector.system.locks import hold
from bisector.system.workspace import Workspace

FOLDER = "prebuilt"
_FILE = "objects.sqlite"
_ROOT = "@workspace@"  # in the linker's words, for the workspace's path
_WAIT_SECONDS = 60.0  # for another process that writes
_SCHEMA = f"""
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
{object_pack.SCHEMA}
CREATE TABLE IF NOT EXISTS link (id INTEGER PRIMARY KEY, words TEXT UNIQUE NOT NULL);
CREATE TABLE IF NOT EXISTS source (
    key TEXT PRIMARY KEY,
    maker TEXT NOT NULL,
    tree TEXT NOT NULL,
    link INTEGER,    -- NULL: it does not build
    objects BLOB,    -- their ids in the order of the link's words, as unsigned 32-bit numbers
    problem TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS made ON source (maker, tree);
"""
_WITH_WORDS = "SELECT key, maker, tree, words, objects FROM source JOIN link ON link = link.id"


@dataclass(frozen=True)
class Source:
    """What is built: a ``tree``, by the toolchains that are the same ``maker``."""

    tree: str
    maker: str
    key: str

    @classmethod
    def of(cls, store: pygit2.Repository, tree: str, toolchain: Toolchain) -> Source:
        """That of *tree* in *store*, built by *toolchain*."""
        maker = toolchain.maker
        return cls(tree, maker, digest(content_key(store, tree), maker))


class Prebuilt:
    """The prebuilt sources of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.root = workspace.root
        self.folder = workspace.root / FOLDER
        self.file = self.folder / _FILE

    def trees(self, maker: str) -> frozenset[str]:
        """The ids of the trees of which *maker*'s binaries can be linked; none if damaged."""
        query = "SELECT tree FROM source WHERE maker = ? AND link IS NOT NULL"
        with contextlib.suppress(DamagedStore), self.reading() as base:
            rows = base.execute(query, (maker,)).fetchall() if base else ()
            return frozenset(tree for (tree,) in rows)
        return frozenset()

    def keys(self) -> frozenset[str]:
        """The keys of all sources that are there, those that do not build among them."""
        with self.reading() as base:
            rows = base.execute("SELECT key FROM source").fetchall() if base else ()
        return frozenset(key for (key,) in rows)

    def problems(self) -> dict[str, str]:
        """Why sources do not build, by their keys."""
        query = "SELECT key, problem FROM source WHERE link IS NULL"
        with self.reading() as base:
            return dict(base.execute(query).fetchall()) if base else {}

    @property
    def size(self) -> int:
        """The bytes of the file."""
        return self.file.stat().st_size if self.file.exists() else 0

    def unpack(self, source: Source, folder: Path) -> Link | None:
        """Write the objects of *source* to *folder*; what to give the linker.

        None if it is not there, or if it is damaged: then it is forgotten.
        """
        with self.reading() as base:
            row = base.execute(f"{_WITH_WORDS} WHERE key = ?", (source.key,)) if base else None
            found = row.fetchone() if row else None
            if base is None or found is None:
                return None
            link = Link(linking.moved(json.loads(found[3]), _ROOT, str(self.root)))
            ids = _numbers(found[4])
            contents = object_pack.contents(base, ids)
        if len(contents) != len(link.objects) or any(map(_leads_out, link.objects)):
            self.forget(source, *ids[len(contents) :][:1])
            return None
        with explained(f"cannot write {folder}"):
            for path, content in zip(link.objects, contents, strict=True):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)
        return link

    def forget(self, source: Source, *objects: int) -> None:
        """Remove *source*, and the *objects* that are damaged. Raises WorkspaceProblem."""
        with self.writing() as base:
            base.execute("DELETE FROM source WHERE key = ?", (source.key,))
            for number in objects:
                object_pack.remove(base, number)

    def take(self, file: Path, keys: Collection[str]) -> int:
        """Add the sources *keys* from *file*, which is that of another workspace; how many.

        Those that do not build there are left out. Raises UsageProblem if *file* cannot be read.
        """
        wanted = set(keys) - self.keys()
        try:
            name = f"{file.absolute().as_uri()}?mode=ro"
            with contextlib.closing(sqlite3.connect(name, uri=True)) as other:
                rows = [row for row in other.execute(_WITH_WORDS) if row[0] in wanted]
                objects = object_pack.exported(other, {n for row in rows for n in _numbers(row[4])})
        except (sqlite3.Error, KeyError, ValueError) as error:
            what = f"cannot take prebuilt sources from {file}: {error}"
            raise UsageProblem(what, f"name a copy of {FOLDER}/{_FILE}") from None
        with self.writing() as base:
            own = object_pack.imported(base, objects)
            for key, maker, tree, words, ids in rows:
                _insert(base, Source(tree, maker, key), words, [own[n] for n in _numbers(ids)])
        return len(rows)

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection to the file; None if there is none, or if it is no store.

        Raises DamagedStore if it cannot be read.
        """
        if not self.file.exists():
            yield None
            return
        with (
            self._explained("read"),
            hold(self.folder) as held,
            contextlib.closing(sqlite3.connect(self.file, _WAIT_SECONDS)) as base,
        ):
            yield base if held and _is_whole(base) else None

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction. Raises WorkspaceProblem if the file cannot be written."""
        with explained(f"cannot write {self.folder}"):
            self.folder.mkdir(parents=True, exist_ok=True)
        with (
            hold(self.folder),
            self._explained("write"),
            contextlib.closing(sqlite3.connect(self.file, _WAIT_SECONDS)) as base,
        ):
            base.executescript(_SCHEMA)
            with base:
                base.execute("BEGIN IMMEDIATE")
                yield base

    @contextlib.contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        """Turn errors of SQLite into WorkspaceProblem."""
        try:
            yield
        except sqlite3.Error as error:
            problem = f"cannot {what} {self.file}: {error}"
            if what == "read":
                raise DamagedStore(problem, f"remove {self.folder}") from None
            hint = "make room; if it is damaged, remove it"
            raise WorkspaceProblem(problem, hint) from None


class Writer:
    """Adds sources to *prebuilt*, each after one that is like it. For one thread."""

    def __init__(self, prebuilt: Prebuilt) -> None:
        self._prebuilt = prebuilt
        self._wholes: dict[str, tuple[int, bytes]] = {}  # by path: the last one without a base

    def add(self, source: Source, link: Link, folder: Path) -> None:
        """Keep the objects in *folder* from which *link* makes the binary of *source*."""
        contents = {path: (folder / path).read_bytes() for path in link.objects}
        hashes = {path: hashlib.sha256(content).digest() for path, content in contents.items()}
        with self._prebuilt.reading() as base:
            known = ids_of(base, hashes.values()) if base else {}
            unknown = [path for path in contents if hashes[path] not in known]
            if base:
                self._find_wholes(base, unknown)
        packed = [(hashes[path], path, *self._packed(path, contents[path])) for path in unknown]
        words = json.dumps(linking.moved(link.words, str(self._prebuilt.root), _ROOT))
        with self._prebuilt.writing() as base:
            object_pack.add(base, packed)
            known = ids_of(base, hashes.values())
            wholes = ids_of(base, hashes.values(), "AND base IS NULL")
            _insert(base, source, words, [known[hashes[path]] for path in link.objects])
        for path, checksum in hashes.items():
            if checksum in wholes and (path in unknown or path not in self._wholes):
                self._wholes[path] = wholes[checksum], contents[path]

    def _find_wholes(self, base: sqlite3.Connection, paths: Iterable[str]) -> None:
        """Go on from what an earlier writer has left, where this one has added nothing yet."""
        for path in paths:
            if path not in self._wholes and (whole := object_pack.newest_whole(base, path)):
                self._wholes[path] = whole

    def add_problem(self, source: Source, problem: str) -> None:
        """Keep that *source* does not build, so that it is not tried again ahead of a hunt."""
        with self._prebuilt.writing() as base:
            base.execute(
                "INSERT OR REPLACE INTO source VALUES (?, ?, ?, NULL, NULL, ?)",
                (source.key, source.maker, source.tree, problem),
            )

    def _packed(self, path: str, content: bytes) -> tuple[int | None, bytes]:
        """The id of the base of the object at *path*, and its frame."""
        number, base = self._wholes.get(path, (None, None))
        frame, is_delta = object_pack.packed(content, base)
        return number if is_delta else None, frame


def _is_whole(base: sqlite3.Connection) -> bool:
    """Whether *base* can be read and has all tables."""
    try:
        tables = {name for (name,) in base.execute("SELECT name FROM sqlite_master")}
    except sqlite3.DatabaseError:
        return False
    return {"object", "link", "source"} <= tables


def _insert(base: sqlite3.Connection, source: Source, words: str, objects: Iterable[int]) -> None:
    """Add *source*, which the linker's *words* make of the *objects* with these ids."""
    base.execute("INSERT OR IGNORE INTO link (words) VALUES (?)", (words,))
    (number,) = base.execute("SELECT id FROM link WHERE words = ?", (words,)).fetchone()
    ids = array.array("I", objects).tobytes()
    base.execute(
        "INSERT OR REPLACE INTO source VALUES (?, ?, ?, ?, ?, '')",
        (source.key, source.maker, source.tree, number, ids),
    )


def _numbers(ids: bytes) -> Sequence[int]:
    """The ids of objects as a source has them."""
    return array.array("I", ids[: len(ids) // 4 * 4])


def _leads_out(path: str) -> bool:
    return ".." in PurePath(path).parts
