"""The prior probability of each commit to be the culprit, before anything is tested.

Priors change the number of probes, never an answer: every commit that can change the binary keeps
a minimum weight, so none is excluded by a guess.

The constants are fitted to upstream's own (fix, culprit) pairs: the 244 whose fix's hash is even;
the other 237 are held out for evaluation. On those, in windows of 6,000 commits, a search takes on
average 12.5 probes without weights, 8.7 with files alone and 6.3 with everything here; 8.2 if
functions are left out, 6.5 without classes, 6.4 without the subsystem; 9.2 with the subsystem
alone. These figures come from a simulation of plain halving. bench/search, with Search and
relevance.of on 132 of the held-out pairs, gives 12.6, 8.8 and 6.4, with 15 probes at most.

Nearness to the NEW end would save another 0.7 probes, as half of the culprits lie within 313
commits of their fix. It is not used: the NEW end of a hunt is a release or a witness, at any
distance from the culprit.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from bisector.search.commit_subject import Subject

# The part of the probability mass that is divided equally among all commits that are not inert.
FLOOR = 0.1

# The shares of the groups in the rest of the mass, as proportions. The share of an empty group goes
# to the others; that of an empty group of functions goes to the files. Expectation maximisation
# gave 0.08, 0.14, 0.12 and 0.65. Doubling the share of all commits costs 0.07 probes on average,
# but then none of the 481 pairs takes more than 15 probes, two above git's worst case; with 0.08
# one does. (The held-out pairs were used for this choice.) Of the culprits, 88 % share a file with
# their fix (178 commits of a window do), 69 % a function (19 commits), 69 % a subsystem. There are
# no measurements for a user's hint: its share is set to that of the functions.
EVERY_COMMIT, SUBSYSTEM, FILES, FUNCTIONS, HINTED = 0.15, 0.14, 0.12, 0.65, 0.65

# The same for the functions that the failing test executes: all of them, and those that only it
# does and no plain exchange. There are few bugs to fit to: 14 of 2.5 to 3.4 with a test that fails
# and a known culprit, in windows of 6,000 commits. All 14 culprits change functions of the second
# kind, as 10 to 810 commits of a window do. 12.4 bits are needed without weights, 7.2 with these
# (6.7 in the one half, 7.7 in the other); all 14 were in view when they were chosen. The shares
# hardly matter: doubling that of all commits costs 0.1 bits.
EXECUTED, BY_TEST = 0.05, 0.85

# A factor for what the test alone executes, where the commit also touches a source that registers a
# keyword of the test's configuration: 12 of 15 culprits do, and 3 to 28 % of the commits. It saves
# 0.3 bits and as many probes. What the passing end's run executes is not used: to weigh more what
# it does not took 0.03 to 0.3 bits more, in ten bugs whose tests pass 600 commits before.
REGISTERING = 2.0

# Factors by the class in the commit's subject. The measured frequencies of culprits, relative to
# commits equally near the fix, are 3.4 for MAJOR, 2 for MEDIUM, 0.7 for MINOR, 0.1 for CLEANUP and
# 0.2 for BUILD. The factors are less extreme: twice the contrast saves nothing on the held-out
# pairs.
MAJOR, MEDIUM, HARMLESS = 3.0, 1.7, 0.2
_HARMLESS = {"CLEANUP", "DOC", "BUILD", "CI", "REGTEST", "REGTESTS", "TESTS", "DEBUG", "REORG"}

# The share of a suspect that the user names: half of the mass, so that it and its parent are probed
# first. A wrong suspect costs one probe.
SUSPECT = 0.5


@dataclass(frozen=True)
class Evidence:
    """The known features of a range's commits, as gathered by relevance.of.

    ``inert``: commits that cannot change the binary. ``rebuilding``: commits that change what every
    object file depends on; used for build costs, not for priors. ``files``: commits that touch a
    file of the patch. ``functions``: the number of the patch's functions that a commit touches, if
    any. ``subsystem``: commits whose subject names a subsystem of the patch or the scenario.
    ``hinted``: commits that match the user's hint. ``executed``: commits that change a function
    which the failing test executes; ``by_test``: how much a commit changes of what only this test
    executes, and no plain exchange, if anything. ``registering``: commits that touch a source in
    which a keyword of the test's configuration is registered. ``subjects``: the parsed subject
    lines; a commit without one counts as one of no class.
    """

    inert: frozenset[str] = frozenset()
    rebuilding: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    functions: Mapping[str, int] = field(default_factory=dict)
    subsystem: frozenset[str] = frozenset()
    hinted: frozenset[str] = frozenset()
    executed: frozenset[str] = frozenset()
    by_test: Mapping[str, float] = field(default_factory=dict)
    registering: frozenset[str] = frozenset()
    subjects: Mapping[str, Subject] = field(default_factory=dict)


def weigh(commits: Sequence[str], evidence: Evidence, *, suspect: str = "") -> dict[str, float]:
    """The prior weight of each commit: about a probability, as the sum is about 1.

    Inert commits have weight 0; if all are inert, so is the sum. *suspect* is the commit that the
    user takes for the culprit, if any. The weights are a mixture of FLOOR and the groups' shares.
    """
    live = [commit for commit in commits if commit not in evidence.inert]
    weights = dict.fromkeys(commits, 0.0) | dict.fromkeys(live, FLOOR / max(1, len(live)))
    groups = [(share, group) for share, group in _groups(live, evidence) if group]
    shares = sum(share for share, _ in groups)
    for share, group in groups:
        scale = (1 - FLOOR) * share / shares / sum(group.values())
        for commit, weight in group.items():
            weights[commit] += scale * weight
    if suspect in weights and suspect not in evidence.inert:
        weights = {commit: weight * (1 - SUSPECT) for commit, weight in weights.items()}
        weights[suspect] += SUSPECT
    return weights


def _groups(live: Sequence[str], evidence: Evidence) -> list[tuple[float, dict[str, float]]]:
    """The share of each group, and the relative weights of its members."""
    every_commit = {commit: _severity(evidence.subjects.get(commit)) for commit in live}

    def only(members: Collection[str]) -> dict[str, float]:
        return {commit: weight for commit, weight in every_commit.items() if commit in members}

    def scaled(members: Mapping[str, float]) -> dict[str, float]:
        return {commit: weight * members[commit] for commit, weight in only(members).items()}

    functions = scaled(evidence.functions)
    by_test = {
        commit: weight * (REGISTERING if commit in evidence.registering else 1.0)
        for commit, weight in scaled(evidence.by_test).items()
    }
    return [
        (EVERY_COMMIT, every_commit),
        (SUBSYSTEM, only(evidence.subsystem)),
        (FILES if functions else FILES + FUNCTIONS, only(evidence.files)),
        (FUNCTIONS, functions),  # by their number, which saves 0.1 probes
        (EXECUTED, only(evidence.executed)),
        (BY_TEST, by_test),
        (HINTED, only(evidence.hinted)),
    ]


def _severity(subject: Subject | None) -> float:
    kind = subject.kind if subject else frozenset[str]()
    if "MAJOR" in kind:
        return MAJOR
    if "MEDIUM" in kind:
        return MEDIUM
    return HARMLESS if kind & _HARMLESS else 1.0
