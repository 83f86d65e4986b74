"""Judge what a search could not tell apart: with the commit that ended the stretch picked onto it.

A fixup may make the change by itself, as the commit that ended the stretch is often the one that is
looked for. So what was found with one only counts if both sides were judged with it: with the
fixup, too, the commits before have the old verdict and the one that was found has the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from itertools import islice

from bisector.errors import PatchProblem
from bisector.git.object_store import entry_id
from bisector.patch import mending
from bisector.probing.fixups import Fixup, cannot_be_judged, of_commit
from bisector.probing.prober import Prober
from bisector.record.events import Noted, Probed
from bisector.record.fixup_events import Unfair
from bisector.record.words import Change

Candidates = tuple[str, ...]
"""Full hashes, parents first; all but the last one cannot be told apart."""


class StretchFixups:
    """Narrows the result of a search for the change *what* in *commits* (full hashes).

    *purpose* is that of its probes, *again* searches again with what is known by then, and *hidden*
    are commits that were not probed.
    """

    def __init__(
        self,
        prober: Prober,
        commits: Sequence[str],
        what: Change,
        purpose: str,
        again: Callable[[], Candidates],
        hidden: Collection[str] = (),
    ) -> None:
        self._prober = prober
        self._history = prober.context.history
        self._fixups = prober.fixups
        self._commits = commits
        self._new = what.new_verdict
        self._purpose = purpose
        self._again = again
        self._hidden = hidden

    def narrowed(self, candidates: Candidates) -> tuple[Candidates, str]:
        """*candidates* or fewer of them, and the name of the fixup that this rests on, or ''."""
        while (name := self._used(candidates)) and (why := self._unfair(candidates, name)):
            self._reject(name, why)
            candidates = self._again()
        tried: set[str] = set()
        while fixup := next(self._ideas(candidates, tried), None):
            tried.add(fixup.name)
            candidates = self._with(fixup, candidates)
        return candidates, self._used(candidates)

    def _with(self, fixup: Fixup, candidates: Candidates) -> Candidates:
        """*candidates*, or fewer if *fixup* helps to judge those that cannot be judged."""
        what = f"{fixup.name} ({fixup.series.patches[0].subject})"
        self._prober.report(f"trying {what} on revisions that cannot be judged")
        sample = self._sample(candidates).revision
        self._fixups.add(fixup, self._stretch(candidates))
        if not self._prober.ask(sample, self._purpose).verdict.tested:
            self._fixups.drop(fixup.name)
            return candidates
        fewer = self._again()
        if (name := self._used(fewer)) and (why := self._unfair(fewer, name)):
            self._reject(fixup.name, why)
            return candidates
        text = f"{what} is picked onto revisions before it that cannot be built or started"
        self._prober.journal.note(Noted(text))
        return fewer

    def _reject(self, name: str, why: str) -> None:
        self._fixups.drop(name)
        self._prober.journal.note(Unfair(name, why))

    # -- which fixups ----------------------------------------------------------------------------

    def _stretch(self, candidates: Candidates) -> Sequence[str]:
        """The commits from the first to the last of *candidates*, the last one left out."""
        first, last = (self._commits.index(candidates[at]) for at in (0, -1))
        return self._commits[first:last]

    def _unjudged(self, candidates: Candidates) -> list[Probed]:
        """The verdicts on those of *candidates* that cannot be judged."""
        verdicts = self._prober.verdicts()
        seen = (verdicts[one][0] for one in candidates if one in verdicts)
        return [
            one for one in seen if cannot_be_judged(one.ruling) and one.revision not in self._hidden
        ]

    def _sample(self, candidates: Candidates) -> Probed:
        """The one in the middle of those."""
        unjudged = self._unjudged(candidates)
        return unjudged[(len(unjudged) - 1) // 2]

    def _ideas(self, candidates: Candidates, tried: Collection[str]) -> Iterator[Fixup]:
        """Fixups for *candidates* that were not *tried*: of each commit a part, then the whole.

        The part is what the error is about, and less likely to change anything else.
        """
        if not self._unjudged(candidates):
            return
        sample = self._sample(candidates)
        for commit in self._menders(candidates[-1], sample):
            with suppress(PatchProblem):  # a merge
                whole = of_commit(self._history, commit)
                both = (self._fixups.part_for(whole, sample), whole)
                yield from (one for one in both if one and one.name not in tried)

    def _menders(self, first_judged: str, sample: Probed) -> list[str]:
        """The commit that ended the stretch, and the first from there on that touches the error.

        That is, the file in which *sample* has its error.
        """
        later = self._commits[self._commits.index(first_judged) :]
        place = mending.place(sample.reason)
        touching = (commit for commit in later if place and self._touches(commit, place[0]))
        return list(dict.fromkeys((first_judged, *islice(touching, 1))))

    def _touches(self, commit: str, path: str) -> bool:
        trees = (self._history.read(one).tree for one in (commit, *self._parents(commit)))
        return len({entry_id(tree, path) for tree in trees}) > 1

    def _parents(self, commit: str) -> tuple[str, ...]:
        return self._history.commit(commit).parents

    # -- whether the comparison is fair ------------------------------------------------------------

    def _sides(self, candidates: Candidates) -> list[str]:
        """The last one before *candidates* on each line, then the last of them."""
        before = (parent for one in candidates for parent in self._parents(one))
        return [*dict.fromkeys(p for p in before if p not in candidates), candidates[-1]]

    def _used(self, candidates: Candidates) -> str:
        """The name of a fixup with which one of the sides was judged; '' if none was."""
        if not self._fixups.any:
            return ""
        sides = (self._prober.ask(side, self._purpose) for side in self._sides(candidates))
        return next((probed.fixup for probed in sides if probed.fixup), "")

    def _unfair(self, candidates: Candidates, name: str) -> str:
        """Why the sides cannot be compared with the fixup *name* on each, '' if they can."""
        fixup = self._fixups.named(name)
        *before, found = self._sides(candidates)
        for side in (*before, found):
            if self._fixups.tree(fixup, side) is None:
                return f"it does not apply to {self._history.release(side)}"
            ticket = self._prober.start(side, self._purpose, fixup=fixup)
            (probed,) = self._prober.ask_all([ticket])
            if not probed.verdict.tested or (probed.verdict is self._new) != (side == found):
                return f"{probed.name} is {probed.verdict} with it"
        return ""
