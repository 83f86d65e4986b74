"""What bisector requires of a machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Requirement:
    """A program, library or the like, and whether this machine has it.

    ``found`` describes what was found, None if it is missing. Without a ``required`` one nothing
    can be bisected. ``packages`` are the distribution's that provide it; root must install them.
    """

    name: str
    needed_for: str
    found: str | None
    required: bool
    how_to_get: str
    packages: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it is here or can be done without."""
        return self.found is not None or not self.required
