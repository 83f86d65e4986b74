"""What building a range's sources ahead takes, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Prebuilding:
    """The work on a ``range``: ``missing`` of its ``total`` different sources.

    It takes about so many wall ``seconds`` with ``jobs`` builds at a time by ``toolchain``, here or
    ``on_workers`` of a cluster.
    """

    range: str
    toolchain: str
    total: int
    missing: int
    seconds: float
    jobs: int
    on_workers: bool = False


@dataclass(frozen=True)
class Prebuilt:
    """What is there afterwards in ``file`` of ``size`` bytes, with what earlier jobs left there.

    ``problems`` has the number of the range's sources that do not build, by reason.
    """

    problems: Mapping[str, int]
    size: int
    file: Path
