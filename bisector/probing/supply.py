"""What builds and tests need of the machine, fetched into the workspace when it is first missed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial

from bisector.build import features
from bisector.build.reported import Reported
from bisector.build.toolchain import SomeToolchain, Toolchain
from bisector.errors import EnvironmentProblem, MissingLibrary
from bisector.system import apt, debian, libraries, packages, programs, tools
from bisector.system.libraries import KINDS, Library
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace
from bisector.testing.oracle import Oracle

UNASKED = "--make none builds without what the test asks for"


def fetch_tools(
    workspace: Workspace,
    note: Callable[[str], None],
    *,
    vtest: bool,
    others: Collection[str] = (),
) -> None:
    """Fetch Lua, VTest if it is needed, and *others* of programs.KINDS, which are missing.

    Nothing is fetched without apt.

    *note* is called with a line on each. What cannot be fetched is reported by what needs it.
    """
    wanted: dict[str, Callable[[Workspace], object]] = {}
    if tools.find_lua(workspace) is None:
        wanted["Lua"] = debian.fetch_lua
    if vtest and tools.find_vtest(workspace) is None:
        wanted["VTest"] = debian.fetch_vtest
    for name in others:
        if programs.find(workspace, name) is None:
            wanted[name] = partial(programs.fetch, name=name)
    for name, fetch in wanted.items() if apt.is_there() else ():
        note(f"fetching {name} into the workspace, which is missing")
        with suppress(EnvironmentProblem):
            fetch(workspace)


class Supply:
    """Equips toolchains with features: *always* these, and those that a test asks for.

    *note* is called with a line on what is fetched. Unless *heeds_tests*, what a test asks for does
    not count.
    """

    def __init__(
        self,
        workspace: Workspace,
        note: Callable[[str], None],
        always: frozenset[str] = frozenset(),
        *,
        heeds_tests: bool = True,
    ) -> None:
        self._workspace = workspace
        self._note = note
        self._always = always
        self._heeds_tests = heeds_tests
        self._known: dict[str, Library | EnvironmentProblem] = {}

    def tools(self, oracle: Oracle) -> tuple[Tool, ...]:
        """The tools that *oracle* needs; what is missing is fetched.

        Raises MissingProgram.
        """
        asked = (self._workspace, self._note)
        fetch_tools(*asked, vtest=oracle.needs_vtest, others=oracle.programs)
        return oracle.find_tools(self._workspace)

    def require(self, toolchain: Toolchain, asked: Collection[str]) -> None:
        """Raise MissingLibrary if a feature lacks its library and that cannot be fetched."""
        for name in _needed(toolchain, self._wanted(asked)):
            problem = self._library(name)
            if isinstance(problem, EnvironmentProblem):
                kind = KINDS[name]
                what = f"no {kind.header} or lib{kind.names[0]} on this machine, for what is tested"
                advice = packages.advice(packages.packages_of(name))
                hint = f"{advice} ({problem}), or {UNASKED}"
                raise MissingLibrary(what, hint)

    def equip(
        self, toolchain: SomeToolchain, asked: Collection[str], own: Reported | None = None
    ) -> SomeToolchain:
        """*toolchain* with those of the features *asked* for whose libraries are there.

        *own* are the options of the package that is built; what cannot be had is noted once.
        """
        if own is not None:
            toolchain = toolchain.with_make(own.variables or {})
            self._note_lacking(own)
        wanted = self._wanted(asked) | (own.features if own else frozenset())
        found = [self._library(name) for name in _needed(toolchain, wanted)]
        there = [one for one in found if isinstance(one, Library)]
        return toolchain.with_features(wanted, there)

    def _note_lacking(self, own: Reported) -> None:
        """Note the libraries that a package uses and that are not to be had here."""
        for name in features.libraries(features.known(own.features)):
            is_new = name not in self._known
            if isinstance(problem := self._library(name), EnvironmentProblem) and is_new:
                self._note(f"built without {KINDS[name].title}, which cannot be had ({problem})")

    def _wanted(self, asked: Collection[str]) -> frozenset[str]:
        return self._always.union(asked) if self._heeds_tests else self._always

    def _library(self, name: str) -> Library | EnvironmentProblem:
        if name not in self._known:
            try:
                self._known[name] = libraries.find(self._workspace, name) or self._fetched(name)
            except EnvironmentProblem as problem:
                self._known[name] = problem
        return self._known[name]

    def _fetched(self, name: str) -> Library:
        if apt.is_there():
            self._note(f"fetching {KINDS[name].package} into the workspace, which is missing")
        return debian.fetch_library(self._workspace, name)


def _needed(toolchain: Toolchain, wanted: Collection[str]) -> tuple[str, ...]:
    """The names of the libraries that *toolchain* needs for these features, and for its own."""
    return features.libraries(features.known(toolchain.said.union(wanted)))
