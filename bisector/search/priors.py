"""How likely each commit is the one that is searched for, before anything is tested.

Priors cost or save probes; they never change an answer. Every commit that can change the binary
keeps a floor, so none is ruled out by a guess.

The numbers come from upstream's own (fix, culprit) pairs: fitted to the 244 whose fix's hash is
even, held against the 237 others. There, in windows of 6,000 commits, a search takes 12.5 probes
without weights, 8.7 with files alone and 6.3 with all that is here: 8.2 without functions, 6.5
without classes, 6.4 without the subsystem, 9.2 with the subsystem alone. These are of a plain
simulation of halving; bench/search, with the real Search and relevance.of, on 132 of the pairs that
are held out: 12.6, 8.8 and 6.4, and none takes more than 15.

Nearness to the NEW end would save 0.7 more, as half of the culprits lie within 313 commits of their
fix. It is left out: a hunt's NEW end is a release or a witness, and those are anywhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from bisector.search.commit_subject import Subject

# What is shared by all alike.
FLOOR = 0.1

# Shares of the rest, in proportion to each other: an empty group leaves its own to all the others,
# functions to the files. Expectation maximisation gave 0.08, 0.14, 0.12 and 0.65. Twice as much for
# everyone costs 0.07 probes on average, and then none of the 481 pairs takes more than 15, two
# above git's worst case; with 0.08 one does. (For this, those held out were looked at, too.) Of the
# culprits, 88 % share a file with their fix (178 commits of a window do), 69 % a function (19
# commits), 69 % a subsystem. A hint is nobody's measurement: it is believed as much as a function.
EVERYONE, SUBSYSTEM, FILES, FUNCTIONS, HINTED = 0.15, 0.14, 0.12, 0.65, 0.65

# How much oftener a commit of a class is a culprit than one that is merely as near: 3.4 times for
# MAJOR, 2 for MEDIUM, 0.7 for MINOR, 0.1 for CLEANUP and 0.2 for BUILD. Taken mildly: twice the
# contrast saves nothing on the pairs that are held out.
MAJOR, MEDIUM, HARMLESS = 3.0, 1.7, 0.2
_HARMLESS = {"CLEANUP", "DOC", "BUILD", "CI", "REGTEST", "REGTESTS", "TESTS", "DEBUG", "REORG"}

# A named suspect gets half of the mass: the search then asks for it and its parent first, and if it
# is wrong it has cost one probe.
SUSPECT = 0.5


@dataclass(frozen=True)
class Evidence:
    """What is known of a range's commits; see relevance.of, which gathers it.

    *inert* ones cannot change the binary; *rebuilding* ones change what every object depends on,
    which says nothing of bugs but of builds. *files*: those that touch a file of the patch;
    *functions*: how many of the patch's functions each one touches; *subsystem*: those whose
    subject names a subsystem of the patch's or the scenario's; *hinted*: those that the user's
    hint means. *subjects* by commit; one that is missing says nothing.
    """

    inert: frozenset[str] = frozenset()
    rebuilding: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    functions: Mapping[str, int] = field(default_factory=dict)
    subsystem: frozenset[str] = frozenset()
    hinted: frozenset[str] = frozenset()
    subjects: Mapping[str, Subject] = field(default_factory=dict)


def weigh(commits: Sequence[str], evidence: Evidence, *, suspect: str = "") -> dict[str, float]:
    """A weight for each of *commits*; the sum is about 1, or 0 if all of them are inert.

    *suspect* is somebody's guess at the commit itself.
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
    """Each group's share, and its members with their weights in it."""
    everyone = {commit: _severity(evidence.subjects.get(commit)) for commit in live}

    def only(members: Collection[str]) -> dict[str, float]:
        return {commit: weight for commit, weight in everyone.items() if commit in members}

    # who touches twice as many of the functions is twice as likely: that saves 0.1 probes
    functions = only(evidence.functions)
    functions = {
        commit: weight * evidence.functions[commit] for commit, weight in functions.items()
    }
    return [
        (EVERYONE, everyone),
        (SUBSYSTEM, only(evidence.subsystem)),
        (FILES if functions else FILES + FUNCTIONS, only(evidence.files)),
        (FUNCTIONS, functions),
        (HINTED, only(evidence.hinted)),
    ]


def _severity(subject: Subject | None) -> float:
    kind = subject.kind if subject else frozenset[str]()
    if "MAJOR" in kind:
        return MAJOR
    if "MEDIUM" in kind:
        return MEDIUM
    return HARMLESS if kind & _HARMLESS else 1.0
