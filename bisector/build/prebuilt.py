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
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import pygit2
import zstandard

from bisector.build import linking
from bisector.build.linking import Link
from bisector.build.toolchain import Toolchain
from bisector.errors import WorkspaceProblem
from bisector.git.object_store import content_key
from bisector.system.files import digest, explained
from bisector.system.locks import hold
from bisector.system.workspace import Workspace

FOLDER = "prebuilt"
_FILE = "objects.sqlite"
_ROOT = "@workspace@"  # in the linker's words, for the workspace's path
_LEVEL = 9  # of zstd: 12 takes twice the time and saves 2 %
_WAIT_SECONDS = 60.0  # for another process that writes
_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS object (
    id INTEGER PRIMARY KEY,
    hash BLOB UNIQUE NOT NULL, -- SHA-256 of the content
    base INTEGER,              -- the object whose content is the dictionary; NULL: none
    data BLOB NOT NULL         -- a frame of zstd
);
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
        """The ids of the trees of which *maker*'s binaries can be linked."""
        query = "SELECT tree FROM source WHERE maker = ? AND link IS NOT NULL"
        with self.reading() as base:
            rows = base.execute(query, (maker,)).fetchall() if base else ()
        return frozenset(tree for (tree,) in rows)

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
        query = "SELECT words, objects FROM source JOIN link ON link = link.id WHERE key = ?"
        with self.reading() as base:
            row = base.execute(query, (source.key,)).fetchone() if base else None
            if base is None or row is None:
                return None
            link = Link(linking.moved(json.loads(row[0]), _ROOT, str(self.root)))
            contents = _contents(base, array.array("I", row[1]))
        if len(contents) != len(link.objects) or any(map(_leads_out, link.objects)):
            self.forget(source)
            return None
        with explained(f"cannot write {folder}"):
            for path, content in zip(link.objects, contents, strict=True):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)
        return link

    def forget(self, source: Source) -> None:
        """Remove *source*. Raises WorkspaceProblem."""
        with self.writing() as base:
            base.execute("DELETE FROM source WHERE key = ?", (source.key,))

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection to the file; None if there is none. What is damaged counts as not there."""
        if not self.file.exists():
            yield None
            return
        with (
            hold(self.folder) as held,
            contextlib.closing(sqlite3.connect(self.file, _WAIT_SECONDS)) as base,
        ):
            yield base if held and _is_whole(base) else None

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction. Raises WorkspaceProblem if the file cannot be written."""
        with explained(f"cannot write {self.folder}"):
            self.folder.mkdir(parents=True, exist_ok=True)
        with hold(self.folder):
            try:
                with contextlib.closing(sqlite3.connect(self.file, _WAIT_SECONDS)) as base:
                    base.executescript(_SCHEMA)
                    with base:
                        base.execute("BEGIN IMMEDIATE")
                        yield base
            except sqlite3.Error as error:
                what = f"cannot write {self.file}: {error}"
                hint = "make room; if it is damaged, 'bisector cache --clear' removes it"
                raise WorkspaceProblem(what, hint) from None


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
            known = _ids(base, hashes.values()) if base else {}
        unknown = [path for path in contents if hashes[path] not in known]
        packed = {path: self._packed(path, contents[path]) for path in unknown}
        words = json.dumps(linking.moved(link.words, str(self._prebuilt.root), _ROOT))
        with self._prebuilt.writing() as base:
            base.executemany(
                "INSERT OR IGNORE INTO object (hash, base, data) VALUES (?, ?, ?)",
                [(hashes[path], *packed[path]) for path in unknown],
            )
            base.execute("INSERT OR IGNORE INTO link (words) VALUES (?)", (words,))
            (number,) = base.execute("SELECT id FROM link WHERE words = ?", (words,)).fetchone()
            known = _ids(base, hashes.values())
            wholes = _ids(base, hashes.values(), "AND base IS NULL")
            ids = array.array("I", (known[hashes[path]] for path in link.objects))
            base.execute(
                "INSERT OR REPLACE INTO source VALUES (?, ?, ?, ?, ?, '')",
                (source.key, source.maker, source.tree, number, ids.tobytes()),
            )
        for path, checksum in hashes.items():
            if checksum in wholes and (path in packed or path not in self._wholes):
                self._wholes[path] = wholes[checksum], contents[path]

    def add_problem(self, source: Source, problem: str) -> None:
        """Keep that *source* does not build, so that it is not tried again ahead of a hunt."""
        with self._prebuilt.writing() as base:
            base.execute(
                "INSERT OR REPLACE INTO source VALUES (?, ?, ?, NULL, NULL, ?)",
                (source.key, source.maker, source.tree, problem),
            )

    def _packed(self, path: str, content: bytes) -> tuple[int | None, bytes]:
        """The id of the base, and the frame of *content*; a whole one unless that saves half."""
        whole = zstandard.ZstdCompressor(level=_LEVEL).compress(content)
        if path in self._wholes:
            number, base = self._wholes[path]
            frame = zstandard.ZstdCompressor(level=_LEVEL, dict_data=_dictionary(base))
            delta = frame.compress(content)
            if 2 * len(delta) < len(whole):
                return number, delta
        return None, whole


def _dictionary(content: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(content, dict_type=zstandard.DICT_TYPE_RAWCONTENT)


def _is_whole(base: sqlite3.Connection) -> bool:
    """Whether *base* can be read and has all tables."""
    try:
        tables = {name for (name,) in base.execute("SELECT name FROM sqlite_master")}
    except sqlite3.DatabaseError:
        return False
    return {"object", "link", "source"} <= tables


def _ids(base: sqlite3.Connection, hashes: Iterable[bytes], also: str = "") -> dict[bytes, int]:
    """The ids of the objects that are there, by their hashes; *also* is a condition of SQL."""
    wanted = tuple(hashes)
    marks = ",".join("?" * len(wanted))
    rows = base.execute(f"SELECT hash, id FROM object WHERE hash IN ({marks}) {also}", wanted)
    return dict(rows.fetchall())


def _contents(base: sqlite3.Connection, ids: Sequence[int]) -> list[bytes]:
    """The contents of the objects *ids*, in their order, up to the first that is damaged."""
    rows = _rows(base, ids)
    wholes = _rows(base, {row[1] for row in rows.values() if row[1] is not None})
    contents = []
    for number in ids:
        try:
            content = _content(rows[number], wholes)
        except (KeyError, zstandard.ZstdError):
            break
        contents.append(content)
    return contents


def _rows(base: sqlite3.Connection, ids: Iterable[int]) -> dict[int, tuple[bytes, int, bytes]]:
    """The hash, base and data of the objects *ids*."""
    wanted = tuple(ids)
    marks = ",".join("?" * len(wanted))
    found = base.execute(f"SELECT id, hash, base, data FROM object WHERE id IN ({marks})", wanted)
    return {number: (hash_, dictionary, data) for number, hash_, dictionary, data in found}


def _content(
    row: tuple[bytes, int | None, bytes], wholes: dict[int, tuple[bytes, int, bytes]]
) -> bytes:
    """The content of a *row*. Raises KeyError or ZstdError if it is damaged."""
    checksum, number, data = row
    dictionary = None
    if number is not None:
        dictionary = _dictionary(zstandard.ZstdDecompressor().decompress(wholes[number][2]))
    content = zstandard.ZstdDecompressor(dict_data=dictionary).decompress(data)
    if hashlib.sha256(content).digest() != checksum:
        raise zstandard.ZstdError("not what the checksum says")
    return content


def _leads_out(path: str) -> bool:
    return ".." in PurePath(path).parts
