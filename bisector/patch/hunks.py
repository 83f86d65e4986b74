"""The hunks of a diff: turned round, and fitted into a file's content. Bytes in, bytes out, no git.

A hunk fits where all its old lines stand, context included, byte by byte. It may have moved.
Whether it also makes sense in other surroundings is for a three-way merge to say, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

REGULAR_MODES = (0o100644, 0o100755)

_SWAPPED = {b" ": b" ", b"-": b"+", b"+": b"-"}
_NO_NEWLINE = b"\\ No newline at end of file\n"
# a name is tried from where it begins only: a long word would take time in the square of its length
_CALLABLE = re.compile(r"\b(\w+)\s*\(")
_DEFINITION = re.compile(rb"(?=[A-Za-z_])[\w\s*]*?\b(\w+)\s*\([^;]*$")  # no prototype


@dataclass(frozen=True)
class Hunk:
    """One change of consecutive lines.

    Each of ``lines`` begins with its mark (space, minus, plus) and ends with its newline, if it
    has one in the file. ``section`` is what the header says behind the second ``@@``.
    """

    old_start: int
    new_start: int
    section: str
    lines: tuple[bytes, ...]

    @property
    def old(self) -> list[bytes]:
        """The lines that the hunk expects."""
        return [line[1:] for line in self.lines if not line.startswith(b"+")]

    @property
    def new(self) -> list[bytes]:
        """The lines that the hunk leaves."""
        return [line[1:] for line in self.lines if not line.startswith(b"-")]

    @property
    def header(self) -> str:
        """The line that names the hunk in a patch file."""
        old, new = f"{self.old_start},{len(self.old)}", f"{self.new_start},{len(self.new)}"
        return f"@@ -{old} +{new} @@ {self.section}".rstrip()

    @property
    def function(self) -> str:
        """The name of the function that the header mentions, or nothing."""
        found = _CALLABLE.search(self.section)
        return found[1] if found else ""

    @property
    def functions(self) -> frozenset[str]:
        """The functions whose lines the hunk changes, as far as its header and lines show them."""
        found, inside = set(), self.function
        for line in self.lines:
            if begun := _DEFINITION.match(line, 1):
                inside = begun[1].decode("utf-8", "replace")
            if inside and not line.startswith(b" "):
                found.add(inside)
            if line[1:2] == b"}":
                inside = ""
        return frozenset(found)

    @property
    def reversed(self) -> Hunk:
        """The hunk that undoes this one."""
        lines = tuple(_SWAPPED[line[:1]] + line[1:] for line in self.lines)
        return Hunk(self.new_start, self.old_start, self.section, lines)


@dataclass(frozen=True)
class FileDiff:
    """What a patch does to one file.

    ``old_path`` is None for a file that comes into being, ``new_path`` for one that goes. Modes
    are set where the patch sets them. The ids name the blobs before and after, perhaps
    abbreviated; they are empty where nothing is known of them.
    """

    old_path: str | None
    new_path: str | None
    old_mode: int | None = None
    new_mode: int | None = None
    old_id: str = ""
    new_id: str = ""
    hunks: tuple[Hunk, ...] = ()

    @property
    def path(self) -> str:
        """The file's name, the older one if it changes."""
        return self.old_path or self.new_path or ""

    @property
    def reversed(self) -> FileDiff:
        """The change that undoes this one."""
        return FileDiff(
            self.new_path,
            self.old_path,
            self.new_mode,
            self.old_mode,
            self.new_id,
            self.old_id,
            tuple(hunk.reversed for hunk in self.hunks),
        )

    @property
    def text(self) -> bytes:
        """The change as a patch file says it; two changes differ if and only if their texts do."""
        rows = [
            f"diff --git a/{self.old_path or self.new_path} b/{self.new_path or self.old_path}\n"
        ]
        if self.old_path is None:
            rows.append(f"new file mode {self.new_mode or REGULAR_MODES[0]:o}\n")
        elif self.new_path is None:
            rows.append(f"deleted file mode {self.old_mode or REGULAR_MODES[0]:o}\n")
        elif self.new_mode and self.old_mode:
            rows.append(f"old mode {self.old_mode:o}\nnew mode {self.new_mode:o}\n")
        if self.old_path and self.new_path and self.old_path != self.new_path:
            rows.append(f"rename from {self.old_path}\nrename to {self.new_path}\n")
        if self.old_id or self.new_id:
            rows.append(f"index {self.old_id or '0' * 40}..{self.new_id or '0' * 40}\n")
        if self.hunks:
            rows.append(f"--- {f'a/{self.old_path}' if self.old_path else '/dev/null'}\n")
            rows.append(f"+++ {f'b/{self.new_path}' if self.new_path else '/dev/null'}\n")
        text = ["".join(rows).encode()]
        for hunk in self.hunks:
            text.append(hunk.header.encode() + b"\n")
            for line in hunk.lines:
                text.append(line if line.endswith(b"\n") else line + b"\n" + _NO_NEWLINE)
        return b"".join(text)


