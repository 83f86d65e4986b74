"""How HAProxy is compiled: compilers and make's variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from bisector.errors import UsageProblem
from bisector.system.tools import Lua, Tool
from bisector.system.workspace import digest

# 3.0-dev moved the optimisation from CPU_CFLAGS to OPT_CFLAGS, and -g from DEBUG_CFLAGS to
# ARCH_FLAGS (April 2024): all four are passed, since a revision ignores what it does not know.
_DEV = {"CPU_CFLAGS": "-O0", "OPT_CFLAGS": "-O0", "DEBUG_CFLAGS": "", "ARCH_FLAGS": ""}

# What only gcc understands; HAProxy's Makefile would try dozens of flags, one call each.
_GCC_ONLY = ("WARN_CFLAGS", "NOWARN_CFLAGS", "SPEC_CFLAGS", "STD_CFLAGS")

FAST, DEV, RELEASE = "fast", "dev", "release"
_FLAGS: Mapping[str, Mapping[str, str]] = {
    FAST: {**_DEV, **dict.fromkeys(_GCC_ONLY, ""), "USE_THREAD": ""},
    DEV: _DEV,
    RELEASE: {},
}
TOOLCHAINS = tuple(_FLAGS)
AUTO = "auto"  # fast to search, dev to prove
NONE = "none"  # prove nothing


@dataclass(frozen=True)
class Toolchain:
    """How HAProxy is compiled: make's variables, and a digest of all that makes up the result.

    ``asked`` are those of the variables that the scenario and the user wanted, and ``kin`` is a
    digest that another machine's has, too, if it compiles with the same, wherever that lies there.
    """

    name: str
    make: str
    variables: tuple[tuple[str, str], ...]
    identity: str
    asked: tuple[tuple[str, str], ...] = ()
    kin: str = ""
    compiler: str = ""

    @property
    def is_real(self) -> bool:
        """Is it one that users' binaries are made with, whose verdicts are proof?"""
        return self.name != FAST

    @classmethod
    def of(
        cls, name: str, make: Tool, compiler: Tool, lua: Lua, extra: Mapping[str, str]
    ) -> Toolchain:
        """`fast` (tcc, one thread), `dev` (gcc -O0) or `release` (HAProxy's own flags), with Lua.

        *extra* are make variables of the scenario's and the user's; they win. Raises UsageProblem
        if there is no toolchain of that name.
        """
        if name not in _FLAGS:
            raise UsageProblem(
                f"no toolchain '{name}'", f"there are {', '.join((AUTO, *TOOLCHAINS))}"
            )
        variables = {"TARGET": "linux-glibc", "CC": str(compiler.path), "IGNOREGIT": "1"}
        variables |= {**_FLAGS[name], **parse_make(lua.make_variables), **extra}
        words = tuple(variables.items())
        identities = (compiler.identity, compiler.version, lua.identity)
        kin = (compiler.kin or compiler.identity, compiler.version, lua.identity)
        own = tuple({**_FLAGS[name], **extra}.items())
        return cls(
            name,
            str(make.path),
            words,
            digest(*identities, *(f"{k}={v}" for k, v in words)),
            asked=tuple(extra.items()),
            kin=digest(*kin, *(f"{k}={v}" for k, v in own)),
            compiler=compiler.version,
        )


@dataclass(frozen=True)
class Chains:
    """Which toolchain does what in a hunt.

    ``search`` finds, ``proof`` confirms what was found (None: nothing is to be confirmed).
    Where ``fallback`` is set, it takes the revisions that ``search`` cannot judge. ``remark`` is
    what the user should know about the choice.
    """

    search: Toolchain
    proof: Toolchain | None = None
    fallback: Toolchain | None = None
    remark: str = ""

    @property
    def real(self) -> Chains:
        """The same without `fast`, as far as there is another."""
        if self.search.is_real:
            return self
        return replace(self, search=self.fallback or self.proof or self.search, fallback=None)

    @property
    def identity(self) -> str:
        """A digest for the names of hunts."""
        chains = (self.search, self.proof, self.fallback)
        return digest(*(chain.identity if chain else "" for chain in chains))


def parse_make(words: Iterable[str]) -> dict[str, str]:
    """VAR=VALUE words as make takes them. Raises ValueError, naming the first that is none."""
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not re.fullmatch(r"\w+", name):
            raise ValueError(word)
        found[name] = value
    return found
