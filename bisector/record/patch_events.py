"""The events of journals that say what a patch does; events.py has the others.

Revisions are full hashes. A ``name`` or ``release`` is what `git describe` calls a revision. A list
of patches is in the order in which they apply.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bisector.record.events import Event
from bisector.record.patch_outcome import Outcome
from bisector.record.verdict import Verdict
from bisector.record.words import HunkState, RegTestChange


@dataclass(frozen=True)
class PatchChecked(Event):
    """A patch series at one affected release: the verdicts ``before`` and ``after`` it.

    ``how`` has a How for each patch, perhaps with its variant's label; it is empty and ``after`` is
    None if the series conflicts. ``problem`` is the conflict, or why the result is not tested.
    """

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

    ``variant`` is its label, `name=value name=value`. ``watching``: it does not show the bug and
    only tells whether the patch does harm.
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

    ``how`` has a How for each patch, perhaps with its variant's label, or one CONFLICT for all.
    ``problem`` is what stood in the way: the conflict, the compiler's first error, why it could not
    be tested. ``wanted`` is set for the scenario that the patch is meant to fix. ``cells`` are its
    variants. ``branch`` is the branch at whose tip a backport was tried, '' for other jobs.
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

    ``noticed_by`` names the tests with another verdict, `scenario variant` each. ``problem`` is why
    the rest of the patch does not apply or compile. ``hunk`` is the index in the patch, from 0, and
    ``header`` its `@@ … @@` line; ``patch`` is the patch's subject, ``path`` the changed file.
    """

    kind: ClassVar[str] = "hunk"
    revision: str
    name: str
    patch: str
    hunk: int
    path: str
    header: str
    state: HunkState
    noticed_by: tuple[str, ...]
    problem: str = ""


@dataclass(frozen=True)
class Covered(Event):
    """Which of the lines that the patch adds to one file the tests executed at a revision.

    ``executed`` and ``missed`` are line numbers in the patched file, from 1; ``text`` is the text
    of the missed lines. Lines without code are in neither list. ``problem`` says why nothing is
    known.
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

    ``test`` is a path below the repository's root. ``before`` and ``after`` are the verdicts of the
    first run; ``before`` is None for a test that the patch brings. ``log`` is the log of the first
    run after the patch. ``branch`` is set for a backport.
    """

    kind: ClassVar[str] = "reg-test"
    revision: str
    name: str
    test: str
    before: Verdict | None
    after: Verdict
    change: RegTestChange
    runs: int
    reason: str = ""
    log: str = ""
    branch: str = ""


@dataclass(frozen=True)
class Ported(Event):
    """A fix on a branch whose tip is ``revision``; ``version`` is the branch's, such as `3.0`.

    ``affected`` is the verdict on the branch as it is, None if no test shows the bug; ``why`` says
    what is known of that and from what. ``how`` is a How for each patch, with commas between ('' if
    it was not applied); ``conflict`` shows both sides of the conflicts. ``prerequisites`` are the
    commits with which it applies, `hash subject` each, in order; ``prerequisite_ids`` are their
    full hashes. ``said``: whether the commit's message asks for the fix on this version, None if it
    does not mention it. ``files`` are the paths of the patches that were written, ``created`` is
    the branch that was made in the repository. ``remark`` is what else a reader has to know.
    ``repairs`` are the later commits that repair or revert the fix, `hash subject` each, whether
    they are on the branch, and the sentence that says so.
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
    repairs: tuple[str, ...] = ()
