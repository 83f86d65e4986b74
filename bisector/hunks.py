"""Unified diffs: read, turned round, fitted into a file's content. Bytes in, bytes out, no git.

A hunk fits where all its old lines stand, context included, byte by byte. It may have moved.
Whether it also makes sense in other surroundings is for a three-way merge to say, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bisector.errors import PatchProblem

REGULAR_MODES = (0o100644, 0o100755)

_SWAPPED = {b" ": b" ", b"-": b"+", b"+": b"-"}
_NO_NEWLINE = b"\\ No newline at end of file\n"
_SPANS = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)\n?")
_INDEX = re.compile(rb"([0-9a-f]{4,64})\.\.([0-9a-f]{4,64})(?: (\d{6}))?")
_FIELD = re.compile(
    rb"(old mode|new mode|new file mode|deleted file mode|rename from|rename to|copy from|copy to"
    rb"|similarity index|dissimilarity index|index) (.*)\n?"
)
_CALLABLE = re.compile(r"(\w+)\s*\(")


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
        text = "".join(rows).encode()
        for hunk in self.hunks:
            text += hunk.header.encode() + b"\n"
            for line in hunk.lines:
                text += line if line.endswith(b"\n") else line + b"\n" + _NO_NEWLINE
        return text


@dataclass(frozen=True)
class Misfit:
    """A hunk that finds no place, and why."""

    hunk: Hunk
    why: str


def split_lines(content: bytes) -> list[bytes]:
    """The lines of *content*, newlines kept; only newline ends a line, as git has it."""
    return [line for line in re.split(rb"(?<=\n)", content) if line]


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


def parse(text: bytes, name: str) -> tuple[FileDiff, ...]:
    """The changes in *text*, the diff of a patch that errors call *name*; perhaps none.

    What stands between two files' changes (diffstat, signature) is passed over; within one,
    everything must be right. Where all lines end in CR LF, that came from the patch's way here,
    not from the files. Raises PatchProblem.
    """
    if text.count(b"\r\n") == text.count(b"\n"):
        text = text.replace(b"\r\n", b"\n")
    reader = _Reader(split_lines(text), name)
    files = []
    while reader.more:
        if reader.sees(b"diff --git "):
            files.append(_git_file(reader))
        elif reader.sees(b"--- ") and reader.next_line.startswith(b"+++ "):
            files.append(_plain_file(reader))
        elif reader.sees(b"diff --cc ", b"diff --combined "):
            raise reader.problem("a merge's combined diff", "take the diff against one parent")
        elif reader.sees(b"GIT binary patch", b"Binary files "):
            raise reader.problem("a binary change", "only changes of text can be applied")
        elif reader.sees(b"@@ -"):
            raise reader.problem("a hunk without the name of its file")
        else:
            reader.take()
    return tuple(files)


class _Reader:
    """The lines of a patch, one after the other."""

    def __init__(self, lines: list[bytes], name: str) -> None:
        self.lines = lines
        self.name = name
        self.at = 0

    @property
    def more(self) -> bool:
        return self.at < len(self.lines)

    @property
    def line(self) -> bytes:
        return self.lines[self.at] if self.more else b""

    @property
    def next_line(self) -> bytes:
        return self.lines[self.at + 1] if self.at + 1 < len(self.lines) else b""

    def sees(self, *starts: bytes) -> bool:
        return self.line.startswith(starts)

    def take(self) -> bytes:
        self.at += 1
        return self.lines[self.at - 1]

    def problem(self, what: str, hint: str = "get the patch again, unedited") -> PatchProblem:
        return PatchProblem(f"{self.name}, line {self.at + 1}: {what}", hint)


def _git_file(reader: _Reader) -> FileDiff:
    """Read the change of one file as git writes it."""
    names = reader.take()[len(b"diff --git ") :].rstrip(b"\n")
    fields: dict[bytes, bytes] = {}
    while found := _FIELD.fullmatch(reader.line):
        if found[1].startswith(b"copy "):
            raise reader.problem("a copied file", "make the patch with 'git format-patch -M'")
        fields[found[1]] = found[2]
        reader.take()
    # a name that does not change stands there twice, which tells the two apart, spaces or not
    old, new = names[: len(names) // 2], names[len(names) // 2 + 1 :]
    bare = old == new  # as with --no-prefix
    if reader.sees(b"--- ") and reader.next_line.startswith(b"+++ "):
        old, new = reader.take()[4:], reader.take()[4:]
    elif b"rename from" in fields and b"rename to" in fields:
        old, new, bare = fields[b"rename from"], fields[b"rename to"], True
    old_id, new_id, mode = _index(fields.get(b"index", b""))
    old_mode = _mode(reader, fields.get(b"deleted file mode") or fields.get(b"old mode"))
    new_mode = _mode(reader, fields.get(b"new file mode") or fields.get(b"new mode"))
    _mode(reader, mode)
    file = FileDiff(
        None if b"new file mode" in fields else _path(reader, old, bare),
        None if b"deleted file mode" in fields else _path(reader, new, bare),
        old_mode,
        new_mode,
        old_id,
        new_id,
        _hunks(reader),
    )
    renamed = b"rename from" in fields
    if file.old_path and file.new_path and (old_mode is None) != (new_mode is None):
        raise reader.problem("only one of the file's two modes is given")
    if file.old_path and file.new_path and (file.old_path != file.new_path) != renamed:
        raise reader.problem(f"the file is {file.old_path} and {file.new_path}")
    if not (file.hunks or renamed or file.old_mode or file.new_mode):
        raise reader.problem(f"nothing is changed in {file.path}")
    return file


def _plain_file(reader: _Reader) -> FileDiff:
    """Read the change of one file as diff -u writes it."""
    old, new = (_path(reader, reader.take()[4:], bare=False) for _ in range(2))
    hunks = _hunks(reader)
    if not hunks:
        raise reader.problem("the file's change has no hunk")
    # diff -N gives both names even where one of the files is not there
    if old is None or not hunks[0].old:
        return FileDiff(None, new, hunks=hunks)
    if new is None or not hunks[0].new:
        return FileDiff(old, None, hunks=hunks)
    if old != new:
        raise reader.problem(f"the file is {old} and {new}", "make the patch with 'git diff'")
    return FileDiff(old, new, hunks=hunks)


def _hunks(reader: _Reader) -> tuple[Hunk, ...]:
    hunks = []
    while reader.sees(b"@@ -"):
        hunks.append(_hunk(reader))
        if reader.sees(b" ", b"+") or (reader.sees(b"-") and not reader.sees(b"-- ", b"--- ")):
            raise reader.problem("the hunk has more lines than its header says")
    if reader.sees(b"GIT binary patch", b"Binary files "):
        raise reader.problem("a binary change", "only changes of text can be applied")
    return tuple(hunks)


def _hunk(reader: _Reader) -> Hunk:
    spans = _SPANS.fullmatch(reader.line)
    if not spans:
        raise reader.problem("not the header of a hunk")
    reader.take()
    old_left, new_left = (int(count) if count else 1 for count in spans.group(2, 4))
    lines: list[bytes] = []
    while old_left > 0 or new_left > 0:
        line = reader.line
        if line == b"\n":
            line = b" \n"  # as mailers leave it of an empty line
        if not reader.sees(b" ", b"+", b"-", b"\n") or not line.endswith(b"\n"):
            raise reader.problem("the hunk has fewer lines than its header says")
        reader.take()
        old_left -= not line.startswith(b"+")
        new_left -= not line.startswith(b"-")
        if reader.sees(b"\\ "):
            reader.take()
            line = line[:-1]
        lines.append(line)
    section = spans[5].decode("utf-8", "replace")
    hunk = Hunk(int(spans[1]), int(spans[3]), section, tuple(lines))
    if old_left or new_left or not all(_whole(side) for side in (hunk.old, hunk.new)):
        raise reader.problem("the hunk's lines do not add up to its header")
    if hunk.old == hunk.new:
        raise reader.problem("a hunk that changes nothing")
    return hunk


def _whole(lines: list[bytes]) -> bool:
    """Can *lines* stand in a file, where only the last one may lack its newline?"""
    return all(line.endswith(b"\n") for line in lines[:-1])


def _index(field: bytes) -> tuple[str, str, bytes | None]:
    """The ids before and after, and the mode, that an index line gives."""
    found = _INDEX.fullmatch(field)
    if not found:
        return "", "", None
    old, new = (found[side].decode() if found[side].strip(b"0") else "" for side in (1, 2))
    return old, new, found[3]


def _mode(reader: _Reader, field: bytes | None) -> int | None:
    if not field:
        return None
    mode = int(field, 8) if re.fullmatch(rb"[0-7]{6}", field) else 0
    if mode not in REGULAR_MODES:
        raise reader.problem("not a regular file", "symbolic links and submodules are not patched")
    return mode


def _path(reader: _Reader, name: bytes, bare: bool) -> str | None:
    """The path that *name* means in a tree; *bare* says that it has no a/ or b/ before it."""
    name = name.rstrip(b"\n")
    if name.endswith(b"\r"):
        raise reader.problem("some lines end in CR LF, others do not", "convert it with dos2unix")
    name = name.split(b"\t")[0]
    if name == b"/dev/null":
        return None
    try:
        if name.startswith(b'"'):
            name = name.strip(b'"').decode("unicode_escape").encode("latin-1")
        path = name.decode()
    except UnicodeError:
        raise reader.problem("a file name that is not UTF-8", "rename the file") from None
    parts = path.split("/")
    if any(part in ("", ".", "..") or part.lower() == ".git" for part in parts):
        raise reader.problem(f"{path!r} is not a path below the tree", "do not use this patch")
    if any(char < " " or char in '"\\' for char in path):
        raise reader.problem(f"{path!r} has characters that no source file needs in its name")
    if not bare and len(parts) < 2:
        raise reader.problem(f"{path!r} lacks the a/ or b/ before it", "make it with 'git diff'")
    return path if bare else "/".join(parts[1:])
