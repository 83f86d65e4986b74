"""What bisector needs of a machine, and whether it is there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Requirement:
    """One thing that was looked for: what it is for, what was found, how to get it.

    ``found`` is None when it is missing; a ``required`` one must then be got before anything
    can be bisected. ``packages`` are Debian's that bring it and that only root can install.
    """

    name: str
    needed_for: str
    found: str | None
    required: bool
    how_to_get: str
    packages: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return self.found is not None or not self.required
