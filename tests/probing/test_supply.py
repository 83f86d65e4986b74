"""Toolchains get what tests ask for, with the libraries that are there or can be fetched."""

from __future__ import annotations

import pytest

from bisector.build.reported import Reported
from bisector.errors import EnvironmentProblem, MissingLibrary, MissingProgram, UsageProblem
from bisector.probing.options import Options
from bisector.probing.supply import Supply, fetch_tools
from bisector.probing.toolchains import find_equipped
from bisector.system import apt, debian, libraries, tools
from bisector.system.libraries import Library
from bisector.system.workspace import Workspace
from bisector.testing.oracles.vtest_case import VTestCase
from tests.support.toolchains import toolchain

DEV = toolchain("dev")


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> dict[str, Library]:
    """The libraries of the machine: zlib, and whatever the test adds."""
    there = {"zlib": Library("zlib", "1.2", "z")}
    monkeypatch.setattr(libraries, "find", lambda workspace, name: there.get(name))
    return there


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what was fetched; there is OpenSSL to be had."""
    names: list[str] = []

    def fetch(workspace: Workspace, name: str) -> Library:
        names.append(name)
        if name != "openssl":
            raise EnvironmentProblem(f"no {name}", "check the network")
        return Library(name, "3.0", "o", "/i", "/l")

    monkeypatch.setattr(apt, "is_there", lambda: True)
    monkeypatch.setattr(debian, "fetch_library", fetch)
    return names


def test_what_is_there_is_used(workspace: Workspace, fetched: list[str]) -> None:
    made = Supply(workspace, print).equip(DEV, {"ZLIB", "LUA"})
    assert (made.features, [one.name for one in made.libraries]) == (("ZLIB",), ["zlib"])
    assert fetched == []


def test_what_is_not_there_is_fetched_once_and_said(
    workspace: Workspace, fetched: list[str]
) -> None:
    said: list[str] = []
    supply = Supply(workspace, said.append)
    for _ in range(2):
        made = supply.equip(DEV, {"QUIC"})
    assert made.features == ("OPENSSL", "QUIC")
    assert made.libraries == (Library("openssl", "3.0", "o", "/i", "/l"),)
    assert fetched == ["openssl"]
    assert said == ["fetching libssl-dev into the workspace, which is missing"]


def test_what_cannot_be_fetched_is_the_machines_problem_only_if_it_is_required(
    workspace: Workspace, fetched: list[str]
) -> None:
    supply = Supply(workspace, lambda text: None)
    assert supply.equip(DEV, {"PCRE2"}).libraries == ()
    with pytest.raises(MissingLibrary, match=r"no pcre2.h or libpcre2-8 on this machine") as raised:
        supply.require(DEV, {"PCRE2"})
    assert "libpcre2-dev" in raised.value.hint and "check the network" in raised.value.hint
    assert "--make none" in raised.value.hint
    supply.require(DEV, {"ZLIB", "PROMEX"})


def test_what_the_user_switched_on_needs_its_library_too(
    workspace: Workspace, fetched: list[str]
) -> None:
    supply = Supply(workspace, lambda text: None)
    own = toolchain("dev", {"USE_OPENSSL": "1"})
    made = supply.equip(own, ())
    assert (made.features, [one.name for one in made.libraries]) == ((), ["openssl"])
    with pytest.raises(MissingLibrary):
        supply.require(toolchain("dev", {"USE_PCRE2": "1"}), ())
    supply.require(toolchain("dev", {"USE_PCRE2": ""}), ())


def test_what_a_test_asks_for_may_be_ignored(workspace: Workspace, fetched: list[str]) -> None:
    always = frozenset({"ZLIB"})
    deaf = Supply(workspace, lambda text: None, always, heeds_tests=False)
    assert deaf.equip(DEV, {"OPENSSL"}).features == ("ZLIB",)
    assert Supply(workspace, lambda text: None, always).equip(DEV, {"OPENSSL"}).features == (
        "OPENSSL",
        "ZLIB",
    )


def test_a_package_is_built_with_its_own_options_too(
    workspace: Workspace, fetched: list[str]
) -> None:
    own = Reported(frozenset({"ZLIB", "PROMEX"}), {"USE_SLZ": "1", "USE_NS": "1"})
    mine = toolchain("dev", {"USE_NS": "", "USE_PROMEX": "0"})
    made = Supply(workspace, print).equip(mine, {"OPENSSL"}, own)
    assert made.features == ("OPENSSL", "ZLIB"), "what the user says stands above"
    assert made.asked == (("USE_NS", ""), ("USE_PROMEX", "0"), ("USE_SLZ", "1"))


def test_what_a_package_uses_and_cannot_be_had_is_said_once(
    workspace: Workspace, fetched: list[str]
) -> None:
    said: list[str] = []
    supply = Supply(workspace, said.append)
    for _ in range(2):
        made = supply.equip(DEV, (), Reported(frozenset({"PCRE2", "ZLIB"})))
    assert [one.name for one in made.libraries] == ["zlib"]
    assert said[1:] == ["built without PCRE2, which cannot be had (no pcre2: check the network)"]


# --- programs -------------------------------------------------------------------------------------


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A machine with apt, without Lua and VTest; what is fetched, of which VTest cannot be had."""
    names: list[str] = []

    def no_vtest(workspace: Workspace) -> None:
        names.append("VTest")
        raise EnvironmentProblem("no such package", "")

    monkeypatch.setattr(apt, "is_there", lambda: True)
    monkeypatch.setattr(tools, "find_lua", lambda workspace: None)
    monkeypatch.setattr(tools, "find_vtest", lambda *_: None)
    monkeypatch.setattr(debian, "fetch_lua", lambda workspace: names.append("Lua"))
    monkeypatch.setattr(debian, "fetch_vtest", no_vtest)
    return names


