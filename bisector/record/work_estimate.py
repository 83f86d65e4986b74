"""The estimated work of a job."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """The work of a job on a number of ``revisions`` with a number of distinct ``contents``.

    Of the contents, ``known`` have verdicts and ``built`` have binaries in the cache. The seconds
    are the sums of the wall times of the missing builds and tests, with ``cores`` for each build.
    ``measured`` is the number of builds on this machine that they are based on, 0 for figures
    measured elsewhere.
    """

    revisions: int
    contents: int
    known: int
    built: int
    build_seconds: float
    test_seconds: float
    cores: int
    measured: int
