"""What a job is going to take, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """So many ``revisions`` of so many ``contents``, of which some are ``known`` or ``built``.

    The seconds are of what is left to be done, on so many ``cores``; ``measured`` is how many
    builds on this machine they rest on.
    """

    revisions: int
    contents: int
    known: int
    built: int
    build_seconds: float
    test_seconds: float
    cores: int
    measured: int
