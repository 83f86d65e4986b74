"""The events that journals consist of. Every report is made from these and from nothing else.

Those about patches are in patch_events.py, what was learnt of a bug is in learnt.py. Revisions are
full hashes. A ``name`` or ``release`` is what `git describe` calls a revision. Times are seconds
since the epoch, durations are wall seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bisector.record.failure import Failure
from bisector.record.verdict import Result, Ruling, Verdict
from bisector.record.words import Change, Job, Turn

ANSWERED = "answered"


class Event:
    """One line of a journal: a frozen data class with a ``kind`` of its own.

    Defining the class is enough for journals and reports to take it: ``kinds`` has all of them.
    Fields are anything that msgspec makes JSON of; "kind" and "format" are no names for them.
    """

    kind: ClassVar[str]
    kinds: ClassVar[dict[str, type[Event]]] = {}

    def __init_subclass__(cls) -> None:
        """Enter the class into ``kinds``. Raises TypeError if another one has its kind."""
        super().__init_subclass__()
        names = (cls.__module__, cls.__qualname__)
        other = Event.kinds.setdefault(cls.kind, cls)
        if (other.__module__, other.__qualname__) != names:  # slots=True makes the class twice
            raise TypeError(f"two events of kind '{cls.kind}': {other.__name__}, {cls.__name__}")
        Event.kinds[cls.kind] = cls


@dataclass(frozen=True)
class Started(Event):
    """What was asked: ``command`` is the command line, ``job`` its command.

    ``old`` and ``new`` are the ends of the range and ``commits`` is the number of commits in it. A
    job without a range has empty ends, ``range`` names what it is about and ``commits`` counts
    that. ``patches`` are subjects. ``blind``: the hunt ignores what the scenario knows. ``version``
    is bisector's, ``at`` the time of the start. ``sandbox`` describes what builds and tests run in,
    '' for none (a note says why). ``test`` is the digest of a test of the user's own, whose name
    another one may have, too; '' for a scenario. ``options`` are make variables that the user named
    or that the test asks for, as far as a revision knows them. ``part_of`` is the name of the job
    that began this one as a part of itself, '' for none.
    """

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
    job: Job = Job.RUN
    sandbox: str = ""
    test: str = ""
    options: tuple[str, ...] = ()
    part_of: str = ""


@dataclass(frozen=True)
class Probed(Event):
    """A finished probe: the ``verdict`` on a revision, with or without the patches (``patched``).

    ``purpose`` is a Purpose, perhaps with details. ``run`` counts repetitions from 0. ``evidence``
    are lines of the log that show the verdict, ``log`` is the log's path. ``at`` is the time of the
    probe's end. ``known``: the result was there already, so both durations are 0. ``toolchain`` is
    a name; ``real``: its verdicts are proof. ``place`` is the revision's index among the job's
    commits, parents first, the old end being 0.

    ``key`` identifies what was asked, whoever answered: source, toolchain, test and run. ``binary``
    is the digest of the built program. ``foreign`` is the key under which a worker with other tools
    keeps its answer, '' if the client's tools would give the same. ``failure``, ``growth``
    and ``samples`` are those of Ruling. ``fixup`` names what was picked onto the revision because
    it cannot be judged as it is, or to compare it with such a one; '' for nothing.
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
    real: bool = True
    scenario: str = ""
    variant: str = ""
    place: int | None = None
    foreign: str = ""
    failure: Failure | None = None
    growth: tuple[int, ...] = ()
    fixup: str = ""
    samples: tuple[float, ...] = ()

    @property
    def ruling(self) -> Ruling:
        """The run's ruling, without its time."""
        said = (self.verdict, self.reason, self.evidence)
        return Ruling(*said, failure=self.failure, growth=self.growth, samples=self.samples)

    @property
    def result(self) -> Result:
        """The result that the event was made of, without its times: nothing was run again."""
        return Result(self.ruling, self.foreign or self.key, self.binary, log=self.log)


@dataclass(frozen=True)
class Found(Event):
    """The result of the search for a change: one revision, or all those that may have made it.

    The last of ``revisions`` is the first one with the new verdict, those before it cannot be
    tested. ``subjects`` and ``places`` (as `git describe --contains` names them, '' for none) are
    theirs; ``parents`` are the parents of the last one. ``confidence`` is the probability that the
    result is right, 1 unless the test is flaky. ``bug`` is that of Learnt. ``part`` is the number
    of the change, from 1 on, if the job looks for several of a kind; ``line`` names the tip of its
    line of history if the range's ends part. ``fixup`` is that of Probed, if the result rests on a
    verdict that was won with one. ``origin`` is the commit that the last one says it is a pick of,
    '' for none.
    """

    kind: ClassVar[str] = "found"
    what: Change
    revisions: tuple[str, ...]
    subjects: tuple[str, ...]
    places: tuple[str, ...]
    parents: tuple[str, ...]
    confidence: float = 1.0
    bug: int = 0
    part: int = 0
    line: str = ""
    fixup: str = ""
    origin: str = ""


