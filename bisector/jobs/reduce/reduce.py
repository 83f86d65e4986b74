"""The job of `reduce`: check both revisions, make the file smaller, prove the result."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from bisector.build import binaries
from bisector.build.toolchain import Toolchain
from bisector.errors import UnusableEnds, UsageProblem
from bisector.git.history import Commit
from bisector.jobs.catalog import journal_of
from bisector.jobs.hunt.learning import fails, learn
from bisector.jobs.hunt.proof import CONFIRM_RUNS
from bisector.jobs.hunt.transition import TestIsFlaky
from bisector.jobs.reduce import subject as subjects
from bisector.jobs.reduce.kept import Kept
from bisector.jobs.reduce.shrinking import Shrinking, newest
from bisector.jobs.reduce.subject import Subject
from bisector.jobs.reduce.trials import Side, Trials
from bisector.jobs.runner import Watcher, notifier
from bisector.probing.executors import Local, default_jobs
from bisector.probing.prober import Prober
from bisector.probing.setup import Asked
from bisector.record.events import Noted, Probed
from bisector.record.reduction import Shortened, holds
from bisector.record.verdict import Verdict
from bisector.record.words import Purpose
from bisector.system.files import digest, explained, write_whole
from bisector.system.slots import Slot
from bisector.testing.companions import laid_out
from bisector.testing.timeouts import UsualTimes

_JOB = "reduce"
_WANTED = (Verdict.BAD, Verdict.GOOD)
Runs = tuple[tuple[Probed, ...], tuple[Probed, ...]]
"""Those at the bad and at the good revision."""
_CONFIRM = Purpose.CONFIRM.about("the reduced file")


@dataclass(frozen=True)
class ReduceQuestion:
    """What is to be reduced: the path ``file`` of a file of the test, '' for the test itself.

    It has to stay ``bad`` and ``good`` at the revisions of these names. It is reduced for so many
    ``seconds`` at most, and written to ``out``, None for a place beside it.
    """

    file: str
    bad: str
    good: str
    seconds: float
    out: Path | None = None


def reduce(asked: Asked, question: ReduceQuestion, fresh: bool, watcher: Watcher) -> Shortened:
    """Make the file smaller; with *fresh* from the beginning, else from where it was stopped.

    If it is interrupted, the smallest file so far is written all the same. Raises UsageProblem if
    the file cannot be reduced, UnusableEnds if the revisions are not bad and good.
    """
    subject = subjects.find(asked.test.oracle, question.file)
    out = subjects.place_of(subject, question.out)
    bad, good = (asked.history.resolve(name) for name in (question.bad, question.good))
    if bad.id == good.id:
        raise UsageProblem(f"{question.bad} and {question.good} are one commit", "name two")
    context = asked.context
    name = digest(_JOB, str(context.history.path), context.identity, subject.name, bad.id, good.id)
    with journal_of(context.workspace, name[:12], fresh) as journal:
        kept = Kept(context.workspace, journal.path.parent, fresh=fresh)
        if question.out is None:
            kept.check_free(out)
        journal.listeners.append(watcher.handle)
        if context.sandbox_remark:
            journal.note(Noted(context.sandbox_remark))
        progress = watcher.progress if watcher.interactive else None
        with Local(context.workspace, default_jobs()) as executor:
            prober = Prober(context, journal, executor, progress, fresh)
            return _Reduction(prober, subject, kept, out, watcher).run(bad, good, question.seconds)


class _Reduction:
    """One session of the reduction of *subject*, with the result in *out*."""

    def __init__(
        self, prober: Prober, subject: Subject, kept: Kept, out: Path, watcher: Watcher
    ) -> None:
        self._prober, self._context = prober, prober.context
        self._subject, self._kept = subject, kept
        self._out = out
        self._watcher = watcher

    def run(self, bad: Commit, good: Commit, seconds: float) -> Shortened:
        """Reduce for so many *seconds*, and prove the result."""
        ends = self._ends(bad.id, good.id)
        with ExitStack() as binaries_in_use:
            bad_end, good_end = ends
            sides = self._side(bad_end, binaries_in_use), self._side(good_end, binaries_in_use)
            learnt = self._prober.learnt
            with Trials(self._context, self._subject, sides, learnt) as trials:
                self._check(trials)
                shrinking = Shrinking(
                    trials,
                    self._kept,
                    self._subject.content,
                    seconds,
                    self._watcher.progress,
                    notifier(self._watcher),
                )
                try:
                    unfinished = shrinking.run()
                except KeyboardInterrupt:
                    self._watcher.handle(Noted(f"the smallest so far, not proven: {self._out}"))
                    raise
                finally:
                    self._write(shrinking.text)
        return self._proven(ends, shrinking, unfinished)

    def _ends(self, bad: str, good: str) -> tuple[Probed, Probed]:
        """The verdicts on both revisions, by one toolchain. Raises UnusableEnds."""
        first, second = self._ask(bad, good)
        if first.toolchain != second.toolchain:  # the fast one could not judge one of them
            first, second = self._ask(bad, good, self._prober.toolchains.fallback)
        if self._context.oracle.knows_its_bug:
            shows_bug = first.verdict is Verdict.BAD
        else:
            shows_bug = fails(first)
        if not shows_bug:
            what = f"{first.name} is {first.verdict}: {first.reason}"
            raise UnusableEnds(what, "--bad is a revision with the bug")
        if not self._context.oracle.knows_its_bug:
            try:
                learn(self._prober, first, flaky=False)
            except TestIsFlaky:
                what = f"the test fails in some runs only at {first.name}"
                raise UnusableEnds(what, "to reduce it, it has to fail in each") from None
        first, second = map(self._prober.judged, (first, second))
        if second.verdict is not Verdict.GOOD:
            what = f"{second.name} is {second.verdict}: {second.reason}"
            raise UnusableEnds(what, "--good is a revision without the bug")
        return first, second

    def _ask(self, bad: str, good: str, toolchain: Toolchain | None = None) -> list[Probed]:
        start = self._prober.start
        tickets = [start(one, Purpose.END, toolchain=toolchain) for one in (bad, good)]
        return self._prober.ask_all(tickets)

    def _side(self, end: Probed, binaries_in_use: ExitStack) -> Side:
        """The binary by which *end* was judged, which stays in the cache meanwhile."""
        context = self._context
        used = next(one for one in context.toolchains.used if one.name == end.toolchain)
        tree = context.history.tree_id(end.revision)
        built = binaries.built(
            context.workspace,
            context.history.store,
            tree,
            context.equipped(used, tree=tree),
            Slot(sandbox=context.sandbox),
        )
        binary = binaries_in_use.enter_context(built).binary
        usual = UsualTimes(context.workspace)
        return Side(end, binary, usual.limit(context.oracle.name, context.oracle.seconds))

    def _check(self, trials: Trials) -> None:
        """Raise UsageProblem unless the test, in a folder of its own, reads what is reduced."""
        for run, verdict in zip(trials.measure(self._subject.content), _WANTED, strict=True):
            if run.verdict is not verdict:
                what = f"in a copy of its folder the test is {run.verdict} at {run.name}"
                raise UsageProblem(f"{what}: {run.reason}", "it must not name files absolutely")
        if self._subject.is_companion and trials.is_steady(b"", 1):
            what = f"the test does the same with an empty {self._subject.name}"
            raise UsageProblem(what, "it must read the file where it is, beside the test")

    def _write(self, text: bytes) -> None:
        """Write the result. Raises WorkspaceProblem."""
        self._kept.written(text)
        write_whole(self._out, text)
        with explained(f"cannot write {self._out}"):  # a script stays one that can be executed
            self._out.chmod(self._subject.path.stat().st_mode & 0o777)

    def _proven(
        self, ends: tuple[Probed, Probed], shrinking: Shrinking, unfinished: str
    ) -> Shortened:
        """The result with its proof; if that fails, a larger one that can be proven."""
        bad, good = ends
        runs: dict[bytes, Runs] = {}

        def is_proven(text: bytes) -> bool:
            if text not in runs:
                runs[text] = self._prove(text, bad.revision, good.revision)
            return holds(*runs[text])

        text = shrinking.text
        if not is_proven(text) and (larger := newest(shrinking.steady, is_proven)) is not None:
            toolchain = runs[text][0][0].toolchain
            unfinished = f"with less of it, builds by {toolchain} give other verdicts"
            text = larger
            self._write(text)
        return Shortened(
            name=self._subject.name,
            test=self._subject.oracle.name,
            before=self._subject.content,
            after=text,
            trials=self._kept.tally.trials,
            seconds=self._kept.tally.seconds,
            unfinished=unfinished,
            bad=runs[text][0],
            good=runs[text][1],
            out=self._out,
        )

    def _prove(self, text: bytes, bad: str, good: str) -> Runs:
        """The runs with *text* at both revisions, built by a real toolchain; one if that fails."""
        prober, context = self._prober, self._context
        home = prober.journal.path.parent / "proof"
        with explained(f"cannot write {home}"):
            folder = laid_out(self._subject.changed(text), home)
        key = digest(context.oracle.digest, self._subject.name, text)
        oracle = replace(context.oracle.moved_to(folder), digest=key)
        found: dict[str, tuple[Probed, ...]] = {bad: (), good: ()}
        for runs in (range(1), range(1, CONFIRM_RUNS)):
            tickets = [
                prober.start(revision, _CONFIRM, run, prober.toolchains.proof, oracle)
                for revision in found
                for run in runs
            ]
            for probed in map(prober.judged, prober.ask_all(tickets)):
                found[probed.revision] += (_without(probed, f"{folder}/"),)
            if not holds(found[bad], found[good]):
                break
        return found[bad], found[good]


def _without(probed: Probed, path: str) -> Probed:
    """*probed*, which does not mention the *path* of a folder of ours."""
    evidence = tuple(line.replace(path, "") for line in probed.evidence)
    return replace(probed, reason=probed.reason.replace(path, ""), evidence=evidence)
