"""Toolchains whose tools do not exist: they name builds, and build nothing."""

from __future__ import annotations

from bisector.build.toolchain import Toolchains
from bisector.build.toolchains.dev import Dev
from bisector.build.toolchains.fast import Fast
from bisector.build.toolchains.release import Release

GCC, TCC, GCC_O2 = Dev("make", (), "gcc"), Fast("make", (), "tcc"), Release("make", (), "gcc -O2")
AUTO = Toolchains(TCC, GCC, GCC, release=GCC_O2)
