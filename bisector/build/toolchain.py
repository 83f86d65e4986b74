"""What a toolchain is: how HAProxy is compiled, what that costs, and what it cannot show.

Each kind of toolchain is a subclass in :mod:`bisector.build.toolchains`; an instance is that kind
on this machine, with the make variables of one job.
"""

from __future__ import annotations

import re
from abc import ABC
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self, TypeVar

from bisector.build import features
from bisector.build.features import Source
from bisector.search.costs import BuildCost
from bisector.system import libc, tools
from bisector.system.files import digest
from bisector.system.libraries import Library
from bisector.system.slots import Slot
from bisector.system.tools import Lua, Tool
from bisector.system.workspace import Workspace


@dataclass(frozen=True)
class Toolchain(ABC):
    """How HAProxy is compiled: plain data that a build on another machine can be asked for by.

    ``make`` is make's path and ``variables`` what it is given, ``asked`` those of them that the
    scenario and the user named. ``identity`` is a digest of all that decides what is compiled
    here; ``kin`` is the same on every machine with the same compiler, wherever that lies.
    ``compiler`` is the compiler's version. ``features`` of HAProxy, which need ``libraries``, are
    built in if the revision knows them: see at(). ``first`` is an object that is compiled before
    all others, as another compiler failed there; it does not change the binary.

    A subclass names itself by ``name`` and ``description`` (compiler and flags, for messages).
    Verdicts on its binaries are proof if ``is_real``: then users' binaries are made so, too. What
    its binaries cannot show is in ``blind_to``; gcov can count what they execute if
    ``has_gcov``; and it looks for headers and libraries wherever gcc does if ``sees_as_gcc``.
    """

    name: ClassVar[str]
    description: ClassVar[str]
    cost: ClassVar[BuildCost]
    flags: ClassVar[Mapping[str, str]] = {}
    is_real: ClassVar[bool] = True
    blind_to: ClassVar[str] = ""
    has_gcov: ClassVar[bool] = False
    sees_as_gcc: ClassVar[bool] = True

    make: str
    variables: tuple[tuple[str, str], ...]
    identity: str
    asked: tuple[tuple[str, str], ...] = ()
    kin: str = ""
    compiler: str = ""
    features: tuple[str, ...] = ()
    libraries: tuple[Library, ...] = ()
    first: str = ""

    @classmethod
    def find_compiler(cls, workspace: Workspace) -> Tool:
        """The compiler for make's CC. Raises MissingProgram, or EnvironmentProblem if unusable."""
        return tools.require_compiler()

    @classmethod
    def on(cls, workspace: Workspace, extra: Mapping[str, str]) -> Self:
        """This kind of toolchain with what the machine has.

        *extra* are make variables of the scenario's and the user's; they win. Raises what
        find_compiler() raises, also for make and Lua.
        """
        make, lua = tools.require_make(), tools.require_lua(workspace)
        return cls.of(make, cls.find_compiler(workspace), lua, extra)

    @classmethod
    def of(cls, make: Tool, compiler: Tool, lua: Lua, extra: Mapping[str, str]) -> Self:
        """This kind of toolchain made of these tools; *extra* make variables win."""
        variables = {"TARGET": libc.target(), "CC": str(compiler.path), "IGNOREGIT": "1"}
        variables |= {**cls.flags, **parse_make(lua.make_variables), **extra}
        words = tuple(variables.items())
        identities = (compiler.identity, compiler.version, lua.identity)
        kin = (compiler.kin or compiler.identity, compiler.version, lua.identity)
        own = tuple({**cls.flags, **extra}.items())
        return cls(
            str(make.path),
            words,
            digest(*identities, *(f"{k}={v}" for k, v in words)),
            asked=tuple(extra.items()),
            kin=digest(*kin, *(f"{k}={v}" for k, v in own)),
            compiler=compiler.version,
        )

    @property
    def said(self) -> frozenset[str]:
        """The features that the scenario or the user switched on by make variables."""
        on = (name for name, value in self.asked if value not in ("", "0"))
        return frozenset(name.removeprefix("USE_") for name in on)

    @property
    def maker(self) -> str:
        """A digest that is equal on machines that make interchangeable binaries of a source."""
        libraries = (library.identity for library in self.libraries)
        return digest(self.name, self.kin, *self.features, *libraries)

    def with_make(self, more: Mapping[str, str]) -> Self:
        """The same with the make variables *more*, below those of the scenario and the user."""
        added = {name: text for name, text in more.items() if name not in dict(self.asked)}
        if not added:
            return self
        words = tuple(f"{name}={text}" for name, text in added.items())
        return replace(
            self,
            variables=tuple({**dict(self.variables), **added}.items()),
            asked=(*self.asked, *added.items()),
            identity=digest(self.identity, *words),
            kin=digest(self.kin, *words),
        )

    def with_features(self, asked: Collection[str], found: Collection[Library]) -> Self:
        """The same for a test that asks for these features, with the libraries that were *found*.

        Make variables of the scenario or the user stand above that.
        """
        decided = {name.removeprefix("USE_") for name, _ in self.asked}
        names = tuple(name for name in features.known(asked) if name not in decided)
        return replace(self, features=names, libraries=tuple(found))

    def laid_out(self, options: str) -> Self:
        """The same with compiler *options* that only move the code about in the binary."""
        given = dict(self.variables)
        given["ADDINC"] = " ".join(filter(None, (given.get("ADDINC"), options)))
        identity, kin = digest(self.identity, options), digest(self.kin, options)
        return replace(self, variables=tuple(given.items()), identity=identity, kin=kin)

    def at(self, source: Source) -> Self:
        """The same with the make variables for the features that the revision *source* knows."""
        more = features.variables(self.features, self.libraries, source) if self.features else {}
        more |= _search_paths(self.libraries, dict(self.variables))
        if not more:
            return self
        words = (*(f"{k}={v}" for k, v in more.items()), *(one.identity for one in self.libraries))
        variables = tuple({**dict(self.variables), **more}.items())
        return replace(self, variables=variables, identity=digest(self.identity, *words))

    def programs(self) -> tuple[Path, ...]:
        """The programs outside of the system's folders that a build runs, for the sandbox."""
        return ()

    def defect(self, binary: Path, log: Path, slot: Slot) -> str:
        """Why a fresh *binary* must not be tested, or ''; *log* gets what it prints."""
        return ""

    def leaves_whole_objects(self, problem: str) -> bool:
        """Whether the objects in a build tree are whole after a build ended with *problem*."""
        return True


