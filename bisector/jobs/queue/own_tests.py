"""Whether a branch has the bugs that fixes cure, by the reg-tests that came with these.

A reg-test counts only if it is bad at the fix's parent and good at the fix. What the fast toolchain
says of the branch is repeated with a real one, whose answer counts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from bisector.build.toolchain import Toolchain
from bisector.git import commit_text
from bisector.git.history import History
from bisector.jobs.backport import qualify
from bisector.jobs.backport.learning import may_show
from bisector.jobs.backport.qualify import CaseResult, Home
from bisector.jobs.hunt.learning import is_absent_feature
from bisector.jobs.queue.known import Known
from bisector.jobs.queue.source import Source
from bisector.jobs.tree_under_test import TreeUnderTest
from bisector.probing.prober import Prober
from bisector.record.events import Noted, Probed
from bisector.record.verdict import Verdict
from bisector.record.words import Purpose
from bisector.search import commit_subject
from bisector.testing.oracle import Oracle

NEAR = 5  # commits after a fix among which its author's test may be
MOST = 5  # tests that such a commit changes; one that changes more is about all tests
_TESTS = frozenset({"REGTESTS", "REGTEST", "REG-TESTS", "TESTS"})


def tested(
    prober: Prober, known: Known, commits: Collection[str], progress: Callable[[str], None]
) -> dict[str, tuple[Verdict, str]]:
    """Whether the branch has the bug of each of *commits*, BAD or GOOD, and the test that says so.

    *commits* are on the source line (full hashes). Those are left out that fix nothing, unless the
    user named them, and those of which no test shows the bug or can be run on the branch; the
    journal has notes on those whose own tests do not show it, or show it and cannot be run. Raises
    what a probe raises.
    """
    history, source = prober.context.history, known.source
    found: dict[str, tuple[Verdict, str]] = {}
    asked = [one for one in commits if source.named or known.is_fix(one)]
    with ExitStack() as held:
        fixes = []
        for fix, bringing in bringing_tests(known, asked).items():
            homes = [qualify.home_of(history, one) for one in bringing]
            suites = held.enter_context(qualify.own_tests(prober, homes))
            # two fixes may change one test, and what is learnt of it is learnt by its name
            cases = {
                replace(case, name=f"{suite.scenario} of {fix[:10]}"): suite.scenario
                for suite in suites
                for case in suite.cases
            }
            if cases:
                home = qualify.home_of(history, fix)
                fixes.append(_Fix(fix, home, cases, has_own=fix in bringing))
        trials = _Trials(prober, source)
        trials.start(fixes)
        for number, one in enumerate(fixes, 1):
            progress(f"{source.branch.name}: reg-tests of {number} of {len(fixes)} fixes")
            if answer := trials.answer(one):
                found[one.commit] = answer
    return found


# -- which tests -----------------------------------------------------------------------------------


def bringing_tests(known: Known, commits: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The commits that bring reg-tests for each of *commits*, the last one first, itself included.

    These are the fix and commits about tests after it: those that name it, and of the next NEAR
    those of its author. Whether a test shows the bug is found out by running it. Commits without
    any are left out.
    """
    history, source = known.history, known.source
    place = {commit: number for number, commit in enumerate(source.before)}
    about_tests = {
        one: changed
        for one in source.before
        if _is_about_tests(history, one) and 0 < (changed := _tests_in(history, one)) <= MOST
    }
    naming = {(one.named, one.commit) for test in about_tests for one in known.named_by(test)}
    found: dict[str, tuple[str, ...]] = {}
    for fix in sorted(commits, key=place.__getitem__):
        near = source.before[place[fix] + 1 : place[fix] + 1 + NEAR]
        beside = [
            one
            for one in about_tests
            if (fix, one) in naming or (one in near and _has_same_author(history, fix, one))
        ]
        own = (fix,) if _tests_in(history, fix) else ()
        if (beside or own) and len(history.read(fix).parent_ids) == 1:
            found[fix] = (*reversed(beside), *own)
    return found


def _is_about_tests(history: History, commit: str) -> bool:
    subject = commit_text.subject(history.read(commit))
    return not _TESTS.isdisjoint(commit_subject.parse(subject).kind)


