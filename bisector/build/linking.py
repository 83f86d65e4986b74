"""The last step of a build by itself: what the linker was given, and doing it again."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath

from bisector.build.toolchain import Toolchain
from bisector.system.process import Finished, run
from bisector.system.sandbox import Network
from bisector.system.slots import Slot

BINARY = "haproxy"
SECONDS = 60.0  # for one call of the linker; it takes a tenth of one
_RECORD = ".link"
# writes its words to a file, one a line, then does what they say; make makes one dollar of two
_RECORDER = f"""sh -c 'printf "%s\\n" "$$@" >{_RECORD} && exec "$$0" "$$@"'"""


@dataclass(frozen=True)
class Link:
    """The ``words`` that the linker was given after its own name."""

    words: tuple[str, ...]

    @property
    def objects(self) -> tuple[str, ...]:
        """The paths of the objects among them that the build has made, in their order."""
        paths = (word for word in self.words if word.endswith(".o"))
        return tuple(path for path in paths if not PurePath(path).is_absolute())


def recording(toolchain: Toolchain) -> dict[str, str]:
    """The make variables with which a build writes down what its linker is given."""
    return {"LD": f"{_RECORDER} {_linker(toolchain)}"}


def recorded(folder: Path) -> Link | None:
    """What the build in *folder* wrote down; None if it has linked nothing."""
    record = folder / _RECORD
    if record.is_symlink() or not record.is_file():
        return None
    return Link(tuple(record.read_text(encoding="utf-8").splitlines()))


def link(what: Link, toolchain: Toolchain, folder: Path, log: Path, slot: Slot) -> Finished:
    """Link the objects in *folder* there. Raises Stopped if *slot* is stopped."""
    box = slot.sandbox.box(folder, network=Network.NONE) if slot.sandbox else None
    return run(
        [*shlex.split(_linker(toolchain)), *what.words],
        log=log,
        timeout=SECONDS,
        cwd=folder,
        stop=slot.stop,
        box=box,
    )


def moved(words: Iterable[str], before: str, after: str) -> tuple[str, ...]:
    """*words* with the path *after* in place of the path *before*."""
    return tuple(word.replace(before, after) for word in words)


def _linker(toolchain: Toolchain) -> str:
    words = dict(toolchain.variables)
    return words.get("LD") or words["CC"]
