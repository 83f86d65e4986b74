"""How long a probe is expected to take, for the search to weigh against what it would tell."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import accumulate

KNOWN_SECONDS = 0.02  # a verdict from the cache
TEST_SECONDS = 0.5

# So large a share of a range's commits has a binary where nearly nothing is left to be built: in
# v2.9.0 to 3.5-dev5, 12 % build the same as another commit.
_NEARLY_ALL = 0.8

# The share of all objects that a commit which changes a header leaves as they are: see
# bisector.build.dependencies.
_KEPT = 0.6


@dataclass(frozen=True)
class BuildCost:
    """Wall seconds of a build on two processors: of everything, and after a near neighbour's.

    Only their proportions matter, and these are the same on other machines.
    """

    full: float
    incremental: float


@dataclass(frozen=True)
class Memory:
    """What earlier probes left in the caches: revisions whose verdict, whose binary is there."""

    verdicts: frozenset[str] = frozenset()
    binaries: frozenset[str] = frozenset()


class Costs:
    """Expected seconds of each revision's probe, as builds go on."""

    def __init__(
        self,
        commits: Sequence[str],
        rebuilding: Collection[str],
        memory: Memory,
        cost: BuildCost,
        trees: int,
    ) -> None:
        """For *commits* in their order, of which *rebuilding* change what many objects depend on.

        *trees* is how many build trees there are: each holds what was built in it last.
        """
        self._epochs = dict(
            zip(commits, accumulate(commit in rebuilding for commit in commits), strict=True)
        )
        self._memory = memory
        self._full = cost.full + TEST_SECONDS
        self._incremental = cost.incremental + TEST_SECONDS
        self._built: list[int] = []
        self._trees = trees

    @property
    def nothing_to_build(self) -> bool:
        """Whether nearly all commits have a binary or even a verdict."""
        there = self._memory.binaries | self._memory.verdicts
        return len(there.intersection(self._epochs)) >= _NEARLY_ALL * len(self._epochs)

    def built(self, revision: str) -> None:
        """A build tree holds *revision* now."""
        if revision in self._epochs:
            self._built = [*self._built, self._epochs[revision]][-self._trees :]

    def seconds(self, revision: str) -> float:
        """What probing *revision* now would take."""
        if revision in self._memory.verdicts:
            return KNOWN_SECONDS
        if revision in self._memory.binaries:
            return TEST_SECONDS
        epoch = self._epochs.get(revision)
        if epoch is None or not self._built:
            return self._full
        # between two commits of an epoch no header changed, nor the Makefile
        distance = min(abs(epoch - built) for built in self._built)
        return self._full - (self._full - self._incremental) * _KEPT**distance