def _has_same_author(history: History, one: str, other: str) -> bool:
    return history.read(one).author.email == history.read(other).author.email


def _tests_in(history: History, commit: str) -> int:
    """How many reg-tests *commit* adds or changes; 0 for a merge."""
    if len(history.read(commit).parent_ids) != 1:
        return 0
    return len(qualify.changed_tests(history, qualify.home_of(history, commit)))


# -- what they say ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Fix:
    """A fix, its parent beside it, and its tests, each with its path; it brings some (has_own)."""

    commit: str
    home: Home
    cases: Mapping[Oracle, str]
    has_own: bool


class _Trials:
    """Runs the tests of fixes where these were made and on the branch's tip."""

    def __init__(self, prober: Prober, source: Source) -> None:
        self._prober = prober
        self._branch = source.branch
        self._tip_tree = prober.context.history.tree_id(source.branch.tip)

    def start(self, fixes: Sequence[_Fix]) -> None:
        """Run the tests without and with their fixes side by side, for answer() to find."""
        ask, purpose = self._prober.start_tree, Purpose.QUALIFY
        cases = [(fix.home, case) for fix in fixes for case in fix.cases]
        results = self._prober.ask_all(
            [ask(at.before, at.before_tree, purpose, case, patched=False) for at, case in cases]
        )
        failed = [
            pair for pair, probed in zip(cases, results, strict=True) if may_show(pair[1], probed)
        ]
        self._prober.ask_all(
            [ask(at.after, at.after_tree, purpose, case, patched=False) for at, case in failed]
        )

    def answer(self, fix: _Fix) -> tuple[Verdict, str] | None:
        """The verdict on the branch, and by which test; None with a note if nothing says it."""
        toolchains = self._prober.toolchains
        proof = None if toolchains.search.is_real else toolchains.proof
        said = self._said(fix)
        # the fast toolchain has no threads, which the fix's own test may need
        if proof and (said.verdict is not None or (fix.has_own and not said.shown)):
            said = self._said(fix, proof)
        if said.verdict is None:
            # a test that another commit brought may be about anything else
            if fix.has_own or said.shown:
                self._prober.journal.note(Noted(f"the bug of {fix.commit[:10]}: {said.text}"))
            return None
        return said.verdict, said.text

    def _said(self, fix: _Fix, toolchain: Toolchain | None = None) -> _Said:
        """What the tests say, built by *toolchain* in place of the prober's toolchains."""
        results = qualify.try_cases(self._prober, [fix.home], list(fix.cases), toolchain)
        showing = [case for case in fix.cases if results[case].shows]
        if not showing:
            return _Said(None, "; ".join(_not_shown(fix, results)), shown=False)
        about = (self._branch.tip, self._tip_tree, _purpose(toolchain))
        tip = TreeUnderTest(self._prober, *about, False, showing, toolchain)
        tip.start_rest()
        return _on_branch(
            [(fix.cases[case], one) for case, one in zip(showing, tip.results(), strict=True)]
        )


@dataclass(frozen=True)
class _Said:
    """The verdict on the branch, None for none, in words; ``shown``: a test shows the bug."""

    verdict: Verdict | None
    text: str
    shown: bool = True


def _purpose(toolchain: Toolchain | None) -> str:
    return Purpose.CONFIRM.about(Purpose.BEFORE) if toolchain else Purpose.BEFORE


def _not_shown(fix: _Fix, results: Mapping[Oracle, CaseResult]) -> Iterator[str]:
    for case, path in fix.cases.items():
        yield f"{path} does not show it: {results[case].text}"


def _on_branch(results: Sequence[tuple[str, Probed]]) -> _Said:
    """What tests that show the bug, by path, say of the branch: one that is bad is enough."""
    # what the branch does not know yet it refuses as the fix's parent did
    known = [(path, one) for path, one in results if not is_absent_feature(one.failure)]
    for verdict, does in ((Verdict.BAD, "fails"), (Verdict.GOOD, "passes")):
        if paths := [path for path, one in known if one.verdict is verdict]:
            return _Said(verdict, f"{', '.join(paths)} {does} there")
    path, first = results[0]
    return _Said(None, f"{path} cannot be tested there: {first.reason}")
