"""The files that a test needs beside it: what it names, what these name, and so on."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

# A companion is searched for the names of others only if it is text and no longer than that.
MAX_READ_FOR_NAMES = 1 << 20  # bytes

_NAME = r"[\w.+-]+(?:/[\w.+-]+)*"
_COMPANION = re.compile(r"\$\{testdir\}/(" + _NAME + ")")


def companions(folder: Path, text: str) -> list[bytes]:
    """Names and contents of the files that a test's *text* in *folder* leads to.

    These are the files that it names, as ${testdir}/NAME or by a name that exists below *folder*,
    those that such a file names, and so on; of a folder named by ${testdir}, all files.
    """
    found: dict[str, bytes] = {}
    unread = [(folder, text)]
    while unread:
        home, said = unread.pop()
        for file in {*_named_by_testdir(folder, said), *_named_below(folder, home, said)}:
            name = str(file.relative_to(folder))
            if name not in found:
                content = found[name] = file.read_bytes()
                if len(content) <= MAX_READ_FOR_NAMES and b"\0" not in content:
                    unread.append((file.parent, content.decode("utf-8", "replace")))
    return [part for name in sorted(found) for part in (name.encode(), found[name])]


def _named_by_testdir(folder: Path, text: str) -> Iterator[Path]:
    for name in set(_COMPANION.findall(text)):
        path = folder / name
        yield from (one for one in (path.rglob("*") if path.is_dir() else [path]) if one.is_file())


def _named_below(folder: Path, home: Path, text: str) -> Iterator[Path]:
    """The files below *folder* that words of *text*, which lies in *home*, are names of."""
    words = set(re.findall(_NAME, text))
    # the beginning may be a variable's name: $dir/NAME
    words |= {word[at + 1 :] for word in words for at, char in enumerate(word) if char == "/"}
    # Lua's require() takes a.b for a/b.lua
    words |= {f"{word.replace('.', '/')}.lua" for word in words if not word.startswith(".")}
    for base in {folder, home}:
        beside = {"..", *(entry.name for entry in base.iterdir())}
        for word in words:
            if word.split("/", 1)[0] in beside:  # else no need to look at the disk
                file = Path(os.path.normpath(base / word))
                if file.is_relative_to(folder) and file.is_file():
                    yield file