SomeToolchain = TypeVar("SomeToolchain", bound=Toolchain)


@dataclass(frozen=True)
class Toolchains:
    """The toolchains of a hunt, by their task.

    ``search`` finds, ``proof`` confirms what was found (None: nothing is confirmed). Where
    ``fallback`` is set, it takes the revisions that ``search`` cannot judge. Where ``release`` is
    set, it shows bugs that ``search`` is blind to; it has the compiler of ``fallback``. ``remark``
    is what the user should know about the choice.
    """

    search: Toolchain
    proof: Toolchain | None = None
    fallback: Toolchain | None = None
    remark: str = ""
    release: Toolchain | None = None

    @property
    def real(self) -> Toolchains:
        """The same with real toolchains only, as far as there is another one."""
        if self.search.is_real:
            return self
        search = self.fallback or self.proof or self.search
        return replace(self, search=search, fallback=None, release=None)

    @property
    def by_release(self) -> Toolchains:
        """The same with the ``release`` one for everything, if there is one."""
        if self.release is None:
            return self.real
        proof = self.release if self.proof else None
        return replace(self, search=self.release, proof=proof, fallback=None, release=None)

    @property
    def used(self) -> tuple[Toolchain, ...]:
        """Those whose verdicts count."""
        return tuple(filter(None, (self.search, self.proof, self.fallback)))

    @property
    def identity(self) -> str:
        """A digest for the names of hunts."""
        each = (self.search, self.proof, self.fallback)
        return digest(*(toolchain.identity if toolchain else "" for toolchain in each))


def _search_paths(libraries: Collection[Library], given: Mapping[str, str]) -> dict[str, str]:
    """The make variables with the places of *libraries* that no compiler finds by itself.

    They come after what is *given*. A program finds these libraries when it is run, too.
    """
    own = [library for library in libraries if library.include]
    if not own:
        return {}
    places = {
        "ADDINC": [f"-I{one.include}" for one in own],
        "ADDLIB": [f"-L{one.folder} -Wl,-rpath={one.folder}" for one in own],
    }
    return {
        name: " ".join(filter(None, (given.get(name), *words))) for name, words in places.items()
    }


def parse_make(words: Iterable[str]) -> dict[str, str]:
    """VAR=VALUE words as make takes them. Raises ValueError, naming the first that is none."""
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not re.fullmatch(r"\w+", name):
            raise ValueError(word)
        found[name] = value
    return found
