"""Between two good ends: try the release toolchain, which shows what the fast one is blind to."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from bisector.build.toolchain import Toolchain
from bisector.git.history import Range
from bisector.jobs.hunt.learning import repeat, show_the_bug
from bisector.probing.prober import Prober
from bisector.record.events import Probed
from bisector.record.verdict import Verdict
from bisector.record.words import Purpose, Turn
from bisector.search import witness

RELEASES = 4  # that are tried beside the ends; each takes a build of a minute


class FastIsBlind(Exception):
    """A real build shows the bug at ``seen`` and the fast one does not.

    ``way`` is how the hunt has to go on, the argument says so. ``flaky``: the bug does not show in
    each run.
    """

    def __init__(self, seen: Probed, way: Turn, text: str, flaky: bool) -> None:
        super().__init__(text)
        self.seen, self.way, self.flaky = seen, way, flaky


class ReleaseTrial:
    """Probes the ends of *span*, both good with the search's toolchain, and a few releases."""

    def __init__(self, prober: Prober, span: Range) -> None:
        self._prober = prober
        self._history = prober.context.history
        self._span = span
        self._toolchains = prober.toolchains
        self._good: list[str] = []  # names
        self._begun = False

    def run(self) -> Probed | None:
        """A revision that is bad, also with the search's toolchain; None if none is bad.

        Does nothing if there is no release toolchain, and at the second call. Raises FastIsBlind.
        """
        release = self._toolchains.release
        if release is None or self._begun:
            return None
        self._begun = True
        for revision in self._revisions():
            runs = self._runs(revision, release)
            if self._show(runs):
                return self._also_bad(runs)
            self._good += [run.name for run in runs[:1] if run.verdict is Verdict.GOOD]
        return None

    @property
    def remark(self) -> str:
        """Where the bug was not seen, such as `; built with …`; '' if nothing was tried."""
        if not self._toolchains.release or not self._good:
            return ""
        name, good = self._toolchains.release.name, ", ".join(self._good)
        return f"; built with {name}, these are good as well: {good}"

    def _revisions(self) -> Iterator[str]:
        """The new end, releases or others between the ends, evenly spread, and the old end."""
        commits = self._span.commits
        total = len(commits) - 1
        tagged = {place for place in range(total) if commits[place] in self._history.tags}
        stages = (
            witness.Stage("releases", tagged, RELEASES),
            witness.Stage("others", None, RELEASES),
        )
        yield self._span.new.id
        yield from (commits[place] for place, _ in islice(witness.order(total, stages), RELEASES))
        yield self._span.old.id

    def _runs(self, revision: str, toolchain: Toolchain) -> list[Probed]:
        """Several runs, since a bug that needs threads may be a race; one if it is untestable."""
        purpose = Purpose.WITNESS.about(f"(with {toolchain.name})")
        (first,) = self._prober.ask_all([self._prober.start(revision, purpose, 0, toolchain)])
        if first.verdict.tested or self._show([first]):
            return [first, *repeat(self._prober, first, toolchain)]
        return [first]

    def _show(self, runs: list[Probed]) -> bool:
        return show_the_bug(runs, self._prober.context.oracle)

    def _also_bad(self, runs: list[Probed]) -> Probed:
        """The bad one of the runs with the search's toolchain, after bad *runs* with release.

        Raises FastIsBlind if there is none. What is built without optimisation is built faster, so
        the hunt goes on with that if it shows the bug as well.
        """
        seen, fast, real = runs[0], self._toolchains.search, self._toolchains.real.search
        others = self._runs(seen.revision, fast)
        if self._show(others):
            return next(run for run in others if run.verdict is not Verdict.GOOD)
        by_real = self._show(self._runs(seen.revision, real))
        way, goes_on = Turn.RELEASE, seen.toolchain
        if by_real:
            way, goes_on = Turn.REAL, f"{real.name}, which shows it as well"
        text = (
            f"the bug needs {fast.blind_to}: {seen.name} is good with {others[0].toolchain} and "
            f"bad with {seen.toolchain}; the hunt goes on with {goes_on}"
        )
        flaky = any(run.verdict is Verdict.GOOD for run in runs)
        raise FastIsBlind(seen, way, text, flaky)
