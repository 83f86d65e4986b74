"""From the user's options to what probes need: test, toolchains, sandbox, repository, patches."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import pygit2

from bisector.build import tcc
from bisector.build.toolchain import Toolchain
from bisector.build.toolchains.dev import Dev
from bisector.errors import PatchProblem, UsageProblem
from bisector.git import upstream
from bisector.git.history import History
from bisector.git.mirrors import Mirrors
from bisector.git.source_trees import WithSourceTrees
from bisector.patch import load
from bisector.patch.model import Patch, Series
from bisector.probing import fixups
from bisector.probing.context import Context
from bisector.probing.fixups import Fixup
from bisector.probing.options import Options, Test
from bisector.probing.source_trees import Importer
from bisector.probing.supply import fetch_tools
from bisector.probing.toolchains import (
    find_supply,
    find_toolchains,
    names_of_toolchains,
    pairs,
)
from bisector.system import sandbox
from bisector.system.sandbox import Sandbox
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace
from bisector.testing import scenario_loader
from bisector.testing.oracle import Oracle
from bisector.testing.oracles import ORACLES, WRAPPERS
from bisector.testing.own_file import OwnFile
from bisector.testing.scenario import Known

DEFAULT_SCENARIO = "dns-flap"
# in a checkout a link to its folder patches/, in an installed package a copy of that
BUNDLED_PATCHES = Path(__file__).parents[1] / "bundled_patches"
_OWN_TESTS = ", ".join(f"--{option}" for option in ORACLES)


class Asked:
    """What a command's options refer to; each part is found once, when it is first used.

    *progress* is called with a line on what is being done, *note* with one for the report. The
    properties raise what the functions below raise.
    """

    def __init__(
        self,
        workspace: Workspace,
        options: Options,
        progress: Callable[[str], None],
        note: Callable[[str], None],
    ) -> None:
        self.workspace = workspace
        self.options = options
        self._progress, self.note = progress, note

    @cached_property
    def test(self) -> Test:
        """The test that the options name."""
        return find_test(self.options)

    @cached_property
    def history(self) -> History:
        """The repository that the options name, else the default one."""
        return find_history(self.options, self.workspace, self._progress, self.note)

    @cached_property
    def series(self) -> Series | None:
        """The patches that the options name, else the scenario's; None without any."""
        return find_series(self.options.patches, self.test.known, self.history)

    @cached_property
    def context(self) -> Context:
        """What all probes of the job have in common."""
        options, workspace = self.options, self.workspace
        return find_context(options, workspace, self.history, self.test, self.note)


def find_test(options: Options) -> Test:
    """The test that *options* name: a scenario's variant, or one of the user's own.

    Raises ScenarioProblem or UsageProblem.
    """
    _check_extras(options)
    if options.own_test is not None:
        return _own_test(options, *options.own_test)
    if options.around is not None:
        raise UsageProblem(f"--{options.around[0]}", f"it goes with one of {_OWN_TESTS}")
    if options.bad_if is not None or options.skip_if is not None:
        raise UsageProblem("--bad-if and --skip-if", f"they go with {_OWN_TESTS}")
    scenario = scenario_loader.load(options.scenario or DEFAULT_SCENARIO)
    return Test(
        scenario.oracle(scenario.choose(pairs(options.settings, "--set"))),
        scenario.title,
        scenario.known,
        scenario.make,
        scenario.tags,
        scenario.toolchain,
        options.flaky or scenario.flaky,
        scenario,
    )


def _own_test(options: Options, option: str, value: str) -> Test:
    if options.scenario or options.settings:
        raise UsageProblem(f"--{option} takes the place of --scenario and --set")
    oracle: Oracle = ORACLES[option].of_option(
        value, bad_if=options.bad_if, skip_if=options.skip_if
    )
    for name, chosen in options.extras:
        oracle = oracle.with_extra(name, chosen)
    if options.around is not None:
        name, chosen = options.around
        if not isinstance(oracle, OwnFile):
            raise UsageProblem(f"--{name} with --{option}", "nothing is run")
        oracle = WRAPPERS[name].around(oracle, chosen)
    toolchain = Dev.name if oracle.judges_builds else ""
    return Test(oracle, value or option, Known(), {}, toolchain=toolchain, flaky=options.flaky)


def _check_extras(options: Options) -> None:
    """Raise UsageProblem for an option of another kind of test than the one that is asked for."""
    for name, _ in options.extras:
        homes = [key for key, kind in ORACLES.items() if name in {one.name for one in kind.extras}]
        if options.own_test is None or options.own_test[0] not in homes:
            raise UsageProblem(f"--{name}", f"it goes with --{' or --'.join(homes)}")


