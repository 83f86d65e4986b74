"""The hunks of a unified diff: reversed, and applied to a file's content. Bytes only, no git.

A hunk applies where the file has all its old lines, context included, byte by byte; its line number
may differ. Context is never ignored (no fuzz): changed context needs a three-way merge.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

REGULAR_MODES = (0o100644, 0o100755)
LINK = 0o120000  # the mode of a symbolic link, whose content is its target

_SWAPPED = {b" ": b" ", b"-": b"+", b"+": b"-"}
_NO_NEWLINE = b"\\ No newline at end of file\n"
# \b, so that a match is tried at the start of a word only: else the time is quadratic in its length
_CALLABLE = re.compile(r"\b(\w+)\s*\(")
_DEFINITION = re.compile(rb"(?=[A-Za-z_])[\w\s*]*?\b(\w+)\s*\([^;]*$")  # no prototype


@dataclass(frozen=True)
class Hunk:
    """One hunk of a unified diff.

    ``old_start`` and ``new_start`` are line numbers, from 1. Each of ``lines`` begins with its mark
    (space, minus, plus) and ends with a newline if it has one in the file. ``section`` is the text
    after the second ``@@`` of the header, where git puts the enclosing function.
    """

    old_start: int
    new_start: int
    section: str
    lines: tuple[bytes, ...]

    @property
    def old(self) -> list[bytes]:
        """The context and the removed lines, without their marks."""
        return [line[1:] for line in self.lines if not line.startswith(b"+")]

    @property
    def new(self) -> list[bytes]:
        """The context and the added lines, without their marks."""
        return [line[1:] for line in self.lines if not line.startswith(b"-")]

    @property
    def header(self) -> str:
        """The ``@@`` line of the hunk."""
        old, new = f"{self.old_start},{len(self.old)}", f"{self.new_start},{len(self.new)}"
        return f"@@ -{old} +{new} @@ {self.section}".rstrip()

    @property
    def function(self) -> str:
        """The name of the function in the header, or ''."""
        match = _CALLABLE.search(self.section)
        return match[1] if match else ""

    @property
    def functions(self) -> frozenset[str]:
        """The functions whose lines the hunk changes, as far as its header and lines show them."""
        changed, current = set(), self.function
        for line in self.lines:
            if definition := _DEFINITION.match(line, 1):
                current = definition[1].decode("utf-8", "replace")
            if current and not line.startswith(b" "):
                changed.add(current)
            if line[1:2] == b"}":
                current = ""
        return frozenset(changed)

    @property
    def reversed(self) -> Hunk:
        """The hunk that undoes this one."""
        lines = tuple(_SWAPPED[line[:1]] + line[1:] for line in self.lines)
        return Hunk(self.new_start, self.old_start, self.section, lines)


@dataclass(frozen=True)
class FileDiff:
    """The change of one file in a patch.

    ``old_path`` is None for an added file, ``new_path`` for a removed one. Modes are those that the
    patch states as old or new, else None; those of a symbolic link are always given. The ids are
    those of the blobs before and after, perhaps abbreviated; '' where the patch has no index line.
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
        """The file's path; the old one if the file is renamed."""
        return self.old_path or self.new_path or ""

    @property
    def is_link(self) -> bool:
        """Whether the file is a symbolic link."""
        return LINK in (self.old_mode, self.new_mode)

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
        """The change in git's diff format; two changes are equal if and only if their texts are."""
        rows = [
            f"diff --git a/{self.old_path or self.new_path} b/{self.new_path or self.old_path}\n"
        ]
        if self.old_path is None:
            rows.append(f"new file mode {self.new_mode or REGULAR_MODES[0]:o}\n")
        elif self.new_path is None:
            rows.append(f"deleted file mode {self.old_mode or REGULAR_MODES[0]:o}\n")
        elif self.new_mode and self.old_mode and not self.is_link:
            rows.append(f"old mode {self.old_mode:o}\nnew mode {self.new_mode:o}\n")
        if self.old_path and self.new_path and self.old_path != self.new_path:
            rows.append(f"rename from {self.old_path}\nrename to {self.new_path}\n")
        if self.old_id or self.new_id:
            mode = f" {LINK:o}" if self.is_link and self.old_path and self.new_path else ""
            rows.append(f"index {self.old_id or '0' * 40}..{self.new_id or '0' * 40}{mode}\n")
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
class RejectedHunk:
    """A hunk that does not apply, and why."""

    hunk: Hunk
    why: str


def split_lines(content: bytes) -> list[bytes]:
    """The lines of *content* with their newlines; as in git, only a newline ends a line."""
    *lines, rest = content.split(b"\n")
    return [line + b"\n" for line in lines] + ([rest] if rest else [])