@dataclass(frozen=True)
class Confirmed(Event):
    """The result of repeating with a real toolchain what was found.

    ``what`` is a Change, which is repeated in ``runs`` runs on each side; or, of a verification or
    a backport, the name of the revision or branch at which ``runs`` tests were repeated. ``doubt``
    says why it is not ``proven``. For a flaky test ``tally`` says how often each side was bad, and
    ``confidence`` is the probability that the result is right. ``bug`` and ``part`` are those of
    Found, ``fixup`` is what was picked onto both sides, as in Probed.
    """

    kind: ClassVar[str] = "confirmed"
    what: str
    proven: bool
    runs: int
    doubt: str
    toolchain: str = ""
    tally: str = ""
    confidence: float = 1.0
    bug: int = 0
    part: int = 0
    fixup: str = ""


@dataclass(frozen=True)
class Counted(Event):
    """Which functions the test executes at ``revision``, counted in a build of its own: no verdict.

    ``usual`` are those that a plain exchange executes, too, ``only`` the others; each is given as
    `path:name`, without a path if that is not known. ``problem`` says why nothing is known.
    """

    kind: ClassVar[str] = "counted"
    revision: str
    name: str
    only: tuple[str, ...] = ()
    usual: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Reduced(Event):
    """The hunks of the introducing commit that alone bring the bug: ``kept`` of ``total``.

    Each is given as `path @@ … @@`; ``diff`` is their text as a patch. ``problem`` says why they
    may be fewer, or why they are not known.
    """

    kind: ClassVar[str] = "reduced"
    revision: str
    total: int
    kept: tuple[str, ...]
    diff: str
    problem: str = ""


@dataclass(frozen=True)
class Released(Event):
    """The verdict on a release: ``probed``, or inferred from equal verdicts on both sides.

    ``branch`` is the stable branch on which it lies beyond the range, as `3.2`; '' in the range.
    """

    kind: ClassVar[str] = "release"
    release: str
    revision: str
    verdict: Verdict
    probed: bool
    reason: str = ""
    branch: str = ""


@dataclass(frozen=True)
class Stretch(Event):
    """Adjacent revisions of a sweep that have the same verdict.

    ``revisions`` are oldest first; ``first`` and ``last`` name the ends as `git describe
    --contains` does. ``odd``: they are one or two, and their neighbours on both sides agree on
    another verdict. ``reason`` is why the first one cannot be tested, '' if it was.
    """

    kind: ClassVar[str] = "stretch"
    first: str
    last: str
    revisions: tuple[str, ...]
    verdict: Verdict
    reason: str
    odd: bool


@dataclass(frozen=True)
class Retested(Event):
    """An odd revision of a sweep that was tested again with a real toolchain.

    ``before`` and ``after`` are the verdicts without and with the re-test; ``after`` is valid.
    """

    kind: ClassVar[str] = "re-tested"
    name: str
    revision: str
    before: Verdict
    after: Verdict
    toolchain: str
    reason: str


@dataclass(frozen=True)
class Noted(Event):
    """Something that a reader should know, in one sentence."""

    kind: ClassVar[str] = "note"
    text: str


@dataclass(frozen=True)
class Turned(Event):
    """The job goes on in another way from here on; ``text`` says why.

    ``revision`` is one that was seen to be bad and that the search turns to, '' for none.
    """

    kind: ClassVar[str] = "turned"
    way: Turn
    text: str
    revision: str = ""


@dataclass(frozen=True)
class Ended(Event):
    """The end of the job: ``answer`` is ANSWERED, or in one line what prevented an answer.

    ``affected`` names the releases that have the bug, oldest first; ``others`` has the same for
    each other bug that the hunt found, and ``occurrences`` for each time that the bug came, if it
    came several times.
    """

    kind: ClassVar[str] = "ended"
    answer: str
    affected: tuple[str, ...]
    others: tuple[tuple[str, ...], ...] = ()
    occurrences: tuple[tuple[str, ...], ...] = ()