def find_context(
    options: Options,
    workspace: Workspace,
    history: History,
    test: Test,
    note: Callable[[str], None] = lambda text: None,
) -> Context:
    """What all probes of a job have in common; *note* is called with a line on what is fetched.

    Raises UsageProblem for a bad option, MissingProgram or MissingLibrary if the machine lacks
    something, and EnvironmentProblem if a required sandbox does not work.
    """
    names_of_toolchains(options, test)  # before anything is fetched
    picked = find_fixups(options.fixups, history)
    oracle = test.oracle
    fetch_tools(workspace, note, vtest=oracle.needs_vtest, others=oracle.programs)
    toolchains = find_toolchains(options, workspace, test)
    supply = find_supply(options, workspace, note)
    supply.require(toolchains.search, test.oracle.features)
    needed = test.oracle.find_tools(workspace)
    box, remark = find_sandbox(options, workspace, toolchains.used, needed)
    return Context(workspace, history, toolchains, test.oracle, needed, box, remark, supply, picked)


def find_sandbox(
    options: Options,
    workspace: Workspace,
    toolchains: Iterable[Toolchain],
    needed: Sequence[Tool] = (),
) -> tuple[Sandbox | None, str]:
    """The sandbox for builds and tests, or None, and a remark; as sandbox.find() finds it.

    Raises what that does.
    Visible in it are the *needed* tools, the programs of *toolchains*, and the absolute paths in
    their make variables.
    """
    named = [Path(tool.path) for tool in needed]
    for toolchain in toolchains:
        values = (toolchain.make, *(value for _, value in toolchain.variables))
        named += (Path(word) for value in values for word in _words(value) if word[:1] == "/")
        named += toolchain.programs()
    if found := tcc.find():  # which counts for other toolchains, too
        named.append(found.program)
    own = [workspace.root / name for name in ("tools", "reg-tests")]
    places = (sandbox.home_of(path) if path.is_file() else path for path in named)
    return sandbox.find(
        workspace, options.sandbox, dict.fromkeys((*own, Path(__file__).parents[1], *places))
    )


def find_history(
    options: Options,
    workspace: Workspace,
    progress: Callable[[str], None],
    note: Callable[[str], None],
) -> History:
    """The repositories that *options* name, else the default; names may mean source trees, too.

    Raises what upstream.find() does.
    """
    mirrors = Mirrors(workspace, progress, note, options.offline)
    history = upstream.find(options.repo, options.beside, os.environ, mirrors)
    return WithSourceTrees(history, Importer(workspace, options.offline, progress).find)


def find_series(names: Sequence[str], known: Known, history: History) -> Series | None:
    """The patches with these names (files, folders, revisions, ranges); by default the scenario's.

    Raises PatchProblem if a name is neither a file nor a revision, or if a patch cannot be read;
    BadRange.
    """
    if not names:
        return load.load(bundled_patches(known.patches)) if known.patches else None
    return Series(tuple(patch for name in names for patch in _patches(name, history)))


def find_fixups(names: Sequence[str], history: History) -> tuple[Fixup, ...]:
    """The fixups with these names, each a series of its own; raises what find_series() raises."""
    return tuple(fixups.named(history, name, _patches(name, history)) for name in names)


def _patches(name: str, history: History) -> list[Patch]:
    """The patches that *name* stands for: a file's, a folder's, a commit's, those of a range."""
    if Path(name).exists():
        return list(load.load(Path(name)).patches)
    if ".." in name:
        return [_of_commit(history, commit) for commit in history.range(name).commits]
    if history.knows(name):
        return [_of_commit(history, history.resolve(name).id)]
    raise PatchProblem(f"no patch '{name}'", "it is neither a file nor a revision")


def _of_commit(history: History, commit: str) -> Patch:
    return load.from_commit(history.store, history.store[commit].peel(pygit2.Commit))


def bundled_patches(name: str) -> Path:
    """The folder of a bundled patch series. Raises PatchProblem if there is none of this name."""
    folder = BUNDLED_PATCHES / name
    if not folder.is_dir():
        raise PatchProblem(f"no patch series '{name}' comes with bisector", "name one with --patch")
    return folder


def _words(value: str) -> list[str]:
    """The words of a make variable, split as a shell does; none if a quote is not closed."""
    with suppress(ValueError):
        return shlex.split(value)
    return []
