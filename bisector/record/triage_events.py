"""The events of `triage`; events.py has those that it shares with other jobs.

What its hunts and its verification find is in the events that these have for it. Revisions are full
hashes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bisector.record.events import Event
from bisector.record.words import Change, Job


@dataclass(frozen=True)
class Part(Event):
    """A job that is a part of this one, and has a journal of its own under its ``name``.

    ``about`` is a hunt's range, or the revisions of a verification, and ``words`` are those of the
    command line that decide which job it is. ``answer`` is ANSWERED, or why
    there is no answer. ``affected`` names the releases of the range that have the bug, oldest
    first. ``probes`` counts those that were made, with the seconds of their builds and tests.
    """

    kind: ClassVar[str] = "part"
    job: Job
    about: str
    words: tuple[str, ...]
    name: str
    answer: str
    affected: tuple[str, ...] = ()
    probes: int = 0
    build_seconds: float = 0.0
    test_seconds: float = 0.0


@dataclass(frozen=True)
class Carried(Event):
    """Whether one of the tested revisions, called ``line``, has a change that was found.

    ``revision`` made the change ``what``. ``commit`` is that one, if it is in the history of the
    line, or the commit there that is the same change by what ``by`` says; '' if there is none.
    ``release`` is the first release of the line with it, '' for none. All this is read from the
    history, nothing is tested for it.
    """

    kind: ClassVar[str] = "carried"
    what: Change
    revision: str
    line: str
    commit: str = ""
    release: str = ""
    by: str = ""


@dataclass(frozen=True)
class TestFile:
    """A file of a user's test: its name, and its text without secrets."""

    __test__ = False

    name: str
    text: str


@dataclass(frozen=True)
class Repeatable(Event):
    """What others need to repeat the job, and what they need not know.

    ``revisions`` are the names of what is tested, ``options`` the words of the command line that
    decide verdicts, with file names in place of paths; ``patches`` are names of files or commits.
    ``files`` are those of the user's test; ``removed`` says which secrets were left out of them.
    ``private`` are paths and names of this machine, which no text for others has.
    """

    kind: ClassVar[str] = "repeatable"
    revisions: tuple[str, ...]
    options: tuple[str, ...]
    patches: tuple[str, ...] = ()
    files: tuple[TestFile, ...] = ()
    removed: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