def fit(
    content: bytes, hunks: Sequence[Hunk], *, reapply: bool = True
) -> bytes | tuple[RejectedHunk, ...]:
    """Apply all *hunks* to *content*, in their order; the hunks that do not apply, if any.

    Where a hunk fits at several places, the order of the hunks can exclude all but one, or its line
    number can select one, shifted by as much as the hunk before it moved. Otherwise it is rejected:
    the nearest place would be a guess. Without *reapply*, places inside lines that the hunk itself
    would leave are excluded: the change may be there already.
    """
    lines = split_lines(content)
    options = [_places(lines, hunk) for hunk in hunks]
    if not reapply:
        options = [
            _not_applied(lines, hunk, places) for hunk, places in zip(hunks, options, strict=True)
        ]
    if not all(options):
        pairs = zip(hunks, options, strict=True)
        return tuple(
            RejectedHunk(hunk, _reason(lines, hunk)) for hunk, places in pairs if not places
        )
    bounds = _in_order(hunks, options)
    if isinstance(bounds, RejectedHunk):
        return (bounds,)
    result: list[bytes] = []
    done = shift = 0
    for hunk, places, (first, last) in zip(hunks, options, bounds, strict=True):
        places = [at for at in places if max(first, done) <= at <= last]
        expected = hunk.old_start - 1 + shift
        if len(places) > 1 and expected not in places:
            numbers = ", ".join(str(at + 1) for at in places)
            return (RejectedHunk(hunk, f"it fits at lines {numbers}, so its place is ambiguous"),)
        place = places[0] if len(places) == 1 else expected
        result += lines[done:place] + hunk.new
        done = place + len(hunk.old)
        shift = place - (hunk.old_start - 1)
    return b"".join(result + lines[done:])


def _places(lines: list[bytes], hunk: Hunk) -> list[int]:
    """The indices of the lines where *hunk* fits."""
    old = hunk.old
    if not old:  # without context it applies to an empty file only
        return [] if lines else [0]
    last = len(lines) - len(old)
    candidates = (at for at in range(last + 1) if lines[at] == old[0])
    places = [at for at in candidates if lines[at : at + len(old)] == old]
    # git shortens context only at the beginning and at the end of a file
    before, after = _context(hunk.lines), _context(reversed(hunk.lines))
    if hunk.old_start <= 1 and (before == 0 or before < after):
        places = [at for at in places if at == 0]
    if after == 0 or after < before:
        places = [at for at in places if at == last]
    return places


def _not_applied(lines: list[bytes], hunk: Hunk, places: list[int]) -> list[int]:
    """*places* without those where *hunk* has been applied already.

    If lines are inserted between A and B, and the last one of them equals A, then the result has A
    before B again, and the hunk would fit a second time.
    """
    surplus = len(hunk.new) - len(hunk.old)
    applied = _places(lines, hunk.reversed)
    return [at for at in places if not any(done <= at <= done + surplus for done in applied)]


def _in_order(
    hunks: Sequence[Hunk], options: Sequence[list[int]]
) -> list[tuple[int, int]] | RejectedHunk:
    """The first and the last place that each hunk can have if all keep their order."""
    first: list[int] = []
    done = 0
    for hunk, places in zip(hunks, options, strict=True):
        place = next((at for at in places if at >= done), None)
        if place is None:
            return RejectedHunk(hunk, "it fits only before the place of the hunk before it")
        first.append(place)
        done = place + len(hunk.old)
    latest: list[int] = []
    for hunk, places in zip(reversed(hunks), reversed(options), strict=True):
        end = min(latest, default=places[-1] + len(hunk.old))
        latest.append(max(at for at in places if at + len(hunk.old) <= end))
    return list(zip(first, reversed(latest), strict=True))


def _reason(lines: list[bytes], hunk: Hunk) -> str:
    """Why *hunk* fits at no place in *lines*."""
    if _places(lines, hunk):
        return "its change is there already"
    if not hunk.old:
        return "it has no context that shows its place"
    present = set(lines)
    absent = next((line for line in hunk.old if line not in present), None)
    if absent is None:
        return "its lines are not next to each other in the file"
    return f"the file has no line {absent.decode('utf-8', 'replace').strip()!r}"


def _context(lines: Iterable[bytes]) -> int:
    """The number of context lines that *lines* begin with."""
    count = 0
    for line in lines:
        if not line.startswith(b" "):
            break
        count += 1
    return count


def renumbered(hunks: Iterable[Hunk]) -> tuple[Hunk, ...]:
    """*hunks* with the new side's line numbers for a diff that has only these hunks."""
    result = []
    shift = 0
    for hunk in hunks:
        result.append(replace(hunk, new_start=hunk.old_start + shift))
        shift += len(hunk.new) - len(hunk.old)
    return tuple(result)
