"""Patches and series of patches as data: their digest, their reverse, some of their hunks."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from bisector.errors import PatchProblem
from bisector.patch import hunks
from bisector.patch.hunks import FileDiff, Hunk
from bisector.system.files import digest


@dataclass(frozen=True)
class Author:
    """The author and date of a change: seconds since the epoch, and minutes east of UTC."""

    name: str
    email: str
    time: int
    offset: int


@dataclass(frozen=True)
class Patch:
    """A change to apply, with ``variants`` of it for other versions of the code.

    ``name`` is that of the file, or a commit's abbreviated hash. ``variant`` is the label of a
    variant, None for the patch itself. ``author`` is None where the patch names none.
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
        """The hunks of all files, in the order in which only_hunks and without_hunk count them."""
        return tuple(hunk for file in self.files for hunk in file.hunks)

    @property
    def touched(self) -> frozenset[str]:
        """The paths that any form of the patch changes, before and after a renaming."""
        files = (file for form in self.forms for file in form.files)
        return frozenset(path for file in files for path in (file.old_path, file.new_path) if path)

    @property
    def functions(self) -> frozenset[str]:
        """The names of the functions that its hunks change."""
        return frozenset(name for hunk in self.hunks for name in hunk.functions)

    @property
    def digest(self) -> str:
        """A digest of the changes in all forms; the name and the message do not count."""
        return digest(*(digest(*(file.text for file in form.files)) for form in self.forms))


@dataclass(frozen=True)
class Series:
    """Patches that are applied one after the other."""

    patches: tuple[Patch, ...]

    @property
    def digest(self) -> str:
        """A digest of the changes of all patches."""
        return digest(*(patch.digest for patch in self.patches))

    @property
    def touched(self) -> frozenset[str]:
        """The paths that its patches change."""
        return frozenset[str]().union(*(patch.touched for patch in self.patches))

    @property
    def functions(self) -> frozenset[str]:
        """The names of the functions that its patches change."""
        return frozenset[str]().union(*(patch.functions for patch in self.patches))

    @property
    def reversed(self) -> Series:
        """The series that undoes this one: its patches reversed, the last one first."""
        return Series(tuple(reverse(patch) for patch in self.patches[::-1]))


def reverse(patch: Patch) -> Patch:
    """The patch that undoes *patch*, with its variants reversed."""
    return replace(
        patch,
        subject=f"Revert: {patch.subject}",
        files=tuple(file.reversed for file in patch.files[::-1]),
        variants=tuple(reverse(variant) for variant in patch.variants),
    )


def only_hunks(patch: Patch, indices: Iterable[int]) -> Patch:
    """*patch* with only the hunks at these indices of ``patch.hunks``.

    A file without any of these hunks is left out; the mode and the name of the others are kept.
    Variants with another number of hunks are left out. Raises PatchProblem for no hunk, or an
    index without one.
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
        elif chosen:  # the resulting blob is not that of the index line
            files.append(replace(file, hunks=hunks.renumbered(chosen), new_id=""))
    variants = (form for form in patch.variants if len(form.hunks) == total)
    return replace(
        patch, files=tuple(files), variants=tuple(only_hunks(form, kept) for form in variants)
    )


def without_files(series: Series, name: str, paths: Collection[str]) -> Series | None:
    """*series* without the changes of the patch *name* to *paths*; None if it has no others."""
    excluded = set(paths)

    def reduced(patch: Patch) -> Patch:
        files = tuple(file for file in patch.files if not {file.old_path, file.new_path} & excluded)
        return replace(patch, files=files, variants=tuple(map(reduced, patch.variants)))

    patches = tuple(reduced(patch) if patch.name == name else patch for patch in series.patches)
    return Series(patches) if all(patch.files for patch in patches) else None


def without_hunk(patch: Patch, index: int) -> Patch:
    """*patch* without the hunk at this index of ``patch.hunks``; see only_hunks."""
    indices = range(len(patch.hunks))
    if index not in indices:
        raise PatchProblem(f"{patch.name} has {len(indices)} hunks", "drop one of them")
    return only_hunks(patch, set(indices) - {index})
