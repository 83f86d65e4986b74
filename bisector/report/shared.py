"""A job's summary as others may read it, without secrets and without the machine's paths; pure."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

from bisector.record.summary import Summary
from bisector.testing import secrets

_INSIDE = r"(?:/[\w.+@%~-]*)*"
# where people and programs keep files, whatever the machine
_COMMON = r"(?:home|Users)/[\w.-]+|root|tmp|var/tmp|run/user/\d+"
_COMMON_PATH = re.compile(rf"(?<![\w:/.~-])/(?:{_COMMON})(?![\w.-]){_INSIDE}")
_HOME = re.compile(r"/(?:home|Users)/[^/]+|/root")  # whose last part is a person's name
# host and user names that are ordinary words
_ORDINARY = (
    *("root", "user", "test", "admin", "build", "builder", "runner", "haproxy", "bisector"),
    *("master", "main", "dev", "ci", "localhost", "debian", "ubuntu", "server", "proxy", "web"),
)
_SHORT = 3  # characters: shorter names are ordinary


def shareable(summary: Summary) -> Summary:
    """*summary* with each path of the machine reduced to its last part, and without secrets."""
    private = summary.repeatable.private if summary.repeatable else ()
    clean: Summary = _mapped(summary, cleaner((*private, summary.started.repository)))
    return clean


def cleaner(private: Iterable[str]) -> Callable[[str], str]:
    """A function that takes secrets and what is *private*, paths and names, out of a text."""
    paths = sorted({one.rstrip("/") for one in private if one.startswith("/")}, key=len)[::-1]
    names = [
        one
        for one in private
        if not one.startswith("/") and len(one) >= _SHORT and one.lower() not in _ORDINARY
    ]
    own = [re.compile(rf"(?<![\w.-]){re.escape(one)}(?![\w-]){_INSIDE}") for one in paths if one]
    hosts = [re.compile(rf"(?<![\w.-]){re.escape(one)}(?![\w-])") for one in names]

    def clean(text: str) -> str:
        text = secrets.without(text)
        for pattern in (*own, _COMMON_PATH):
            text = pattern.sub(_last_part, text)
        for pattern in hosts:
            text = pattern.sub("NAME", text)
        return text

    return clean


def _last_part(found: re.Match[str]) -> str:
    """The name of the file, of which a sentence's full stop is no part."""
    path = found[0].rstrip("/.")
    name = "~" if _HOME.fullmatch(path) else path.rpartition("/")[2]
    return name + found[0][len(path) :].lstrip("/")


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    """*value* with all texts in it changed; words of enumerations stay."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return change(value)
    if isinstance(value, tuple):
        return tuple(_mapped(one, change) for one in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (field.name for field in dataclasses.fields(value) if field.init)
        return dataclasses.replace(
            value, **{name: _mapped(getattr(value, name), change) for name in fields}
        )
    return value
