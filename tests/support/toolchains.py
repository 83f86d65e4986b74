"""Toolchains whose tools do not exist: they name builds, and build nothing."""

from __future__ import annotations

from bisector.build.toolchain import Toolchains
from bisector.build.toolchains.dev import Dev
from bisector.build.toolchains.fast import Fast

GCC, TCC = Dev("make", (), "gcc"), Fast("make", (), "tcc")
AUTO = Toolchains(TCC, GCC, GCC)