@dataclass(frozen=True)
class Misfit:
    """A hunk that finds no place, and why."""

    hunk: Hunk
    why: str


def split_lines(content: bytes) -> list[bytes]:
    """The lines of *content*, newlines kept; only newline ends a line, as git has it."""
    *lines, rest = content.split(b"\n")
    return [line + b"\n" for line in lines] + ([rest] if rest else [])


def fit(content: bytes, hunks: Sequence[Hunk], *, again: bool = True) -> bytes | tuple[Misfit, ...]:
    """*content* with all *hunks* applied, in their order, or those that have no place.

    Where a hunk fits several times, the order can leave one place, and so can its line number,
    counted on from the hunk before it. Else it has none: the nearest one would be a guess.
    Not *again*: what such a hunk has already changed is no place for it, even if it fits.
    """
    lines = split_lines(content)
    options = [_places(lines, hunk) for hunk in hunks]
    if not again:
        options = [
            _untouched(lines, hunk, places) for hunk, places in zip(hunks, options, strict=True)
        ]
    if not all(options):
        pairs = zip(hunks, options, strict=True)
        return tuple(Misfit(hunk, _absence(lines, hunk)) for hunk, places in pairs if not places)
    bounds = _in_order(hunks, options)
    if isinstance(bounds, Misfit):
        return (bounds,)
    result: list[bytes] = []
    done = shift = 0
    for hunk, places, (first, last) in zip(hunks, options, bounds, strict=True):
        places = [at for at in places if max(first, done) <= at <= last]
        expected = hunk.old_start - 1 + shift
        if len(places) > 1 and expected not in places:
            found = ", ".join(str(at + 1) for at in places)
            return (Misfit(hunk, f"it fits at lines {found}, and nothing says where it belongs"),)
        place = places[0] if len(places) == 1 else expected
        result += lines[done:place] + hunk.new
        done = place + len(hunk.old)
        shift = place - (hunk.old_start - 1)
    return b"".join(result + lines[done:])


def _places(lines: list[bytes], hunk: Hunk) -> list[int]:
    """The indices of the lines where *hunk* fits."""
    old = hunk.old
    if not old:  # a line number alone is good for nothing but a new file
        return [] if lines else [0]
    last = len(lines) - len(old)
    candidates = (at for at in range(last + 1) if lines[at] == old[0])
    places = [at for at in candidates if lines[at : at + len(old)] == old]
    # context that is cut short says that the file begins or ends there
    before, after = _context(hunk.lines), _context(reversed(hunk.lines))
    if hunk.old_start <= 1 and (before == 0 or before < after):
        places = [at for at in places if at == 0]
    if after == 0 or after < before:
        places = [at for at in places if at == last]
    return places


def _untouched(lines: list[bytes], hunk: Hunk, places: list[int]) -> list[int]:
    """*places* without those inside of what *hunk* makes.

    Lines that are put between A and B, and that end in A themselves, leave A before B again.
    """
    surplus = len(hunk.new) - len(hunk.old)
    made = _places(lines, hunk.reversed)
    return [at for at in places if not any(done <= at <= done + surplus for done in made)]


def _in_order(
    hunks: Sequence[Hunk], options: Sequence[list[int]]
) -> list[tuple[int, int]] | Misfit:
    """The first and the last place that each hunk can take when all keep their order."""
    first: list[int] = []
    done = 0
    for hunk, places in zip(hunks, options, strict=True):
        place = next((at for at in places if at >= done), None)
        if place is None:
            return Misfit(hunk, "it fits only before the place of the hunk before it")
        first.append(place)
        done = place + len(hunk.old)
    latest: list[int] = []
    for hunk, places in zip(reversed(hunks), reversed(options), strict=True):
        end = min(latest, default=places[-1] + len(hunk.old))
        latest.append(max(at for at in places if at + len(hunk.old) <= end))
    return list(zip(first, reversed(latest), strict=True))


def _absence(lines: list[bytes], hunk: Hunk) -> str:
    """Why *hunk* fits nowhere."""
    if _places(lines, hunk):
        return "its change is there already"
    if not hunk.old:
        return "it has no context to find its place by"
    present = set(lines)
    absent = next((line for line in hunk.old if line not in present), None)
    if absent is None:
        return "its lines do not stand together in the file"
    return f"the file has no line {absent.decode('utf-8', 'replace').strip()!r}"


def _context(lines: Iterable[bytes]) -> int:
    count = 0
    for line in lines:
        if not line.startswith(b" "):
            break
        count += 1
    return count


def renumbered(hunks: Iterable[Hunk]) -> tuple[Hunk, ...]:
    """*hunks* with the line numbers that the new side has when there are no others."""
    result = []
    shift = 0
    for hunk in hunks:
        result.append(replace(hunk, new_start=hunk.old_start + shift))
        shift += len(hunk.new) - len(hunk.old)
    return tuple(result)
