"""What a hunt's journal is made of. Every report is a function of these and of nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bisector.record.patch_outcome import Outcome
from bisector.record.verdict import Verdict

ANSWERED = "answered"
INTRODUCTION, FIX = "introduction", "fix"
NEW_VERDICT = {INTRODUCTION: Verdict.BAD, FIX: Verdict.GOOD}
CONFIRMATION = "confirm"  # how the purpose of a probe for proof begins


class Event:
    """One line of a journal."""

    kind: ClassVar[str]


@dataclass(frozen=True)
class Started(Event):
    """What was asked. The ends are full hashes; ``commits`` is how many lie in the range.

    ``job`` is the command. What has no range has empty ends, and in ``range`` what it was about.
    ``sandbox`` is what builds and tests ran in; a note says why if it was none.
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
    job: str = "run"
    sandbox: str = ""


@dataclass(frozen=True)
class Probed(Event):
    """A verdict. ``purpose`` says what the hunt wanted it for, ``patched`` how the series went on.

    ``at`` is the time of its end in seconds since the epoch. ``toolchain`` is its name,
    and ``real`` whether its verdicts are proof. ``place``
    counts the hunt's commits up to this one, parents first, its old end being 0.

    ``key`` names the question as the client asks it, whoever answered. ``foreign`` is the key under
    which a worker with other tools keeps its answer, '' if the client's tools would give the same.
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


@dataclass(frozen=True)
class Found(Event):
    """The search's answer to *what* (introduction, fix): one revision, or the set that remains.

    The last of ``revisions`` is the one that was seen to differ; the others cannot be tested.
    ``confidence`` is below 1 for a flaky test.
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

    Of a verification, ``what`` is the revision at which a real toolchain was asked, too.
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
class Cell:
    """One variant of a scenario before and after a patch; None where nothing could be probed.

    ``watching``: it does not show the bug, and only watches for harm.
    """

    variant: str
    before: Verdict | None
    after: Verdict | None
    outcome: Outcome
    reason: str = ""
    watching: bool = False


@dataclass(frozen=True)
class Judged(Event):
    """What a patch series does to one scenario at one revision.

    ``how`` says how each patch applied, ``problem`` what stood in the way: the conflict, the
    compiler's first error, why it could not be tested. ``wanted`` is set for the scenario that the
    patch is meant to fix. ``branch`` is the one that a backport was tried on there, if it was.
    """

    kind: ClassVar[str] = "judged"
    revision: str
    name: str
    subject: str
    scenario: str
    wanted: bool
    how: tuple[str, ...]
    outcome: Outcome
    problem: str
    cells: tuple[Cell, ...]
    toolchain: str = ""
    branch: str = ""


@dataclass(frozen=True)
class HunkDropped(Event):
    """What happens at a revision when one hunk is left out of the patch.

    ``state`` is one of NOTICED (by ``noticed_by``, scenario and variant each), UNCOVERED,
    COMMENT (no code in it), NEEDED (without it the rest does not apply or compile: ``problem``).
    ``hunk`` counts from 0 in the patch.
    """

    kind: ClassVar[str] = "hunk"
    revision: str
    name: str
    patch: str
    hunk: int
    path: str
    header: str
    state: str
    noticed_by: tuple[str, ...]
    problem: str = ""


NOTICED, UNCOVERED, COMMENT, NEEDED = "noticed", "not covered", "comment", "needed"


@dataclass(frozen=True)
class Reduced(Event):
    """The hunks of a culprit that alone bring the bug: ``kept`` of ``total``, each `path @@ … @@`.

    ``diff`` is their text. ``problem`` says why they are not fewer, or not known.
    """

    kind: ClassVar[str] = "reduced"
    revision: str
    total: int
    kept: tuple[str, ...]
    diff: str
    problem: str = ""


@dataclass(frozen=True)
class Covered(Event):
    """Which of the lines that the patch adds to one file the tests executed at a revision.

    The numbers count the lines of the patched file from 1; ``text`` holds the missed lines, and
    lines that make no code are in neither list. ``problem`` says why nothing is known.
    """

    kind: ClassVar[str] = "covered"
    revision: str
    name: str
    path: str
    executed: tuple[int, ...]
    missed: tuple[int, ...]
    text: tuple[str, ...]
    problem: str = ""


@dataclass(frozen=True)
class RegTested(Event):
    """One of a revision's own reg-tests before and after the patch, ``runs`` times each.

    ``before`` and ``after`` are the first run's verdicts; ``before`` is None for a test that the
    patch brings. ``change`` is one of SAME, FAILS, PASSES (newly), FLICKERS; ``log`` is of the
    first run after the patch.
    """

    kind: ClassVar[str] = "reg-test"
    revision: str
    name: str
    test: str
    before: Verdict | None
    after: Verdict
    change: str
    runs: int
    reason: str = ""
    log: str = ""
    branch: str = ""


SAME, FAILS, PASSES, FLICKERS = "same", "newly fails", "newly passes", "flickers"


@dataclass(frozen=True)
class Ported(Event):
    """A fix on a branch.

    ``affected`` is the verdict on the branch as it is, None if no test shows the bug; ``why`` says
    what is known and what that rests on. ``how`` says how the fix applied ('' if it was not
    needed), ``conflict`` shows both sides where it did not. ``prerequisites`` are `hash subject` of
    the commits with which it applies, in order, ``prerequisite_ids`` their full hashes. ``said``
    is whether the commit's message wants it there (None: it says nothing about that version),
    ``files`` are what was written, ``created`` the branch that was made. ``remark`` is for the
    reader.
    """

    kind: ClassVar[str] = "ported"
    branch: str
    revision: str
    version: str
    affected: Verdict | None
    why: str
    outcome: Outcome
    how: str
    conflict: str
    prerequisites: tuple[str, ...]
    said: bool | None
    remark: str
    files: tuple[str, ...]
    created: str = ""
    prerequisite_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Released(Event):
    """Does a release have the bug? Not ``probed``: its neighbours on both sides say so."""

    kind: ClassVar[str] = "release"
    release: str
    revision: str
    verdict: Verdict
    probed: bool
    reason: str = ""


@dataclass(frozen=True)
class Stretch(Event):
    """Neighbours among the revisions of a sweep that have the same verdict.

    ``revisions`` are full hashes, oldest first; ``first`` and ``last`` say where they lie, as
    `git describe --contains` does. ``odd`` is set for one or two whose neighbours on both sides
    agree on another verdict. ``reason`` is the first one's, if they cannot be tested.
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
    """An oddity of a sweep, which a real toolchain was asked about: ``after`` is what stands."""

    kind: ClassVar[str] = "re-tested"
    name: str
    revision: str
    before: Verdict
    after: Verdict
    toolchain: str
    reason: str


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
