"""Binaries that count what they execute: by gcc with gcov, and by tcc.

flush.c, which is linked to them, has the counters written also when a signal ends them.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from bisector.build import tcc
from bisector.build.toolchain import Toolchain, Toolchains
from bisector.build.toolchains.dev import Dev
from bisector.build.toolchains.fast import Fast
from bisector.system.files import digest
from bisector.system.workspace import Workspace

FLUSH = Path(__file__).parent / "flush.c"


@dataclass(frozen=True)
class Counting(Dev):
    """gcc -O0 with gcov's counters in the binaries."""

    name: ClassVar[str] = "coverage"
    counters: ClassVar[str] = "*.gcda"  # the files that a run writes in the build tree


@dataclass(frozen=True)
class FastCounting(Fast):
    """tcc with its counters of blocks, of which flush.c writes those of functions."""

    name: ClassVar[str] = "fast-coverage"
    counters: ClassVar[str] = "haproxy.counts"


def by_gcov(toolchains: Toolchains) -> Counting | None:
    """A toolchain with gcov's counters, derived from *toolchains*; None if these have only tcc.

    It does not optimise, so that each line keeps its own code.
    """
    like = toolchains.real.search
    if not like.has_gcov:
        return None
    words = _added(like, "--coverage", f"{shlex.quote(str(FLUSH))} -Wl,--wrap=signal")
    words |= {"CPU_CFLAGS": "-O0", "OPT_CFLAGS": "-O0"}
    return Counting(like.make, *_own(like, words), asked=like.asked, compiler=like.compiler)


def by_tcc(workspace: Workspace, like: Fast) -> FastCounting:
    """The toolchain *like*, with counters.

    Raises MissingProgram or EnvironmentProblem if tcc cannot compile what writes them.
    """
    flush = tcc.compiled(workspace, FLUSH)
    words = _added(like, "-ftest-coverage", shlex.quote(str(flush)))
    return FastCounting(like.make, *_own(like, words), asked=like.asked, compiler=like.compiler)


def _added(like: Toolchain, flag: str, linked: str) -> dict[str, str]:
    """The make variables, with a *flag* for the compiler and the linker, and what is *linked*."""
    words = dict(like.variables)
    # HAProxy passes ARCH_FLAGS to the compiler and to the linker, in all versions
    for name, more in (("ARCH_FLAGS", flag), ("ADDLIB", linked)):
        words[name] = f"{words.get(name, '')} {more}".strip()
    return words


def _own(like: Toolchain, words: dict[str, str]) -> tuple[tuple[tuple[str, str], ...], str]:
    """The variables and the identity of a counting toolchain."""
    texts = (f"{name}={value}" for name, value in words.items())
    return tuple(words.items()), digest(like.identity, FLUSH.read_bytes(), *texts)