def test_lua_and_vtest_are_fetched_if_the_test_needs_them(
    workspace: Workspace, bare: list[str]
) -> None:
    said: list[str] = []
    fetch_tools(workspace, said.append, vtest=True)
    assert bare == ["Lua", "VTest"]
    assert said == [f"fetching {name} into the workspace, which is missing" for name in bare]
    bare.clear()
    fetch_tools(workspace, said.append, vtest=False)
    assert bare == ["Lua"]


def test_nothing_is_fetched_without_apt_or_if_it_is_there(
    workspace: Workspace, bare: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apt, "is_there", lambda: False)
    fetch_tools(workspace, print, vtest=True)
    monkeypatch.setattr(apt, "is_there", lambda: True)
    monkeypatch.setattr(tools, "find_lua", lambda workspace: "there")
    fetch_tools(workspace, print, vtest=False)
    assert bare == []


def test_a_mere_build_needs_lua(workspace: Workspace, bare: list[str]) -> None:
    said: list[str] = []
    with pytest.raises(EnvironmentProblem, match="no headers and library of Lua"):
        find_equipped(Options(), workspace, "dev", said.append)  # it was not fetched really
    assert bare == ["Lua"]
    assert said == ["fetching Lua into the workspace, which is missing"]


def test_nothing_is_fetched_for_an_unknown_toolchain(workspace: Workspace, bare: list[str]) -> None:
    with pytest.raises(UsageProblem, match="no toolchain 'nonesuch'"):
        find_equipped(Options(), workspace, "nonesuch", print)
    assert bare == []


def test_a_test_of_another_kind_gets_its_tools_when_it_is_run(
    workspace: Workspace, bare: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(tools, "find_lua", lambda workspace: "there")
    with pytest.raises(MissingProgram, match="VTest"):
        Supply(workspace, said.append).tools(VTestCase("any", "digest", "any.vtc"))
    assert bare == ["VTest"]
    assert said == ["fetching VTest into the workspace, which is missing"]
