"""gcc with AddressSanitizer and UBSan: errors of memory that a test does not show otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from bisector.build import sanitizers
from bisector.build.toolchain import Toolchain
from bisector.search.costs import BuildCost
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace

# HAProxy keeps what it frees in pools, where no sanitizer sees it: without pools, each object is
# allocated and freed by itself. Nor is it as large as another pool's, or has HAProxy's own mark at
# its end, where an overflow would end.
_POOLS = ("-DDEBUG_NO_POOLS", "-DDEBUG_DONT_SHARE_POOLS", "-DDEBUG_MEMORY_POOLS=0")


@dataclass(frozen=True)
class Asan(Toolchain):
    """gcc -O1 with the sanitizers, with threads, and without HAProxy's pools."""

    name: ClassVar[str] = "asan"
    description: ClassVar[str] = "gcc -O1 with AddressSanitizer and UBSan"
    cost: ClassVar[BuildCost] = BuildCost(full=65.0, incremental=6.0)
    # by their old names and by those since April 2024, see dev.UNOPTIMISED; the linker gets
    # ARCH_FLAGS in all versions
    flags: ClassVar[Mapping[str, str]] = {
        "CPU_CFLAGS": "-O1",
        "OPT_CFLAGS": "-O1",
        "DEBUG_CFLAGS": "",
        "ARCH_FLAGS": " ".join(sanitizers.FLAGS),
        "DEBUG": " ".join(("-DDEBUG_STRICT=2", *_POOLS)),
        "USE_OBSOLETE_LINKER": "1",
    }
    has_gcov: ClassVar[bool] = True

    @classmethod
    def find_compiler(cls, workspace: Workspace) -> Tool:
        """gcc, after a trial of the sanitizers on this machine."""
        return sanitizers.compiler(workspace)
