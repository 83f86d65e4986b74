"""Which functions a HAProxy that counts has executed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

Function = tuple[str, str]
"""A function: the path of its file in the tree, "" if that is not known, and its name."""

# The file that tcc names for inline functions, which it compiles where they are first called.
_INLINE = ":inline:"


def of_tcc(text: str, root: str) -> frozenset[Function]:
    """The functions in what flush.c writes; *root* is the folder of the build.

    Lines of another form, as a full disk or a killed process leaves them, are left out.
    """
    found = set()
    for line in text.splitlines():
        path, tab, name = line.partition("\t")
        if path and tab and name.isidentifier():
            found |= set(_function(path, name, root))
    return frozenset(found)


def of_gcov(texts: Iterable[bytes], root: str) -> frozenset[Function]:
    """The functions in gcov's JSON *texts* with a count above 0; *root* is that of the build.

    Raises ValueError for text that is not gcov's.
    """
    found = set()
    try:
        for text in texts:
            for file in json.loads(text)["files"]:
                for function in file["functions"]:
                    if int(function["execution_count"]) > 0:
                        found |= set(_function(file["file"], str(function["name"]), root))
    except (TypeError, KeyError, OverflowError, RecursionError) as error:
        raise ValueError(f"unexpected format: {error}") from error
    return frozenset(found)


def _function(path: str, name: str, root: str) -> Iterator[Function]:
    """The function *name* of the file *path*, if that is one of the tree in *root*."""
    pure = PurePosixPath(path)
    if pure.name == _INLINE:
        yield ("", name)
    elif not pure.is_absolute():
        yield (str(pure), name)
    elif pure.is_relative_to(root):
        yield (str(pure.relative_to(root)), name)
