"""What a hunt's journal is made of. Every report is a function of these and of nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, ClassVar

from bisector.verdict import Verdict

ANSWERED = "answered"
CONFIRMATION = "confirm"  # how the purpose of a probe for proof begins


class Event:
    """One line of a journal."""

    kind: ClassVar[str]


@dataclass(frozen=True)
class Started(Event):
    """What was asked. The ends are full hashes; ``commits`` is how many lie in the range."""

    kind: ClassVar[str] = "started"
    command: str
    repository: str
    range: str
    old: str
    new: str
    commits: int
    scenario: str
    variant: str
    toolchain: str
    patches: tuple[str, ...]
    blind: bool
    version: str
    at: float


@dataclass(frozen=True)
class Probed(Event):
    """A verdict. ``purpose`` says what the hunt wanted it for, ``patched`` how the series went on.

    ``at`` is the time of its end in seconds since the epoch. ``toolchain`` is its name.
    """

    kind: ClassVar[str] = "probed"
    purpose: str
    revision: str
    name: str
    subject: str
    patched: bool
    run: int
    key: str
    verdict: Verdict
    reason: str
    evidence: tuple[str, ...]
    binary: str
    build_seconds: float
    test_seconds: float
    log: str
    known: bool
    at: float
    toolchain: str = ""


@dataclass(frozen=True)
class Found(Event):
    """The search's answer to *what* (introduction, fix): one revision, or the set that remains.

    The last of ``revisions`` is the one that was seen to differ; the others cannot be tested.
    ``confidence`` is below 1 for a flaky test;
    """

    kind: ClassVar[str] = "found"
    what: str
    revisions: tuple[str, ...]
    subjects: tuple[str, ...]
    places: tuple[str, ...]
    parents: tuple[str, ...]
    confidence: float = 1.0


@dataclass(frozen=True)
class Confirmed(Event):
    """The proof's outcome, by so many runs on each side: ``proven``, or in ``doubt`` why not.

    For a flaky test ``tally`` says how often each side was bad, and ``confidence`` is below 1.
    """

    kind: ClassVar[str] = "confirmed"
    what: str
    proven: bool
    runs: int
    doubt: str
    toolchain: str = ""
    tally: str = ""
    confidence: float = 1.0


@dataclass(frozen=True)
class PatchChecked(Event):
    """The patch series at one release: before, how each patch applied, after."""

    kind: ClassVar[str] = "patch"
    release: str
    revision: str
    before: Verdict
    how: tuple[str, ...]
    after: Verdict | None
    problem: str
    toolchain: str = ""


@dataclass(frozen=True)
class Noted(Event):
    """Something that the reader should know."""

    kind: ClassVar[str] = "note"
    text: str


TO_REAL, TO_CHANCE = "real", "chance"


@dataclass(frozen=True)
class Turned(Event):
    """The hunt goes on in another *way*: without the fast toolchain, or reckoning with chance."""

    kind: ClassVar[str] = "turned"
    way: str
    text: str


@dataclass(frozen=True)
class Ended(Event):
    """The hunt is over: ``answer`` is ANSWERED or what stood in the way, in one line."""

    kind: ClassVar[str] = "ended"
    answer: str
    affected: tuple[str, ...]


_KINDS: dict[str, type[Event]] = {
    kind.kind: kind
    for kind in (Started, Probed, Found, Confirmed, PatchChecked, Noted, Turned, Ended)
}


def to_dict(event: Event) -> dict[str, Any]:
    """An event as JSON can hold it."""
    return {"kind": event.kind, **asdict(event)}  # type: ignore[call-overload]


def from_dict(table: Mapping[str, Any]) -> Event:
    """The event that *table* holds. Raises KeyError, TypeError or ValueError if it holds none."""
    kind = _KINDS[table["kind"]]
    values = {
        field.name: table[field.name]
        for field in fields(kind)  # type: ignore[arg-type]
        if field.name in table or field.default is MISSING  # older journals lack newer fields
    }
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = tuple(value)
        elif name in ("verdict", "before", "after") and value is not None:
            values[name] = Verdict(value)
    return kind(**values)
