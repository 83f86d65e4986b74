"""The fixes that repair a fix: those that messages tell, beside a list that was made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bisector.errors import UsageProblem
from bisector.git.history import History
from bisector.jobs.queue.mentions import Relation, mentions
from bisector.search import commit_subject

YEAR = 365 * 86_400  # seconds
_RELATIONS = {"y": Relation.REPAIRS, "r": Relation.REVERTS, "m": Relation.MENTIONS}

Pair = tuple[str, str]
"""The repair, and the fix that it repairs."""


@dataclass(frozen=True)
class Truth:
    """The pairs of a list; those that are ``arguable`` count neither as right nor as wrong."""

    repairs: frozenset[Pair]
    arguable: frozenset[Pair]


def read(history: History, path: Path) -> Truth:
    """The pairs in *path*: a line has the repair, the fix, and `m` after them if it is arguable.

    `r` is a revert. Raises UsageProblem, NoSuchRevision.
    """
    pairs: dict[Pair, Relation] = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        words = line.partition("#")[0].split()
        if words:
            if len(words) not in (2, 3) or words[2:3] not in ([], *([one] for one in _RELATIONS)):
                raise UsageProblem(f"{path}, line {number}: '{line}'", "write REPAIR FIX [y|r|m]")
            pair = history.resolve(words[0]).id, history.resolve(words[1]).id
            pairs[pair] = _RELATIONS[words[2] if words[2:] else "y"]
    arguable = {pair for pair, relation in pairs.items() if relation is Relation.MENTIONS}
    return Truth(frozenset(pairs) - arguable, frozenset(arguable))


def last_year(history: History, line: Sequence[str]) -> tuple[str, ...]:
    """The commits of *line* of the year before its newest one."""
    since = history.read(line[-1]).commit_time - YEAR
    return tuple(one for one in line if history.read(one).commit_time >= since)


def found(history: History, commits: Sequence[str]) -> frozenset[Pair]:
    """The pairs among *commits* and their ancestors of which the messages tell."""

    def is_fix(commit: str) -> bool:
        return "BUG" in commit_subject.parse(history.commit(commit).subject).kind

    return frozenset(
        (one.commit, one.named)
        for one in mentions(history, commits)
        if one.relation in (Relation.REPAIRS, Relation.REVERTS)
        if is_fix(one.commit) and is_fix(one.named)
    )


def report(pairs: frozenset[Pair], truth: Truth, each: bool) -> str:
    """How many are found, and how many are named wrongly."""
    missed, wrong = truth.repairs - pairs, pairs - truth.repairs - truth.arguable
    lines = [
        f"{len(pairs & truth.repairs)} of {len(truth.repairs)} found, {len(wrong)} named wrongly,"
        f" {len(pairs & truth.arguable)} arguable"
    ]
    if each:
        for word, some in (("missed", missed), ("wrong ", wrong)):
            lines += [f"{word} {one[:10]} repairs {other[:10]}" for one, other in sorted(some)]
    return "\n".join(lines)
