"""The files that a test needs beside it: those that it names, those that these name, and so on."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from bisector.testing import links

MAX_SEARCHED = 1 << 20  # bytes; larger companions are not searched for names of others

_NAME = r"[\w.+-]+(?:/[\w.+-]+)*"
_COMPANION = re.compile(r"\$\{testdir\}/(" + _NAME + ")")


def companions(folder: Path, text: str) -> list[bytes]:
    """Names and contents, in turns, of the files that a test with this *text* in *folder* needs.

    These are the files that the text names, as ${testdir}/NAME or by the name of a file below
    *folder*; the files that these name; and so on. Of a folder named as ${testdir}/NAME, they are
    all its files. Raises OSError, and ScenarioProblem for one that must not be shown to a test.
    """
    found: dict[str, bytes] = {}
    unsearched = [(folder, text)]
    while unsearched:
        home, searched = unsearched.pop()
        for file in {*_named_by_testdir(folder, searched), *_named_below(folder, home, searched)}:
            name = str(file.relative_to(folder))
            if name not in found:
                links.check(file, folder)
                content = found[name] = file.read_bytes()
                if len(content) <= MAX_SEARCHED and b"\0" not in content:
                    unsearched.append((file.parent, content.decode("utf-8", "replace")))
    return [part for name in sorted(found) for part in (name.encode(), found[name])]


def _named_by_testdir(folder: Path, text: str) -> Iterator[Path]:
    for name in set(_COMPANION.findall(text)):
        path = folder / name
        files = path.rglob("*") if path.is_dir() else [path]
        yield from (file for file in files if file.is_file())


def _named_below(folder: Path, home: Path, text: str) -> Iterator[Path]:
    """The files below *folder* that words of *text* name, relative to *folder* or to *home*.

    *home* is the folder of the file with the text.
    """
    words = set(re.findall(_NAME, text))
    # a word may begin with a variable: $dir/NAME
    words |= {word[at + 1 :] for word in words for at, char in enumerate(word) if char == "/"}
    # Lua's require("a.b") reads a/b.lua
    words |= {f"{word.replace('.', '/')}.lua" for word in words if not word.startswith(".")}
    for base in {folder, home}:
        beside = {"..", *(entry.name for entry in base.iterdir())}
        for word in words:
            if word.split("/", 1)[0] in beside:  # else there is no such file
                file = Path(os.path.normpath(base / word))
                if file.is_relative_to(folder) and file.is_file():
                    yield file


def laid_out(files: Sequence[tuple[str, bytes]], scratch: Path) -> Path:
    """The folder below *scratch* into which a test's *files* were written, by their names.

    Names may begin with ../: they stay below reg-tests/, which a sandbox makes visible. Raises
    OSError.
    """
    deep = max((name.split("/").count("..") for name, _ in files), default=0)
    folder = scratch.joinpath("reg-tests", *["below"] * deep)
    for name, content in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o755)  # some may be programs
    return folder
