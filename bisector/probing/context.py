"""What every probe of a job has in common, and what of their results the caches hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bisector.build import binaries, debian_rules
from bisector.build.prebuilt import Prebuilt
from bisector.build.toolchain import SomeToolchain, Toolchain, Toolchains
from bisector.git.history import History
from bisector.probing.fixups import Fixup
from bisector.probing.probe import Probe
from bisector.probing.supply import Supply
from bisector.search.costs import Memory
from bisector.system.files import digest
from bisector.system.sandbox import Sandbox
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace
from bisector.testing.oracle import Oracle


@dataclass(frozen=True)
class Context:
    """What every probe of a job has in common.

    ``tools`` are those that ``oracle`` needs. ``sandbox_remark`` says why there is no sandbox, or
    what it does not keep, '' if neither. ``supply`` equips toolchains with what tests ask for.
    ``fixups`` are the user's.
    """

    workspace: Workspace
    history: History
    toolchains: Toolchains
    oracle: Oracle
    tools: tuple[Tool, ...]
    sandbox: Sandbox | None = None
    sandbox_remark: str = ""
    supply: Supply | None = None
    fixups: tuple[Fixup, ...] = ()

    @property
    def options(self) -> tuple[str, ...]:
        """The make variables of the scenario and the user, and those that the oracle asks for."""
        return _words(self.equipped(self.toolchains.search))

    def options_at(self, tree: str) -> tuple[str, ...]:
        """The same, with those that the package with the tree of this id has of its own."""
        return _words(self.equipped(self.toolchains.search, tree=tree))

    @property
    def identity(self) -> str:
        """A digest of all that decides verdicts but the sources; part of the names of jobs."""
        tools = (tool.identity for tool in self.tools)
        fixups = (fixup.series.digest for fixup in self.fixups)
        return digest(self.oracle.digest, self.toolchains.identity, *self.options, *tools, *fixups)

    def equipped(
        self, toolchain: SomeToolchain, oracle: Oracle | None = None, tree: str = ""
    ) -> SomeToolchain:
        """*toolchain* with the features that *oracle* (default: the job's) asks for.

        If the *tree* with this id is a package's, its own options are added.
        """
        if self.supply is None:
            return toolchain
        own = debian_rules.of_tree(self.history.store, tree) if tree else None
        return self.supply.equip(toolchain, (oracle or self.oracle).features, own)

    def request(
        self, tree: str, toolchain: Toolchain, run: int = 0, oracle: Oracle | None = None
    ) -> Probe:
        """The probe of *tree*, built by *toolchain*, with *oracle* (default: the job's).

        Raises MissingProgram if *oracle* is of another kind and its tools are missing.
        """
        oracle, tools = oracle or self.oracle, self.tools
        if type(oracle) is not type(self.oracle):
            supply = self.supply
            tools = supply.tools(oracle) if supply else oracle.find_tools(self.workspace)
        store = str(self.history.store_path)
        equipped = self.equipped(toolchain, oracle, tree)
        return Probe(store, tree, equipped, oracle, tools, run, self.sandbox)

    def memory(self, commits: Iterable[str], toolchain: Toolchain, fresh: bool = False) -> Memory:
        """The cached ones of *commits*, built by *toolchain*; no verdicts if *fresh*.

        What can be linked from prebuilt objects counts as built.
        """
        history, root = self.history, self.workspace.root
        trees = binaries.trees(self.workspace)
        prebuilt = Prebuilt(self.workspace).trees(self.equipped(toolchain).maker)
        known, built = set(), set()
        for commit in commits if trees or prebuilt else ():
            tree = history.tree_id(commit)
            if tree in prebuilt:
                built.add(commit)
            if tree in trees:
                request = self.request(tree, toolchain, oracle=self.oracle.at(commit))
                binary = binaries.build_key(history.store, tree, request.toolchain)
                key = request.key(binary)
                if not fresh and (root / "verdicts" / key[:2] / key).exists():
                    known.add(commit)
                elif binaries.home_of(self.workspace, binary).exists():
                    built.add(commit)
        return Memory(frozenset(known), frozenset(built))


def _words(toolchain: Toolchain) -> tuple[str, ...]:
    """The make variables of *toolchain* that the user may care about."""
    said = (f"{name}={value}" for name, value in toolchain.asked)
    return (*said, *(f"USE_{name}=1" for name in toolchain.features if name.isidentifier()))
