"""Hand over the series of a queue: as patch files, and as branches in the user's clone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pygit2

from bisector.git.history import History
from bisector.patch import deliver
from bisector.patch.cherry_pick import Picked, Picker
from bisector.record.queue_events import Series


@dataclass(frozen=True)
class Delivery:
    """The output: the folder ``out`` for files for `git am`, and the names of branches to create.

    ``create`` is a name in which `{branch}` stands for the branch's own; '' for none.
    """

    out: Path | None = None
    create: str = ""

    def created(self, branches: Sequence[str], history: History) -> Mapping[str, str]:
        """The name of the branch to create for each of *branches*, none without ``create``.

        Raises UsageProblem, WouldOverwrite.
        """
        if not self.create:
            return {}
        return deliver.branch_names(self.create, branches, history.clone)

    def files(self, history: History, branch: str, commits: Sequence[str]) -> tuple[str, ...]:
        """The paths of the patch files to write."""
        if self.out is None:
            return ()
        paths = deliver.patch_paths(history.store, commits, self.out, branch)
        return tuple(map(str, paths))


def hand_over(history: History, delivery: Delivery, all_series: Sequence[Series]) -> None:
    """Write the files and create the branches that *all_series* name, the upper branches first.

    Raises WouldOverwrite if other ones with these names exist.
    """
    real: dict[str, str] = {}
    for series in all_series:
        if series.files and delivery.out is not None:
            # the author is the committer, so that a repeated job writes the same files
            commits = _picked_again(history, series, None, {})
            deliver.write_patches(history.store, commits, delivery.out, series.branch)
        if series.created:
            commits = _picked_again(history, series, history.identity, real)
            tip = commits[-1] if commits else series.base
            deliver.create_branch(history.store, history.clone, series.created, tip)
            real |= zip(series.commits, commits, strict=True)


def _picked_again(
    history: History,
    series: Series,
    committer: pygit2.Signature | None,
    real: Mapping[str, str],
) -> list[str]:
    """The picks of *series* (full hashes), made by *committer*.

    *real* has the commits that were delivered in place of those of the series above.
    """
    picker = Picker(history.store, committer, history.is_published)
    tip, made = series.base, list[str]()
    for origin in series.origins:
        picked = picker.commit(real.get(origin, origin), tip)
        assert isinstance(picked, Picked)  # it applied when the series was made
        if picked.commits:
            tip = picked.commits[-1]
            made.append(tip)
    return made
