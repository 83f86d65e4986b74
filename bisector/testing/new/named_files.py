"""The files that a configuration names: copied from beside it, or something stands in for them."""

from __future__ import annotations

import re
from pathlib import Path

from bisector.testing.new.cleaned import has_private_key
from bisector.testing.new.config_text import unquoted

MAX_BYTES = 1 << 20  # of a file that is copied
_PLAIN = re.compile(r"[^\w.+-]")
# An empty file does where none is found: maps, lists, and the bodies of replies.
_EMPTY = re.compile(
    r"(?P<head>\bmap(?:_\w+)?\(|(?<!\S)-f\s+|(?<!\S)(?:lf-)?file\s+)(?P<path>[^\s,)]+)"
)
_WHOLE_LINE = re.compile(
    r"(?P<head>^lua-load(?:-per-thread)?\s+|(?<!\S)errorfile\s+(?:\d+\s+)?)(?P<path>\S+)"
)


class NamedFiles:
    """The files beside a configuration in *folder*, as far as it names them.

    ``files`` are the texts of those that the scenario gets, by name; ``problems`` say what was not
    taken, and why.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self.files: dict[str, str] = {}
        self.problems: list[str] = []

    def line(self, text: str) -> str:
        """The configuration's line *text* with the files' new names; '' if it needs one in vain."""
        if (found := _WHOLE_LINE.search(text)) and not self._taken(found["path"]):
            return ""
        text = _WHOLE_LINE.sub(self._renamed, text)
        return _EMPTY.sub(self._renamed, text)

    def certificate(self, path: str) -> None:
        """Note what becomes of the certificate or CA at *path*."""
        found, _ = self._read(unquoted(path))
        if found is not None and has_private_key(found):
            self.problems.append(f"{_name(path)} has a private key in it, and was not taken")

    def _renamed(self, found: re.Match[str]) -> str:
        name = self._taken(found["path"])
        if not name:
            name = _name(found["path"])
            self.files[name] = ""
            self.problems[-1] += "; an empty file stands in for it"
        return f"{found['head']}${{testdir}}/{name}"

    def _taken(self, path: str) -> str:
        """The name of the copy of the file at *path*; '' if it is not taken."""
        name = _name(path)
        if self.files.get(name):
            return name
        text, problem = self._read(unquoted(path))
        if text is not None and has_private_key(text):
            text, problem = None, f"{name} has a private key in it, and was not taken"
        if text is None:
            self.problems.append(problem)
            return ""
        self.files[name] = text
        return name

    def _read(self, path: str) -> tuple[str | None, str]:
        """The text of the file at *path* or of its name beside the configuration, or why not.

        Nothing outside of the configuration's folder is read: a stranger may have written *path*.
        """
        path, name = re.sub(r"^(?:virt|opt|file)@", "", path), Path(path).name
        for place in dict.fromkeys((self._folder / path, self._folder / name)):
            try:
                if not place.is_file() or not place.resolve().is_relative_to(self._folder):
                    continue
                if place.stat().st_size > MAX_BYTES:
                    return None, f"{name} is larger than {MAX_BYTES >> 20} MiB"
                return place.read_text(encoding="utf-8"), ""
            except UnicodeDecodeError:
                return None, f"{name} is no text in UTF-8"
            except OSError as error:
                return None, f"{name} cannot be read: {error.strerror}"
        return None, f"{name} is not beside the configuration"


def _name(path: str) -> str:
    """The name in the scenario of the file at *path*."""
    return _PLAIN.sub("_", Path(unquoted(path)).name).lstrip(".+-") or "file"
