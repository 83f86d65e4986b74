"""The kinds of toolchain, one module each. A new one is listed here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping

from bisector.build.toolchain import Toolchain
from bisector.build.toolchains.asan import Asan
from bisector.build.toolchains.dev import Dev
from bisector.build.toolchains.fast import Fast
from bisector.build.toolchains.release import Release

TOOLCHAINS: Mapping[str, type[Toolchain]] = {kind.name: kind for kind in (Fast, Dev, Release, Asan)}
