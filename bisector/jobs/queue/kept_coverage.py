"""The coverage maps in the workspace's cache: a folder for each, in it a file for each test.

So a map that was interrupted goes on where it was. A file that is damaged is as good as none.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bisector.build.counting.functions import Function
from bisector.probing.counted_tests import Coverage
from bisector.system import cache
from bisector.system.files import digest
from bisector.system.locks import hold
from bisector.system.workspace import Workspace


class KeptCoverage:
    """What is known of one map's tests: see held()."""

    def __init__(self, workspace: Workspace, home: Path) -> None:
        self._workspace = workspace
        self._home = home
        self._known: dict[Function, Function] = {}  # tests share most of them

    def read(self, test: str) -> Coverage | None:
        """The result of *test*; None if it is not known."""
        try:
            name, functions, reason = _decoded(self._file(test).read_bytes())
            own = [(path, one) for path, names in functions.items() for one in names]
        except (OSError, ValueError, TypeError, AttributeError, RecursionError):
            return None
        if name != test:
            return None
        return reason or frozenset(self._known.setdefault(one, one) for one in own)

    def write(self, test: str, result: Coverage) -> None:
        """Keep the *result* of *test*. Raises WorkspaceProblem."""
        functions: dict[str, list[str]] = {}
        for path, name in () if isinstance(result, str) else sorted(result):
            functions.setdefault(path, []).append(name)
        reason = result if isinstance(result, str) else ""
        self._workspace.write(self._file(test), _encoded([test, functions, reason]))

    def _file(self, test: str) -> Path:
        return self._home / digest(test)


@contextmanager
def held(workspace: Workspace, key: str) -> Iterator[KeptCoverage]:
    """A context manager that yields the map with this *key*, which is not evicted meanwhile."""
    while True:
        home = workspace.folder("coverage", key)
        with hold(home) as is_there:
            if is_there:  # else another process has just evicted it
                cache.touch(home)
                yield KeptCoverage(workspace, home)
                return


def _encoded(content: object) -> bytes:
    packed = zlib.compress(json.dumps(content).encode())
    return digest(packed).encode() + packed


def _decoded(raw: bytes) -> tuple[str, dict[str, list[str]], str]:
    """What _encoded() packed. Raises ValueError or TypeError if *raw* is damaged."""
    size = len(digest(b""))
    if raw[:size] != digest(raw[size:]).encode():
        raise ValueError("damaged")
    name, functions, reason = json.loads(zlib.decompress(raw[size:]))
    return name, functions, reason
