"""What a scenario of the user's still lacks, as far as one probe of it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bisector.git.history import History
from bisector.jobs.hunt.learning import pattern_of
from bisector.record.events import Probed
from bisector.record.failure import FailureClass
from bisector.record.verdict import Verdict
from bisector.testing.log_text import matching
from bisector.testing.new.folder import MARK
from bisector.testing.scenario import BUNDLED, Scenario

_PASSED = re.compile(r"^#\s+top\s+TEST \S+ passed", re.M)
_HELD = r"^[*-]+\s+(?!c_bug)\S+\s+(?:EXPECT .* match|CLI expect match .*)$"
# Failures that are never the bug's, which the control may well have seen
_NOT_THE_BUG = (FailureClass.SKIPPED, FailureClass.MISSING, FailureClass.UNSUPPORTED)
_SHOWN = 2  # lines of a log
_CONTRADICTED = {
    Verdict.GOOD: "it is good at {name}, which should be bad: the test does not show the bug; "
    "compare its configuration, requests and build (--like, --toolchain) with the report",
    Verdict.BAD: "it is bad at {name}, which should be good: 'bad' matches more than the bug, "
    "or the test expects what HAProxy never did",
}


def still_missing(scenario: Scenario, probed: Probed, history: History) -> list[str]:
    """What the *scenario* lacks by the verdict *probed* on one revision; nothing for a bundled one.

    Patched revisions are not compared with those that the scenario knows.
    """
    if scenario.folder.is_relative_to(BUNDLED):
        return []
    return [
        *_marks(scenario.folder),
        *_by_log(scenario, probed),
        *(() if probed.patched else _by_known(scenario, probed, history)),
    ]


def _marks(folder: Path) -> Iterator[str]:
    """The places that are still to be filled in."""
    places = []
    for path in sorted(folder.iterdir()):
        if path.is_file():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            numbers = [str(number) for number, line in enumerate(lines, 1) if MARK in line]
            places += [f"{path.name}:{','.join(numbers)}"] if numbers else []
    if places:
        yield f"what is marked '{MARK}' in {' '.join(places)}"


def _by_log(scenario: Scenario, probed: Probed) -> Iterator[str]:
    """What the log of a test that was run says about the two patterns."""
    if not probed.log or probed.verdict is Verdict.UNBUILDABLE:
        return
    try:
        log = Path(probed.log).read_text(encoding="utf-8", errors="replace")
    except OSError:  # evicted from the cache
        return
    failure = probed.failure
    if not matching(log, scenario.control):
        if failure and failure.kind not in (FailureClass.OTHER, FailureClass.HARNESS):
            return  # the reason says what the test met before it came to its control
        yield "'control' matches nothing in the log: the test ends before it, or it is wrong"
        for line in matching(log, _HELD)[:_SHOWN]:
            yield f"such a line of the log could be the control: {line}"
    elif probed.verdict is Verdict.BAD and _PASSED.search(log):
        yield "'bad' matches in a test that passed: it is too wide, or the test lacks an expect"
    elif not probed.verdict.tested and failure and failure.kind not in _NOT_THE_BUG:
        pattern = pattern_of(failure).replace("'", ".")
        yield f"it failed in another way than 'bad' says; if that is the bug: bad = '{pattern}'"


def _by_known(scenario: Scenario, probed: Probed, history: History) -> Iterator[str]:
    """Whether the verdict is another one than the scenario says of this revision."""
    for word, name, verdict in (
        ("bad", scenario.known.bad, Verdict.BAD),
        ("good", scenario.known.good, Verdict.GOOD),
    ):
        if not name:
            continue
        if not history.knows(name):
            yield f"[known] {word} = '{name}' is no revision here"
        elif history.resolve(name).id == probed.revision and probed.verdict is not verdict:
            otherwise = f"the test does not work at {name}, which should be {word}"
            yield _CONTRADICTED.get(probed.verdict, otherwise).format(name=name)
