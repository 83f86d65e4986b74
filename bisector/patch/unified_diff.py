"""Parse unified diffs as written by git and by diff -u; strict within the change of a file."""

from __future__ import annotations

import re

from bisector.errors import PatchProblem
from bisector.patch.hunks import LINK, REGULAR_MODES, FileDiff, Hunk, split_lines

MAX_PATH = 4096  # bytes; PATH_MAX of Linux

_SPANS = re.compile(rb"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@ ?(.*)\n?")
_INDEX = re.compile(rb"([0-9a-f]{4,64})\.\.([0-9a-f]{4,64})(?: (\d{6}))?")
_FIELD = re.compile(
    rb"(old mode|new mode|new file mode|deleted file mode|rename from|rename to|copy from|copy to"
    rb"|similarity index|dissimilarity index|index) (.*)\n?"
)


def parse(text: bytes, name: str, strip: int = 1) -> tuple[FileDiff, ...]:
    """The changes of files in *text*; none if it has no diff. *name* is the patch's, for errors.

    *strip* folders are removed from paths that are not git's own, as by `patch -p`.

    Text between the changes of two files (diffstat, signature) is skipped. If all lines end in
    CR LF, a mail program is taken to have added the CRs, and they are removed. Raises PatchProblem
    for a change that is malformed, binary, combined (of a merge), of a submodule, or outside the
    tree.
    """
    if text.count(b"\r\n") == text.count(b"\n"):
        text = text.replace(b"\r\n", b"\n")
    reader = _Reader(split_lines(text), name, strip)
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
    """A cursor over the lines of a patch."""

    def __init__(self, lines: list[bytes], name: str, strip: int) -> None:
        self.lines = lines
        self.name = name
        self.strip = strip
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
    while field := _FIELD.fullmatch(reader.line):
        if field[1].startswith(b"copy "):
            raise reader.problem("a copied file", "make the patch with 'git format-patch -M'")
        fields[field[1]] = field[2]
        reader.take()
    # without a renaming both names are equal, so each is half of the line, even if it has spaces
    old, new = names[: len(names) // 2], names[len(names) // 2 + 1 :]
    bare = old == new  # as with --no-prefix
    if reader.sees(b"--- ") and reader.next_line.startswith(b"+++ "):
        old, new = reader.take()[4:], reader.take()[4:]
    elif b"rename from" in fields and b"rename to" in fields:
        old, new, bare = fields[b"rename from"], fields[b"rename to"], True
    old_id, new_id, mode = _index(fields.get(b"index", b""))
    old_mode = _mode(reader, fields.get(b"deleted file mode") or fields.get(b"old mode"))
    new_mode = _mode(reader, fields.get(b"new file mode") or fields.get(b"new mode"))
    if _mode(reader, mode) == LINK:
        old_mode = new_mode = LINK
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
        raise reader.problem(f"two names of the file: {file.old_path} and {file.new_path}")
    if file.is_link and not _is_of_link(file):
        raise reader.problem(f"{file.path} becomes a malformed symbolic link, or ceases to be one")
    if not (file.hunks or renamed or file.old_mode or file.new_mode):
        raise reader.problem(f"nothing is changed in {file.path}")
    return file


def _is_of_link(file: FileDiff) -> bool:
    """Whether *file* is a symbolic link before and after the change, as far as it is there."""
    sides = [(file.old_path, file.old_mode), (file.new_path, file.new_mode)]
    modes = [mode for path, mode in sides if path]
    targets = [line[1:] for hunk in file.hunks for line in hunk.lines]
    both = len(modes) == len(targets) and all(map(_is_target, targets))
    return set(modes) == {LINK} and (both or (len(modes) == 2 and not targets))


def _is_target(line: bytes) -> bool:
    """Whether *line* can be the target of a symbolic link."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return False
    return 0 < len(line) < MAX_PATH and not {"\n", "\0"} & set(text)


def _plain_file(reader: _Reader) -> FileDiff:
    """Read the change of one file as diff -u writes it."""
    old, new = (_path(reader, reader.take()[4:], bare=False) for _ in range(2))
    hunks = _hunks(reader)
    if not hunks:
        raise reader.problem("the file's change has no hunk")
    # diff -N writes both names even if one of the files does not exist
    if old is None or not hunks[0].old:
        return FileDiff(None, new, hunks=hunks)
    if new is None or not hunks[0].new:
        return FileDiff(old, None, hunks=hunks)
    if old != new:
        raise reader.problem(f"two names of the file: {old} and {new}", "make it with 'git diff'")
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
            line = b" \n"  # some mail programs strip trailing spaces
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
    if old_left or new_left or not all(_is_valid_side(side) for side in (hunk.old, hunk.new)):
        raise reader.problem("the hunk's lines do not match its header")
    if hunk.old == hunk.new:
        raise reader.problem("a hunk that changes nothing")
    return hunk


def _is_valid_side(lines: list[bytes]) -> bool:
    """Whether all of *lines* but the last one end with a newline, as in a file."""
    return all(line.endswith(b"\n") for line in lines[:-1])


def _index(field: bytes) -> tuple[str, str, bytes | None]:
    """The blob ids before and after, and the mode, of an index line; an id of zeros is ''."""
    match = _INDEX.fullmatch(field)
    if not match:
        return "", "", None
    old, new = (match[side].decode() if match[side].strip(b"0") else "" for side in (1, 2))
    return old, new, match[3]


def _mode(reader: _Reader, field: bytes | None) -> int | None:
    if not field:
        return None
    mode = int(field, 8) if re.fullmatch(rb"[0-7]{6}", field) else 0
    if mode not in (*REGULAR_MODES, LINK):
        raise reader.problem("neither a file nor a symbolic link", "submodules are not patched")
    return mode


def _path(reader: _Reader, name: bytes, bare: bool) -> str | None:
    """The path in the tree for a *name* in a diff; None for /dev/null.

    Unless *bare*, the name has a prefix (mostly a/ or b/), which is removed.
    """
    name = name.rstrip(b"\n")
    if name.endswith(b"\r"):
        raise reader.problem("some lines end in CR LF, others do not", "convert it with dos2unix")
    name = name.split(b"\t")[0]
    if len(name) > MAX_PATH:
        raise reader.problem(f"a file name of {len(name)} bytes", "do not use this patch")
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
        raise reader.problem(f"{path!r} has quotes, backslashes or control characters")
    if not bare and len(parts) <= reader.strip:
        raise reader.problem(f"{path!r} lacks the a/ or b/ before it", "make it with 'git diff'")
    return path if bare else "/".join(parts[reader.strip :])
