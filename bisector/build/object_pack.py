"""Objects of compilers in a SQLite file: each content once, most as the difference to another.

An object has the path at which it was first seen. A content is a frame of zstd. Its dictionary, if
it has one, is a whole object: two rows have to be read at most.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zstandard import ZstdCompressionDict

_LEVEL = 9  # of zstd: 12 takes twice the time and saves 2 %
SCHEMA = """
CREATE TABLE IF NOT EXISTS object (
    id INTEGER PRIMARY KEY,
    hash BLOB UNIQUE NOT NULL, -- SHA-256 of the content
    path TEXT NOT NULL,        -- in the build tree
    base INTEGER,              -- the object whose content is the dictionary; NULL: none
    data BLOB NOT NULL         -- a frame of zstd
);
CREATE INDEX IF NOT EXISTS whole ON object (path) WHERE base IS NULL;
"""
_ADD = "INSERT OR IGNORE INTO object (hash, path, base, data) VALUES (?, ?, ?, ?)"
_COPY = """
INSERT INTO object (hash, path, base, data) VALUES (?, ?, ?, ?)
ON CONFLICT (hash) DO UPDATE SET base = NULL, data = excluded.data WHERE excluded.base IS NULL
"""


Row = tuple[int, bytes, str, int | None, bytes]
"""The id, hash, path, base and data of an object."""


def packed(content: bytes, base: bytes | None) -> tuple[bytes, bool]:
    """The frame of *content*, and whether *base* is its dictionary: if that saves half."""
    from zstandard import ZstdCompressor

    whole = ZstdCompressor(level=_LEVEL).compress(content)
    if base is not None:
        delta = ZstdCompressor(level=_LEVEL, dict_data=_dictionary(base)).compress(content)
        if 2 * len(delta) < len(whole):
            return delta, True
    return whole, False


def ids_of(base: sqlite3.Connection, hashes: Iterable[bytes], also: str = "") -> dict[bytes, int]:
    """The ids of the objects that are there, by their hashes; *also* is a condition of SQL."""
    wanted = tuple(hashes)
    marks = ",".join("?" * len(wanted))
    rows = base.execute(f"SELECT hash, id FROM object WHERE hash IN ({marks}) {also}", wanted)
    return dict(rows.fetchall())


def add(base: sqlite3.Connection, rows: Iterable[tuple[bytes, str, int | None, bytes]]) -> None:
    """Add objects, of each the hash, path, base and data, unless they are there."""
    base.executemany(_ADD, rows)


def newest_whole(base: sqlite3.Connection, path: str) -> tuple[int, bytes] | None:
    """The id and content of the last whole object that was seen at *path*; None if damaged, too."""
    query = "SELECT id FROM object WHERE path = ? AND base IS NULL ORDER BY id DESC LIMIT 1"
    for (number,) in base.execute(query, (path,)):
        for content in contents(base, [number]):
            return number, content
    return None


def contents(base: sqlite3.Connection, ids: Sequence[int]) -> list[bytes]:
    """The contents of the objects *ids*, in their order, up to the first that is damaged."""
    from zstandard import ZstdError

    rows = _rows(base, ids)
    wholes = _rows(base, {row[1] for row in rows.values() if row[1] is not None})
    found = []
    for number in ids:
        try:
            content = _content(rows[number], wholes)
        except (KeyError, ValueError, ZstdError):
            break
        found.append(content)
    return found


def _rows(base: sqlite3.Connection, ids: Iterable[int]) -> dict[int, tuple[bytes, int, bytes]]:
    """The hash, base and data of the objects *ids*."""
    wanted = tuple(ids)
    marks = ",".join("?" * len(wanted))
    found = base.execute(f"SELECT id, hash, base, data FROM object WHERE id IN ({marks})", wanted)
    return {number: (hash_, dictionary, data) for number, hash_, dictionary, data in found}


def _content(
    row: tuple[bytes, int | None, bytes], wholes: dict[int, tuple[bytes, int, bytes]]
) -> bytes:
    """The content of a *row*. Raises KeyError, ValueError or ZstdError if it is damaged."""
    from zstandard import ZstdDecompressor

    checksum, number, data = row
    dictionary = None
    if number is not None:
        dictionary = _dictionary(ZstdDecompressor().decompress(wholes[number][2]))
    content = ZstdDecompressor(dict_data=dictionary).decompress(data)
    if hashlib.sha256(content).digest() != checksum:
        raise ValueError("not what the checksum says")
    return content


def exported(base: sqlite3.Connection, numbers: Collection[int]) -> list[Row]:
    """The rows of the objects *numbers* and of their bases, the whole ones first.

    Raises KeyError if one is missing.
    """
    base_of = dict(base.execute("SELECT id, base FROM object").fetchall())
    wanted = {*numbers, *(base_of[number] for number in numbers)}
    rows = base.execute(
        "SELECT id, hash, path, base, data FROM object ORDER BY base IS NOT NULL, id"
    )
    return [row for row in rows if row[0] in wanted]


def imported(base: sqlite3.Connection, rows: Iterable[Row]) -> dict[int | None, int]:
    """Add *rows* that exported() gave elsewhere; their ids here, by those there."""
    own: dict[int | None, int] = {}
    for number, checksum, path, dictionary, data in rows:
        base.execute(_COPY, (checksum, path, own.get(dictionary), data))
        own[number] = ids_of(base, [checksum])[checksum]
    return own


def remove(base: sqlite3.Connection, number: int) -> None:
    """Remove a damaged object, and its base, as it may be that."""
    base.execute(
        "DELETE FROM object WHERE id IN (?, (SELECT base FROM object WHERE id = ?))",
        (number, number),
    )


def _dictionary(content: bytes) -> ZstdCompressionDict:
    from zstandard import DICT_TYPE_RAWCONTENT, ZstdCompressionDict

    return ZstdCompressionDict(content, dict_type=DICT_TYPE_RAWCONTENT)
