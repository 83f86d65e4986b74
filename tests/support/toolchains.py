"""Toolchains whose tools do not exist: they name builds, and build nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bisector.build.toolchain import Toolchain, Toolchains
from bisector.build.toolchains import TOOLCHAINS
from bisector.build.toolchains.dev import Dev
from bisector.build.toolchains.fast import Fast
from bisector.build.toolchains.release import Release
from bisector.system.tools import Lua, Tool

GCC, TCC, GCC_O2 = Dev("make", (), "gcc"), Fast("make", (), "tcc"), Release("make", (), "gcc -O2")
AUTO = Toolchains(TCC, GCC, GCC, release=GCC_O2)

MAKE = Tool(Path("/usr/bin/make"), "GNU Make 4.3", "make-id")
COMPILER = Tool(Path("/usr/bin/gcc"), "gcc 12.2.0", "gcc-id")
LUA = Lua("5.4", Path("/lua/include"), Path("/lua/lib"), "lua5.4", "lua-id")


def toolchain(name: str = "dev", extra: Mapping[str, str] | None = None) -> Toolchain:
    """One with all its make variables."""
    return TOOLCHAINS[name].of(MAKE, COMPILER, LUA, extra or {})
