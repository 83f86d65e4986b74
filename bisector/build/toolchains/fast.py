"""tcc: ten times faster than gcc, for searching; what it finds is confirmed with another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from bisector.build import build_log, tcc
from bisector.build.toolchain import Toolchain
from bisector.build.toolchains.dev import UNOPTIMISED
from bisector.search.costs import BuildCost
from bisector.system.slots import Slot
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace

# What only gcc understands; HAProxy's Makefile would try dozens of flags, one call each.
_GCC_ONLY = ("WARN_CFLAGS", "NOWARN_CFLAGS", "SPEC_CFLAGS", "STD_CFLAGS")


@dataclass(frozen=True)
class Fast(Toolchain):
    """tcc with the shim for what it lacks; it knows no threads."""

    name: ClassVar[str] = "fast"
    description: ClassVar[str] = "tcc, one thread"
    cost: ClassVar[BuildCost] = BuildCost(full=4.0, incremental=1.0)
    flags: ClassVar[Mapping[str, str]] = {
        **UNOPTIMISED,
        **dict.fromkeys(_GCC_ONLY, ""),
        "USE_THREAD": "",
    }
    is_real: ClassVar[bool] = False
    blind_to: ClassVar[str] = "threads or the optimiser"
    sees_as_gcc: ClassVar[bool] = False

    @classmethod
    def find_compiler(cls, workspace: Workspace) -> Tool:
        """tcc with the shim, tried once on this machine."""
        return tcc.compiler(workspace)

    def programs(self) -> tuple[Path, ...]:
        """tcc itself, which the shim's script calls."""
        found = tcc.find()
        return (found.program,) if found else ()

    def defect(self, binary: Path, log: Path, slot: Slot) -> str:
        """A binary that cannot run a task is miscompiled, or broken without threads."""
        trial = log.with_suffix(".boot")
        if tcc.boots(binary, trial, slot):
            return ""
        with log.open("ab") as sink:
            sink.write(trial.read_bytes())
        return "what tcc makes of it does not boot"

    def leaves_whole_objects(self, problem: str) -> bool:
        """tcc writes half an object on a full disk and exits with 0; those do not link or boot.

        So after any failure but an error at a line of a source file, the objects are suspect.
        """
        return not problem or build_log.names_place(problem)
