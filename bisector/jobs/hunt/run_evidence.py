"""Evidence from the test itself: which commits change what the failing run executes.

The failing revision is built once more, with counters, and the test is run on it. What that run
says is no verdict, and whatever goes wrong with it only costs the evidence.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace

from bisector.build.counting.functions import Function
from bisector.errors import BisectorError
from bisector.git.history import History
from bisector.jobs.hunt.transition import costs_of
from bisector.patch import function_changes, keyword_sources
from bisector.probing import counting
from bisector.probing.prober import Prober
from bisector.record.events import Counted, Noted
from bisector.search.costs import TEST_SECONDS
from bisector.search.priors import Evidence
from bisector.system.slots import Slot

# Of n commits, this evidence saves about SAVED * log2(n / FEW) of log2(n) probes (4.4 of 12.6 were
# measured in 6,000 commits), and it takes so many seconds to see which functions a commit changes.
# So it pays from about 150 commits on that are not built yet, and from 40 on if gcc builds them.
SAVED, FEW = 0.55, 32
READ_SECONDS = 0.0007


def weighed(
    prober: Prober, bad: str, commits: Sequence[str], searches: int, evidence: Evidence
) -> Evidence:
    """*evidence* with that of the test's run at the revision *bad*, if it pays to have that.

    *commits* are those of the range; so many *searches* will be made in them. Nothing is counted if
    the evidence has functions that a patch or the user names already.
    """
    if evidence.functions or evidence.hinted:
        return evidence
    counted = _earlier(prober, bad)
    if counted is None and _pays(prober, commits, searches, evidence):
        counted = _count(prober, bad)
    if counted is None or counted.problem:
        return evidence
    history, words = prober.context.history, prober.context.oracle.words
    return by_functions(history, commits, counted, evidence, words)


def by_functions(
    history: History,
    commits: Sequence[str],
    counted: Counted,
    evidence: Evidence,
    words: Collection[str] = (),
) -> Evidence:
    """*evidence* with those of *commits* that change the functions in *counted*.

    *words* are those of the test's configurations.
    """
    only = frozenset(map(_function, counted.only))
    executed = only.union(map(_function, counted.usual))
    changes = function_changes.changed(history, commits, executed)
    by_test = function_changes.weights(changes, only)
    sources = keyword_sources.registering(history, counted.revision, words)
    touching = function_changes.touching(history, by_test, sources)
    return replace(evidence, executed=frozenset(changes), by_test=by_test, registering=touching)


def _earlier(prober: Prober, bad: str) -> Counted | None:
    """What an earlier session of the job counted at *bad*."""
    events = (event for event in prober.journal.events if isinstance(event, Counted))
    return next((event for event in events if event.revision == bad), None)


def _pays(prober: Prober, commits: Sequence[str], searches: int, evidence: Evidence) -> bool:
    """Whether the probes that are saved take longer than counting does."""
    live = [commit for commit in commits if commit not in evidence.inert]
    if len(live) <= FEW:
        return False
    costs = costs_of(prober, commits, evidence)
    a_probe = sum(map(costs.seconds, live)) / len(live)
    saved = SAVED * math.log2(len(live) / FEW) * searches * a_probe
    build = counting.seconds(prober.toolchains.search)
    return saved > build + 2 * TEST_SECONDS + READ_SECONDS * len(commits)


def _count(prober: Prober, bad: str) -> Counted:
    """Count at *bad*, and record it in the journal."""
    context, toolchain = prober.context, prober.toolchains.search
    name = context.history.release(bad)
    prober.report(f"counting what the test executes at {name}")
    slot = Slot(sandbox=context.sandbox)
    try:
        found = counting.executed(context, bad, toolchain, slot)
    except BisectorError as error:
        found = str(error)
    if isinstance(found, str):
        event = Counted(bad, name, problem=found)
        text = f"the search goes on without knowing what the test executes at {name}: {found}"
        prober.journal.note(Noted(text))
    else:
        event = Counted(bad, name, _sorted(found.only), _sorted(found.usual))
    prober.journal.append(event)
    return event


def _sorted(functions: Collection[Function]) -> tuple[str, ...]:
    """*functions* as the journal has them."""
    return tuple(sorted(":".join(function) for function in functions))


def _function(text: str) -> Function:
    path, _, name = text.rpartition(":")
    return path, name
