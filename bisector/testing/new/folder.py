"""Make a scenario's folder: from one of the kinds, each of which is a folder of its own here."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from bisector.errors import UsageProblem, WouldOverwrite
from bisector.system.files import explained

KINDS = Path(__file__).parent / "kinds"
MARK = "FILL IN:"  # in a line that says what its reader has to write
_NAME = re.compile(r"\bNAME\b")  # what stands for the scenario's name in a kind's files
_PLAIN = re.compile(r"[A-Za-z]\w*(?:-\w+)*")
_MAX_NAME = 60


def kinds() -> list[str]:
    """The names of the kinds."""
    return sorted(path.parent.name for path in KINDS.glob("*/scenario.toml"))


def check_name(name: str) -> None:
    """Raise UsageProblem unless *name* is a plain word, so that it can name files and a folder."""
    if not _PLAIN.fullmatch(name) or len(name) > _MAX_NAME:
        raise UsageProblem(
            f"'{name}' is no name for a scenario",
            "take a word of letters, digits, _ and -; it becomes a folder here",
        )


def of_kind(kind: str, name: str) -> dict[str, str]:
    """The files of a scenario *name* of this *kind*, by their names. Raises UsageProblem."""
    check_name(name)
    if kind not in kinds():
        raise UsageProblem(f"no kind '{kind}'", f"there are {', '.join(kinds())}")
    paths = sorted(path for path in (KINDS / kind).iterdir() if path.is_file())
    texts = {
        _NAME.sub(name, path.name): _NAME.sub(name, path.read_text(encoding="utf-8"))
        for path in paths
    }
    if len(texts) < len(paths):
        raise UsageProblem(
            f"'{name}' is the name of another file of the kind {kind}", "take another"
        )
    return texts


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write *files* to the new *folder*: all of them or nothing.

    Raises WouldOverwrite if there is something of its name, WorkspaceProblem if it cannot be made.
    """
    with explained(f"cannot write {folder}"):
        try:
            folder.mkdir()
        except FileExistsError:
            what = f"{folder} is there already"
            raise WouldOverwrite(what, "take another name, or remove it") from None
        try:
            for name, text in files.items():
                (folder / name).write_text(text, encoding="utf-8")
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
