"""What is run against a binary, and what in its log makes the verdict."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bisector.errors import ScenarioProblem
from bisector.system.workspace import digest

# VTest's own limit for one run on a machine that does nothing else; half of it is what it waits for
# one response. A user's case may be slow, and fail by that wait: it gets what VTest needs for
# HAProxy's usual timeouts. A scenario takes 0.3 s, and waits for a state for 3 s at most.
TEST_SECONDS, SCENARIO_SECONDS = 30.0, 10.0

# A companion is searched for the names of others only if it is text and no longer than that.
MAX_READ_FOR_NAMES = 1 << 20

_NAME = r"[\w.+-]+(?:/[\w.+-]+)*"
_COMPANION = re.compile(r"\$\{testdir\}/(" + _NAME + ")")


@dataclass(frozen=True)
class Oracle:
    """A VTest case with the patterns that judge it; plain data.

    A scenario's case is rendered: ``files`` holds its text by name. A user's own case lies in
    ``folder``, where its companions are. The patterns are regular expressions for VTest's
    log (MULTILINE): without ``bad``, a failed expectation is what makes a binary bad.
    ``seconds`` is what one run may take at least (see patience); ``variant`` tells a scenario's
    cases apart.
    """

    name: str
    vtc: str
    digest: str
    files: tuple[tuple[str, str], ...] = ()
    folder: str = ""
    bad: str | None = None
    control: str | None = None
    skip: str | None = None
    seconds: float = TEST_SECONDS
    variant: str = ""

    @classmethod
    def rendered(
        cls,
        name: str,
        variant: str,
        vtc: str,
        files: tuple[tuple[str, str], ...],
        *,
        bad: str,
        control: str,
    ) -> Oracle:
        """The case of a scenario's variant: its files by name, its signature, its control."""
        content = [part for pair in files for part in pair]
        key = digest(vtc, *content, bad, control)
        return cls(
            name,
            vtc,
            key,
            files,
            bad=bad,
            control=control,
            seconds=SCENARIO_SECONDS,
            variant=variant,
        )

    @classmethod
    def of_file(cls, path: Path, *, bad_if: str | None, skip_if: str | None) -> Oracle:
        """Any .vtc file; its folder is its ${testdir}.

        Raises ScenarioProblem if it cannot be read or a pattern is no regular expression.
        """
        for option, pattern in (("--bad-if", bad_if), ("--skip-if", skip_if)):
            check_pattern(pattern, option)
        folder = path.absolute().parent
        try:
            text = path.read_bytes()
            beside = companions(folder, text.decode("utf-8", "replace"))
        except OSError as error:
            what = f"cannot read {error.filename or path}"
            raise ScenarioProblem(what, error.strerror or str(error)) from error
        if b"varnishtest" not in text and b"vtest" not in text:
            raise ScenarioProblem(f"{path} is no VTest case", 'one begins with: vtest "title"')
        key = digest(path.name.encode(), text, repr((bad_if, skip_if)).encode(), *beside)
        return cls(path.stem, path.name, key, folder=str(folder), bad=bad_if, skip=skip_if)


def check_pattern(pattern: str | None, where: str) -> None:
    """Raise ScenarioProblem, saying *where*, if *pattern* is no regular expression."""
    if pattern == "":
        raise ScenarioProblem(f"{where}: an empty pattern matches everything", "leave it out")
    try:
        re.compile(pattern or "")
    except re.error as error:
        what = f"{where}: '{pattern}' is no regular expression"
        raise ScenarioProblem(what, str(error)) from None


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
