"""Which of a journal's probes are believed, and what they say by what was learnt of the bug."""

from __future__ import annotations

from collections.abc import Collection

from bisector.build.toolchain import Toolchains
from bisector.probing.fixups import Fixups
from bisector.probing.gaps import kind_of
from bisector.record.events import Probed
from bisector.record.journal import Journal
from bisector.record.learnt import Learnt
from bisector.record.words import is_for_another_bug
from bisector.testing.oracle import is_doubtful


class Beliefs:
    """What the *journal* of a job with this *test* says.

    Failures of the fast toolchain are doubtful until a real one fails in the same way.
    """

    def __init__(self, journal: Journal, test: str, fixups: Fixups) -> None:
        self._journal = journal
        self._test = test
        self._fixups = fixups
        self._agreed: set[str] = set()
        self._learnt: dict[str, Learnt] = {}

    def learn(self, learnt: Learnt) -> None:
        """From now on all verdicts of its test follow from this."""
        self._learnt[learnt.scenario] = learnt

    def learnt_by(self, test: str) -> Learnt | None:
        """How the bug shows itself in *test*; None if the test says so or nothing was learnt."""
        return self._learnt.get(test)

    def judged(self, event: Probed) -> Probed:
        """*event* with the verdict by what was learnt of the bug; the journal has the first one."""
        learnt = self.learnt_by(event.scenario)
        return learnt.judge(event) if learnt else event

    def doubts(self, event: Probed) -> bool:
        """Whether *event* is a failure that may be the fast compiler's fault."""
        return is_doubtful(event.ruling) and kind_of(event) not in self._agreed

    def compare(self, doubted: Probed, real: Probed) -> None:
        """Believe from now on in failures such as *doubted*, if the *real* toolchain's is alike."""
        if kind_of(doubted) == kind_of(real):
            self._agreed.add(kind_of(real))

    def verdicts(self, toolchains: Toolchains) -> dict[str, list[Probed]]:
        """The probes of each revision as it is, by run, those of real toolchains first.

        Doubtful failures of the fast one of *toolchains* are left out, and all its verdicts if it
        is distrusted; those with a fixup, where the revision can be judged without; and the probes
        for another bug before its failure was learnt, so that a resumed job finds of its own bug
        what it found before.
        """
        found: dict[str, list[Probed]] = {}
        agreed = self._agreed | self._agreed_in_journal()
        own = self.learnt_by(self._test)
        at_another_bug = own is not None and own.bug > 0
        for event in self.probed():
            early = is_for_another_bug(event.purpose) and not at_another_bug
            if _believes(event, toolchains, agreed) and not early:
                found.setdefault(event.revision, []).append(event)
        counting = {rev: self._fixups.counting(events) for rev, events in found.items()}
        return {
            revision: sorted(events, key=lambda event: (not event.real, event.run))
            for revision, events in counting.items()
            if events
        }

    def probed(self) -> list[Probed]:
        """All probes of revisions as they are, judged."""
        return [
            self.judged(event)
            for event in self._journal.events
            if isinstance(event, Probed) and not event.patched
        ]

    def _agreed_in_journal(self) -> set[str]:
        """The kinds of failure that the fast and a real toolchain share in one run."""
        failures: dict[tuple[str, int, str], set[bool]] = {}
        for event in self.probed():
            if is_doubtful(event.ruling):
                same = failures.setdefault((event.revision, event.run, kind_of(event)), set())
                same.add(event.real)
        return {failure for (_, _, failure), real in failures.items() if len(real) == 2}


def _believes(event: Probed, toolchains: Toolchains, agreed: Collection[str]) -> bool:
    """Whether the verdict counts; *agreed* are kinds of failure that real toolchains share."""
    if event.real:
        return event.toolchain in {toolchain.name for toolchain in toolchains.used}
    if toolchains.search.is_real:
        return False
    doubtful = toolchains.fallback and is_doubtful(event.ruling)
    return not doubtful or kind_of(event) in agreed
