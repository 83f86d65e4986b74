"""gcc with HAProxy's own flags: what users run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bisector.build.toolchain import Toolchain
from bisector.search.costs import BuildCost


@dataclass(frozen=True)
class Release(Toolchain):
    """gcc with the flags that HAProxy's Makefile chooses: -O2 -g, with threads."""

    name: ClassVar[str] = "release"
    description: ClassVar[str] = "gcc with HAProxy's own flags"
    cost: ClassVar[BuildCost] = BuildCost(full=80.0, incremental=6.0)
    has_gcov: ClassVar[bool] = True
