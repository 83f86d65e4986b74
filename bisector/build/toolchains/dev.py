"""gcc without optimisation: the toolchain of the proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from bisector.build.toolchain import Toolchain
from bisector.search.costs import BuildCost

# 3.0-dev moved the optimisation from CPU_CFLAGS to OPT_CFLAGS, and -g from DEBUG_CFLAGS to
# ARCH_FLAGS (April 2024): all four are passed, since a revision ignores what it does not know.
UNOPTIMISED = {"CPU_CFLAGS": "-O0", "OPT_CFLAGS": "-O0", "DEBUG_CFLAGS": "", "ARCH_FLAGS": ""}


@dataclass(frozen=True)
class Dev(Toolchain):
    """gcc -O0 without debug information, with threads."""

    name: ClassVar[str] = "dev"
    description: ClassVar[str] = "gcc -O0"
    cost: ClassVar[BuildCost] = BuildCost(full=30.0, incremental=3.0)
    flags: ClassVar[Mapping[str, str]] = UNOPTIMISED
    blind_to: ClassVar[str] = "the optimiser"
    has_gcov: ClassVar[bool] = True
