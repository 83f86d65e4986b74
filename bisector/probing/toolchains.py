"""From the user's options to toolchains, and to what equips these for a test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from bisector.build import reported
from bisector.build.reported import Reported
from bisector.build.toolchain import Toolchain, Toolchains, parse_make
from bisector.build.toolchains import TOOLCHAINS
from bisector.build.toolchains.dev import Dev
from bisector.build.toolchains.fast import Fast
from bisector.build.toolchains.release import Release
from bisector.errors import EnvironmentProblem, UsageProblem
from bisector.probing.options import AUTO, NONE, Options, Test
from bisector.probing.supply import Supply, fetch_tools
from bisector.system.workspace import Workspace


def find_toolchain(
    options: Options, workspace: Workspace, name: str, test: Test | None = None
) -> Toolchain:
    """The toolchain *name*, with the scenario's and the user's make variables.

    Raises UsageProblem for an unknown name, MissingProgram if the machine lacks a program.
    """
    _require_known(name)
    own = pairs([word for word in options.make if word != NONE], "--make")
    like = find_reported(options).variables or {}
    extra = {**(test.make if test else {}), **like, **own}
    return TOOLCHAINS[name].on(workspace, extra)


def _require_known(name: str) -> None:
    if name not in TOOLCHAINS:
        raise UsageProblem(f"no toolchain '{name}'", f"there are {', '.join((AUTO, *TOOLCHAINS))}")


def find_reported(options: Options) -> Reported:
    """The options of the build that --like describes, none without --like. Raises UsageProblem."""
    if options.like is None:
        return Reported()
    try:
        text = Path(options.like).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageProblem(f"--like {options.like}", error.strerror or str(error)) from None
    if found := reported.parse(text):
        return found
    raise UsageProblem(f"--like {options.like}", "a file with the output of 'haproxy -vv'")


def find_supply(options: Options, workspace: Workspace, note: Callable[[str], None]) -> Supply:
    """What equips toolchains with the features that tests ask for, and with those of --like.

    *note* is called with a line about each library that it fetches, and about options of --like
    that cannot be had here. Raises UsageProblem.
    """
    like = find_reported(options)
    if like.left_out:
        note(f"--like: built without {', '.join(like.left_out)}, which cannot be had here")
    return Supply(workspace, note, like.features, heeds_tests=NONE not in options.make)


def find_equipped(
    options: Options,
    workspace: Workspace,
    name: str,
    note: Callable[[str], None],
    test: Test | None = None,
    own: Reported | None = None,
) -> Toolchain:
    """The toolchain *name* with what *options* and the *test* ask for, to build with.

    *own* are the options of the package that is built.
    What is missing is fetched, and *note* called with a line on it, as by find_supply(). Raises
    what that and find_toolchain() raise, and MissingLibrary.
    """
    _require_known(name)  # before anything is fetched
    fetch_tools(workspace, note, vtest=False)
    toolchain = find_toolchain(options, workspace, name, test)
    features = test.oracle.features if test else frozenset[str]()
    supply = find_supply(options, workspace, note)
    supply.require(toolchain, features)
    return supply.equip(toolchain, features, own)


def names_of_toolchains(options: Options, test: Test) -> tuple[str, str]:
    """The names of the toolchains for the search, which may be AUTO, and for the proof, or NONE.

    Raises UsageProblem if the options do not go together; nothing is looked for.
    """
    name = options.toolchain
    if name == AUTO:
        name = test.toolchain or AUTO
    proofs = [kind.name for kind in TOOLCHAINS.values() if kind.is_real]
    if options.confirm not in ("", *proofs, NONE):
        raise UsageProblem(f"--confirm {options.confirm}", f"one of {', '.join((*proofs, NONE))}")
    if test.oracle.judges_builds and name not in proofs:
        raise UsageProblem(f"--toolchain {name} cannot judge builds", f"use {' or '.join(proofs)}")
    if name != AUTO:
        _require_known(name)
    return name, options.confirm or (name if name in proofs else Dev.name)


def find_toolchains(options: Options, workspace: Workspace, test: Test) -> Toolchains:
    """The toolchains for the search and the proof: the user's choice, else the scenario's.

    Raises UsageProblem for an unknown name, MissingProgram if the machine lacks a program.
    """
    name, proof = names_of_toolchains(options, test)

    def find(named: str) -> Toolchain:
        return find_toolchain(options, workspace, named, test)

    search = find(Dev.name if name == AUTO else name)
    found = Toolchains(search, None if proof == NONE else find(proof))
    if name != AUTO:
        return found
    try:
        fast, release = find(Fast.name), find(Release.name)
        return replace(found, search=fast, fallback=search, release=release)
    except EnvironmentProblem as problem:
        remark = f"every build is made with {search.description}: {problem}"
        return replace(found, remark=remark)


def pairs(words: Sequence[str], option: str) -> dict[str, str]:
    """The NAME=VALUE words of *option* as a table. Raises UsageProblem."""
    try:
        return parse_make(words)
    except ValueError as error:
        raise UsageProblem(f"{option} {error}", "write NAME=VALUE") from None
