"""Toolchains: make's variables, and that whatever changes the result changes the identity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bisector.build.toolchain import Toolchain, Toolchains, parse_make
from bisector.build.toolchains.dev import Dev
from bisector.system import libc
from bisector.system.libraries import Library
from tests.support.toolchains import COMPILER, LUA, MAKE, toolchain


def test_every_toolchain_names_target_compiler_and_lua() -> None:
    for name in ("dev", "release"):
        variables = dict(toolchain(name).variables)
        assert variables["TARGET"] == "linux-glibc"
        assert variables["CC"] == "/usr/bin/gcc"
        assert variables["IGNOREGIT"] == "1"
        assert variables["USE_LUA"] == "1"
        assert variables["LUA_INC"] == "/lua/include"
        assert variables["LUA_LIB_NAME"] == "lua5.4"


def test_on_musl_the_target_is_its_own_unless_the_user_names_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(libc, "is_musl", lambda: True)
    assert dict(toolchain().variables)["TARGET"] == "linux-musl"
    asked = toolchain(extra={"TARGET": "linux-glibc"})
    assert dict(asked.variables)["TARGET"] == "linux-glibc"


def test_dev_turns_off_what_takes_time_by_its_old_names_and_its_new_ones() -> None:
    variables = dict(toolchain("dev").variables)
    assert variables["CPU_CFLAGS"] == variables["OPT_CFLAGS"] == "-O0"
    assert variables["DEBUG_CFLAGS"] == variables["ARCH_FLAGS"] == ""


def test_release_leaves_the_flags_to_haproxy() -> None:
    variables = dict(toolchain("release").variables)
    assert not {"CPU_CFLAGS", "OPT_CFLAGS", "DEBUG_CFLAGS", "ARCH_FLAGS"} & set(variables)


def test_fast_is_dev_for_one_thread_without_what_only_gcc_understands() -> None:
    fast, dev = dict(toolchain("fast").variables), dict(toolchain("dev").variables)
    assert {name: fast[name] for name in dev} == dev
    assert fast["USE_THREAD"] == ""
    assert {fast[f"{name}_CFLAGS"] for name in ("WARN", "NOWARN", "SPEC", "STD")} == {""}


def test_what_is_proof_is_made_by_a_compiler_that_users_have() -> None:
    assert [toolchain(name).is_real for name in ("fast", "dev", "release")] == [False, True, True]


FAST, DEV, RELEASE = (toolchain(name) for name in ("fast", "dev", "release"))


@pytest.mark.parametrize(
    ("toolchains", "searches"),
    [
        (Toolchains(FAST, DEV, fallback=DEV), DEV),
        (Toolchains(FAST, RELEASE, fallback=DEV), DEV),
        (Toolchains(FAST, None, fallback=DEV), DEV),
        (Toolchains(FAST, RELEASE), RELEASE),
        (Toolchains(RELEASE, DEV), RELEASE),
        (Toolchains(DEV, DEV, remark="no tcc"), DEV),
    ],
)
def test_without_fast_the_one_that_helped_it_searches_else_the_one_that_proves(
    toolchains: Toolchains, searches: Toolchain
) -> None:
    assert toolchains.real.search == searches
    assert toolchains.real.fallback is None
    assert (toolchains.real.proof, toolchains.real.remark) == (toolchains.proof, toolchains.remark)
    assert toolchains.real.real == toolchains.real


def test_where_release_alone_shows_the_bug_it_searches_and_proves() -> None:
    auto = Toolchains(FAST, DEV, DEV, release=RELEASE)
    assert auto.by_release == Toolchains(RELEASE, RELEASE)
    assert Toolchains(FAST, None, DEV, release=RELEASE).by_release == Toolchains(RELEASE)
    assert Toolchains(FAST, DEV, DEV).by_release == Toolchains(DEV, DEV)


def test_its_verdicts_count_only_then() -> None:
    auto = Toolchains(FAST, DEV, DEV, release=RELEASE)
    assert RELEASE not in auto.used and RELEASE not in auto.real.used
    assert auto.by_release.used == (RELEASE, RELEASE)


def test_where_there_is_no_other_fast_remains() -> None:
    assert Toolchains(FAST).real == Toolchains(FAST)


def test_other_roles_are_another_hunt() -> None:
    several = [
        Toolchains(FAST),
        Toolchains(DEV),
        Toolchains(DEV, DEV),
        Toolchains(DEV, RELEASE),
        Toolchains(FAST, DEV),
        Toolchains(FAST, DEV, DEV),
        Toolchains(FAST, None, DEV),
    ]
    assert len({toolchains.identity for toolchains in several}) == len(several)
    assert Toolchains(DEV, remark="x").identity == Toolchains(DEV).identity


def test_the_users_own_variables_win() -> None:
    variables = dict(toolchain("dev", {"OPT_CFLAGS": "-O1", "USE_OPENSSL": "1"}).variables)
    assert variables["OPT_CFLAGS"] == "-O1"
    assert variables["USE_OPENSSL"] == "1"


def test_the_same_things_have_the_same_identity() -> None:
    assert toolchain() == toolchain()


def test_whatever_changes_the_result_changes_the_identity() -> None:
    identities = {
        toolchain("dev").identity,
        toolchain("release").identity,
        toolchain("dev", {"USE_OPENSSL": "1"}).identity,
        toolchain("dev", {"USE_OPENSSL": "1", "DEBUG": "-g"}).identity,
        Dev.of(MAKE, replace(COMPILER, identity="other"), LUA, {}).identity,
        Dev.of(MAKE, replace(COMPILER, version="gcc 13"), LUA, {}).identity,
        Dev.of(MAKE, COMPILER, replace(LUA, identity="other"), {}).identity,
        Dev.of(MAKE, COMPILER, replace(LUA, include=Path("/elsewhere")), {}).identity,
    }
    assert len(identities) == 8


def test_make_words_are_names_and_values() -> None:
    assert parse_make(["A=1", "B=", "C=-O2 -g=1", "A=2"]) == {"A": "2", "B": "", "C": "-O2 -g=1"}
    assert parse_make([]) == {}


@pytest.mark.parametrize("word", ["A", "=1", "-j=4", "A B=1", "A:=1", ""])
def test_a_make_word_without_name_or_value_is_told(word: str) -> None:
    with pytest.raises(ValueError, match=f"^{word}$"):
        parse_make(["GOOD=1", word])


# --- features -------------------------------------------------------------------------------------

SYSTEM = Library("openssl", "3.0.19", "system")
FETCHED = Library("openssl", "3.0.19", "fetched", "/w/include", "/w/lib")


def knows(*options: str) -> Callable[[str], str]:
    return lambda path: " ".join(f"USE_{option}" for option in options)


def test_a_toolchain_without_features_is_the_same_at_each_revision() -> None:
    assert DEV.at(knows("OPENSSL")) is DEV
    assert DEV.with_features({"LUA"}, ()).at(knows("OPENSSL")).identity == DEV.identity


def test_a_revision_that_knows_a_feature_is_built_with_it() -> None:
    made = DEV.with_features({"OPENSSL"}, [SYSTEM])
    there, not_there = made.at(knows("OPENSSL")), made.at(knows("ZLIB"))
    assert dict(there.variables) == {**dict(DEV.variables), "USE_OPENSSL": "1"}
    assert there.identity != DEV.identity
    assert (not_there.variables, not_there.identity) == (DEV.variables, DEV.identity)
    other = DEV.with_features({"OPENSSL"}, [replace(SYSTEM, identity="updated")])
    assert other.at(knows("OPENSSL")).identity != there.identity


def test_a_library_that_no_compiler_finds_is_found_when_haproxy_runs_too() -> None:
    own = toolchain("dev", {"ADDLIB": "-lx"}).with_features({"OPENSSL"}, [FETCHED])
    variables = dict(own.at(knows("OPENSSL")).variables)
    assert variables["ADDINC"] == "-I/w/include"
    assert variables["ADDLIB"] == "-lx -L/w/lib -Wl,-rpath=/w/lib"


def test_make_variables_of_the_user_stand_above_what_a_test_asks_for() -> None:
    without = toolchain("dev", {"USE_OPENSSL": ""}).with_features({"OPENSSL", "ZLIB"}, [SYSTEM])
    assert without.features == ("ZLIB",)
    own = toolchain("dev", {"USE_OPENSSL": "1"}).with_features((), [FETCHED])
    assert own.features == ()
    assert dict(own.at(knows()).variables)["ADDINC"] == "-I/w/include"


def test_more_make_variables_make_what_they_make_from_the_start() -> None:
    more = toolchain("dev", {"USE_A": "1"}).with_make({"USE_A": "0", "USE_B": "1"})
    whole = toolchain("dev", {"USE_A": "1", "USE_B": "1"})
    assert (dict(more.variables), more.asked) == (dict(whole.variables), whole.asked)
    plain = toolchain("dev", {"USE_A": "1"})
    assert {more.identity, more.kin}.isdisjoint({plain.identity, plain.kin})
    assert plain.with_make({"USE_A": "0"}) is plain
