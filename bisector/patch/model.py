"""Patches as data: what they change, turned round, reduced to some of their hunks."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from bisector.errors import PatchProblem
from bisector.patch import hunks
from bisector.patch.hunks import FileDiff, Hunk
from bisector.system.workspace import digest


@dataclass(frozen=True)
class Author:
    """Who made a change, and when: seconds since the epoch, minutes east of Greenwich."""

    name: str
    email: str
    time: int
    offset: int


@dataclass(frozen=True)
class Patch:
    """A change to apply, with its forms for older code.

    ``variant`` is the label of a form that is one of another patch's ``variants``. ``author`` is
    None where the patch does not say.
    """

    name: str
    subject: str
    message: str
    files: tuple[FileDiff, ...]
    variant: str | None = None
    variants: tuple[Patch, ...] = ()
    author: Author | None = None

    @property
    def forms(self) -> tuple[Patch, ...]:
        """The patch itself, then its variants: the order in which they are tried."""
        return (self, *self.variants)

    @property
    def hunks(self) -> tuple[Hunk, ...]:
        """All its hunks; what only_hunks and without_hunk count."""
        return tuple(hunk for file in self.files for hunk in file.hunks)

    @property
    def touched(self) -> frozenset[str]:
        """The paths that it changes, in any of its forms."""
        files = (file for form in self.forms for file in form.files)
        return frozenset(path for file in files for path in (file.old_path, file.new_path) if path)

    @property
    def functions(self) -> frozenset[str]:
        """The functions that its hunks change."""
        return frozenset(name for hunk in self.hunks for name in hunk.functions)

    @property
    def digest(self) -> str:
        """A name for what the patch does, whatever it is called and says."""
        return digest(*(digest(*(file.text for file in form.files)) for form in self.forms))


@dataclass(frozen=True)
class Series:
    """Patches that are applied one after the other."""

    patches: tuple[Patch, ...]

    @property
    def digest(self) -> str:
        """A name for what the series does, for the keys of a cache."""
        return digest(*(patch.digest for patch in self.patches))

    @property
    def touched(self) -> frozenset[str]:
        """The paths that it changes."""
        return frozenset[str]().union(*(patch.touched for patch in self.patches))

    @property
    def functions(self) -> frozenset[str]:
        """The functions that its patches change."""
        return frozenset[str]().union(*(patch.functions for patch in self.patches))

    @property
    def reversed(self) -> Series:
        """The series that undoes this one."""
        return Series(tuple(reverse(patch) for patch in self.patches[::-1]))


def reverse(patch: Patch) -> Patch:
    """The patch that undoes *patch*, and its variants theirs."""
    return replace(
        patch,
        subject=f"Revert: {patch.subject}",
        files=tuple(file.reversed for file in patch.files[::-1]),
        variants=tuple(reverse(variant) for variant in patch.variants),
    )


def only_hunks(patch: Patch, indices: Iterable[int]) -> Patch:
    """*patch* with only the hunks at these indices of ``patch.hunks``.

    What is not in hunks, a mode or a new name, stays with its file; a file without any hunk left
    is left out. Variants stay if they have as many hunks. Raises PatchProblem.
    """
    kept = set(indices)
    total = len(patch.hunks)
    if not kept or not kept <= set(range(total)):
        raise PatchProblem(f"{patch.name} has {total} hunks", "choose at least one of them")
    files = []
    first = 0
    for file in patch.files:
        chosen = [hunk for at, hunk in enumerate(file.hunks, first) if at in kept]
        first += len(file.hunks)
        if len(chosen) == len(file.hunks) > 0:
            files.append(file)
        elif chosen:  # the blob that results is another one, which nobody knows
            files.append(replace(file, hunks=hunks.renumbered(chosen), new_id=""))
    variants = (form for form in patch.variants if len(form.hunks) == total)
    return replace(
        patch, files=tuple(files), variants=tuple(only_hunks(form, kept) for form in variants)
    )


def without_files(series: Series, name: str, paths: Collection[str]) -> Series | None:
    """*series* without what the patch called *name* changes at *paths*; None if that was all."""
    gone = set(paths)

    def less(patch: Patch) -> Patch:
        files = tuple(file for file in patch.files if not {file.old_path, file.new_path} & gone)
        return replace(patch, files=files, variants=tuple(map(less, patch.variants)))

    patches = tuple(less(patch) if patch.name == name else patch for patch in series.patches)
    return Series(patches) if all(patch.files for patch in patches) else None


def without_hunk(patch: Patch, index: int) -> Patch:
    """*patch* without the hunk at this index of ``patch.hunks``; see only_hunks."""
    everything = range(len(patch.hunks))
    if index not in everything:
        raise PatchProblem(f"{patch.name} has {len(everything)} hunks", "drop one of them")
    return only_hunks(patch, set(everything) - {index})
