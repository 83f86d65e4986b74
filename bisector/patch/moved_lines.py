"""Lines that a change only moves: blocks that it removes in one place and adds in another; pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# as with `git blame -C`: fewer letters and digits may be the same by chance
_ENOUGH = 40

_SILENT = re.compile(rb"[\W_]+")


@dataclass(frozen=True)
class Block:
    """``length`` lines, from the indexes ``removed`` and ``added`` on."""

    removed: int
    added: int
    length: int


def blocks(removed: Sequence[bytes], added: Sequence[bytes]) -> Iterator[Block]:
    """The blocks of lines that are in both, without overlap in *added*.

    A block is found by a line that is removed once only, and has at least 40 letters and digits.
    """
    often = Counter(removed)
    places = {line: place for place, line in enumerate(removed) if often[line] == 1}
    done = at = 0
    while at < len(added):
        start = places.get(added[at])
        if start is None:
            at += 1
            continue
        back, ahead = 0, 1
        most = min(start, at - done)
        while back < most and removed[start - back - 1] == added[at - back - 1]:
            back += 1
        most = min(len(removed) - start, len(added) - at)
        while ahead < most and removed[start + ahead] == added[at + ahead]:
            ahead += 1
        block = Block(start - back, at - back, back + ahead)
        at += ahead
        if len(_SILENT.sub(b"", b"".join(added[block.added : at]))) >= _ENOUGH:
            done = at
            yield block
