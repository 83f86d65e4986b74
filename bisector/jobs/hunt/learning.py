"""Learn from runs how the bug shows itself, if the test does not say so."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from bisector.build.toolchain import Toolchain
from bisector.jobs.hunt.transition import TestIsFlaky
from bisector.probing.prober import Prober
from bisector.record.events import Noted, Probed
from bisector.record.failure import Failure, FailureClass
from bisector.record.learnt import Learnt
from bisector.record.verdict import Verdict
from bisector.testing.oracle import Oracle

RUNS = 3  # of the failing revision: what it learns from
SHOWN = 4  # names of revisions in a note
PATTERN_WIDTH = 60  # characters

# An old revision that refuses a configuration so does not have the feature yet.
_ABSENT = re.compile(
    r"unknown|unsupported|not supported|unrecognized|no such|not (?:found|available|enabled)", re.I
)


def may_be_the_bug(probed: Probed) -> bool:
    """Whether *probed* failed in a way that may be the bug's."""
    return probed.failure is not None and probed.failure.kind.learnable


def needs_a_pass(probed: Probed) -> bool:
    """Whether the failure of *probed* is the test's own fault unless it passes elsewhere."""
    return probed.failure is not None and probed.failure.kind.needs_a_pass


def fails(probed: Probed) -> bool:
    """Whether the test fails there as a bug makes it fail, whichever bug that is."""
    return probed.verdict is Verdict.BAD or may_be_the_bug(probed)


def show_the_bug(runs: Sequence[Probed], oracle: Oracle) -> bool:
    """Whether *runs* of one binary show a bug: one is bad, or all fail in a way that may be one.

    The test works at an ancestor, so such a failure is no feature that is not there yet.
    """
    if any(run.verdict is Verdict.BAD for run in runs):
        return True
    return not oracle.knows_its_bug and all(map(may_be_the_bug, runs))


def is_absent_feature(failure: Failure | None) -> bool:
    """Whether HAProxy said with this *failure* that it does not know what it is asked for."""
    if failure is None or failure.kind is not FailureClass.REFUSAL:
        return False
    return _ABSENT.search(failure.text) is not None


def test_works(probed: Probed, *, is_old: bool = False) -> bool:
    """Whether the test works at *probed*: it passes, or fails in a way that may be the bug's.

    *is_old*: the old end is looked for, where a feature may be absent.
    """
    if is_old and is_absent_feature(probed.failure):
        return False
    return probed.verdict.tested or may_be_the_bug(probed)


def failing_end(old: Probed, new: Probed) -> Probed | None:
    """The end of a range that shows the bug; None if neither fails in a way that may be the bug's.

    Nor is there one if both are bad by themselves: there is nothing between them to look for.
    """
    sides = ((old, new), (new, old))
    failing = [end for end, other in sides if may_be_the_bug(end) and _counts(end, other)]
    if new.failure != old.failure:
        failing = [e for e in failing if e is new or not is_absent_feature(e.failure)]
    elif old.verdict is not Verdict.BAD:
        return None  # both fail alike, and not in a way that speaks for itself
    speaking = [end for end in failing if end.verdict is Verdict.BAD]
    if len(speaking) > 1:
        return None
    return next(iter(speaking or failing[::-1]), None)


def _counts(end: Probed, other: Probed) -> bool:
    """Whether the failure of *end* may be the bug's if the test does as it does at the *other* end.

    If a command could not be executed, or was used wrongly, it has to pass there.
    """
    return not needs_a_pass(end) or other.verdict is Verdict.GOOD


def learn(prober: Prober, failed: Probed, flaky: bool) -> Learnt:
    """Run the revision of *failed* again and record the kinds of failure as the bug's.

    Raises TestIsFlaky if it passes now, unless the test is known to be *flaky*.
    """
    runs = [failed, *repeat(prober, failed)]
    if not flaky and any(run.verdict is Verdict.GOOD for run in runs):
        raise TestIsFlaky(failed.name)
    learnt = learnt_in(runs)
    prober.learn(learnt)
    return learnt


def learnt_in(runs: Sequence[Probed]) -> Learnt:
    """What *runs* of one test, which failed at one revision or several, show of the bug."""
    first, names = runs[0], dict.fromkeys(run.name for run in runs)
    return Learnt(first.revision, ", ".join(names), kinds_of(runs), len(runs), first.scenario)


def kinds_of(runs: Sequence[Probed]) -> tuple[Failure, ...]:
    """The kinds of failure in *runs* that may be the bug's.

    If one binary crashed in several functions, its crash is of one kind, wherever it happens.
    """
    places: dict[tuple[str, str, Failure], set[Failure]] = {}
    failed = [(run, run.failure) for run in runs if run.failure and may_be_the_bug(run)]
    for run, failure in failed:
        binary = (run.revision, run.toolchain, failure.anywhere)
        places.setdefault(binary, set()).add(failure)
    roaming = {kind for (_, _, kind), seen in places.items() if len(seen) > 1}
    return tuple(dict.fromkeys(f.anywhere if f.anywhere in roaming else f for _, f in failed))


def repeat(
    prober: Prober,
    probed: Probed,
    toolchain: Toolchain | None = None,
    oracle: Oracle | None = None,
) -> list[Probed]:
    """The other runs of the revision of *probed*, RUNS in all; the defaults are the prober's."""
    runs = range(probed.run + 1, probed.run + RUNS)
    tickets = [
        prober.start(probed.revision, probed.purpose, run, toolchain, oracle) for run in runs
    ]
    return prober.ask_all(tickets)


def runs_of(prober: Prober, revision: str, purpose: str, total: int) -> list[Probed]:
    """The runs of *revision* that are known, and as many more at once as *total* needs."""
    missing = total - len(prober.verdicts().get(revision, ()))
    first = prober.next_run(revision)
    runs = range(first, first + missing)
    prober.ask_all([prober.start(revision, purpose, run) for run in runs])
    return prober.verdicts().get(revision, [])


def note_other_failures(prober: Prober, also: Learnt | None = None) -> None:
    """Note the failures of the job's test that were seen and are not the bug's, and where.

    *also* is the failure of another bug, which has its own place in reports.
    """
    bugs = [bug for bug in (prober.learnt, also) if bug]
    oracle = prober.context.oracle
    if oracle.knows_its_bug:
        return
    seen: dict[Failure, dict[str, None]] = {}
    for event in prober.journal.events:
        if not isinstance(event, Probed) or event.scenario != oracle.name or event.patched:
            continue
        if event.failure:
            seen.setdefault(event.failure, {})[event.name] = None
    for failure, names in seen.items():
        if not any(bug.covers(failure) for bug in bugs):
            prober.journal.note(Noted(other_failure(failure, tuple(names))))


def other_failure(failure: Failure, names: Sequence[str]) -> str:
    """A note on a *failure* that is not the bug's and was seen at the revisions *names*."""
    some = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" * (len(names) > SHOWN))
    text = f"another failure, which is not the bug's, at {some}: {failure}"
    if not failure.kind.learnable:
        return text
    return f"{text} (if it is: --bad-if {shlex.quote(pattern_of(failure))})"


def pattern_of(failure: Failure) -> str:
    """A regular expression for the longest part of a failure's text that is in each run's log."""
    said = re.sub(r"^\w+: ", "", failure.text)  # the part of the test that failed
    return pattern_in(said)


def pattern_in(said: str) -> str:
    """A regular expression for the longest part of a text, in which # stands for what varies."""
    longest = max(said.split("#"), key=len).strip()
    return re.escape(longest[:PATTERN_WIDTH]).replace("\\ ", " ")
