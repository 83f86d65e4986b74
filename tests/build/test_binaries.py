"""Binaries: each source is built once, and failures are attributed to the source or the machine."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bisector.build import binaries, compiling, tcc
from bisector.build.binaries import Build, build, build_key, built
from bisector.build.toolchains.fast import Fast
from bisector.errors import MissingLibrary, MissingProgram, WorkspaceProblem
from bisector.system import cache, process
from bisector.system.locks import hold
from bisector.system.process import Finished
from bisector.system.slots import Slot
from bisector.system.stop import Stop, Stopped
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.obtain import SANDBOXES
from tests.support.tiny_haproxy import LUA, MAKEFILE, TinyHAProxy
from tests.support.waiting import until, waiting

# --- building -------------------------------------------------------------------------------------


@pytest.fixture
def tiny(clone: Clone, workspace: Workspace) -> TinyHAProxy:
    return TinyHAProxy(clone, workspace)


def compiled(built: Build) -> list[str]:
    """The sources that the compiler saw."""
    words = built.log.read_text().split()
    return sorted(word for word in words if word.endswith(".c"))


def test_a_source_is_built_once_then_comes_from_the_cache(tiny: TinyHAProxy) -> None:
    made = tiny.build()
    assert not made.problem
    assert made.seconds > 0
    assert subprocess.run([made.binary], check=False).returncode == 7
    assert compiled(made) == ["src/a.c", "src/haproxy.c"]

    again = tiny.build()
    assert again == replace(made, seconds=0.0, is_new=False)
    same = tiny.build({"doc/intro.txt": "a build does not read this\n"})
    assert same == again


def test_the_next_build_compiles_only_changed_files(tiny: TinyHAProxy) -> None:
    tiny.build()
    made = tiny.build({"src/a.c": "int a(void) { return 1; }\n"})
    assert compiled(made) == ["src/a.c"]
    assert subprocess.run([made.binary], check=False).returncode == 8


def test_after_a_changed_header_only_what_includes_it_is_compiled(tiny: TinyHAProxy) -> None:
    tiny.build()
    made = tiny.build({"include/haproxy/x.h": "#define X 9\n"})
    assert compiled(made) == ["src/haproxy.c"]
    assert subprocess.run([made.binary], check=False).returncode == 9


def test_a_source_that_does_not_compile_is_a_problem_not_an_exception(tiny: TinyHAProxy) -> None:
    failed = tiny.build({"src/a.c": "int a(void) { return b; }\n"})
    assert failed.problem.startswith("src/a.c:1:")
    assert "error: 'b' undeclared" in failed.problem
    assert failed.content == ""
    assert "undeclared" in failed.log.read_text()
    assert not failed.binary.exists()


def test_an_object_that_failed_elsewhere_is_compiled_first(tiny: TinyHAProxy) -> None:
    tiny.toolchain = replace(tiny.toolchain, first="src/haproxy.o")
    made = tiny.build()
    words = json.loads((made.binary.parent / "meta.json").read_text())["make"]
    assert words.index("src/haproxy.o") < words.index("haproxy")
    assert tiny.build({"src/haproxy.c": "#error no\n"}).problem
    tiny.toolchain = replace(tiny.toolchain, first="")
    assert tiny.build().seconds == 0, "it is the same binary"


def test_a_build_reuses_the_objects_of_a_failed_one(tiny: TinyHAProxy) -> None:
    tiny.build()
    assert tiny.build({"src/a.c": "#error no\n"}).problem
    made = tiny.build({"src/a.c": "int a(void) { return 2; }\n"})
    assert compiled(made) == ["src/a.c"]
    assert subprocess.run([made.binary], check=False).returncode == 9


def test_a_binary_that_does_not_link_is_a_problem(tiny: TinyHAProxy) -> None:
    assert "undefined reference to" in tiny.build({"src/a.c": "int b;\n"}).problem


def test_a_successful_make_without_a_binary_is_a_problem(tiny: TinyHAProxy) -> None:
    made = tiny.build({"Makefile": "haproxy:\n\ttrue\n"})
    assert "no binary" in made.problem
    assert not made.binary.exists()


def test_the_toolchains_make_is_run(tiny: TinyHAProxy) -> None:
    tiny.toolchain = replace(tiny.toolchain, make="/nowhere/gmake")
    with pytest.raises(MissingProgram, match="/nowhere/gmake"):
        tiny.build()


def test_a_missing_header_or_library_is_a_failure_of_the_machine(
    tiny: TinyHAProxy,
) -> None:
    wanting = {"src/a.c": "#include <no-such/thing.h>\nint a(void) { return 0; }\n"}
    for _ in range(2):  # and that is not kept
        with pytest.raises(MissingLibrary, match=r"^no no-such/thing\.h on this machine"):
            tiny.build(wanting)
    linking = {"Makefile": MAKEFILE.replace("$@ $^", "$@ $^ -lno-such-thing")}
    with pytest.raises(
        MissingLibrary, match=r"^no -lno-such-thing on this machine.* \(log: "
    ) as one:
        tiny.build(linking)
    log = Path(one.value.hint.partition("log: ")[2].rstrip(")"))
    assert "cannot find -lno-such-thing" in log.read_text()
    assert not tiny.build().problem


def test_a_missing_header_of_haproxy_is_a_failure_of_the_revision(tiny: TinyHAProxy) -> None:
    for line in ("#include <haproxy/forgotten.h>", '#include "forgotten.h"'):
        failed = tiny.build({"src/a.c": f"{line}\nint a(void) {{ return 0; }}\n"})
        assert failed.problem.startswith("src/a.c:1:")
        assert "forgotten.h: No such file or directory" in failed.problem


def test_another_toolchain_has_another_binary(tiny: TinyHAProxy) -> None:
    tree = tiny.clone.tree({}, tiny.first)
    other = replace(tiny.toolchain, identity="other")
    assert build_key(tiny.store, tree, tiny.toolchain) != build_key(tiny.store, tree, other)


META = {"no content": "{}", "no JSON": "{", "a list": "[]", "a number": "1", "null": "null"}


@pytest.mark.parametrize("damage", ["binary", "no binary", *META])
def test_a_damaged_cache_entry_is_discarded_and_rebuilt(tiny: TinyHAProxy, damage: str) -> None:
    made = tiny.build()
    meta = made.binary.with_name("meta.json")
    if damage == "binary":
        content = bytearray(made.binary.read_bytes())
        content[len(content) // 2] ^= 1
        made.binary.write_bytes(content)
    elif damage == "no binary":
        made.binary.unlink()
    else:
        meta.write_text(META[damage])
    again = tiny.build()
    assert again.seconds > 0
    assert again.remark == f"a damaged binary in the cache was built again: {made.key}"
    assert subprocess.run([again.binary], check=False).returncode == 7
    assert tiny.build().remark == "", "which is said once"


@pytest.mark.parametrize("damage", ["binary", "meta"])
def test_a_damaged_binary_in_use_is_replaced_and_never_missing(
    tiny: TinyHAProxy, damage: str
) -> None:
    made = tiny.build()
    home, whole = made.binary.parent, made.binary.read_bytes()
    if damage == "binary":
        made.binary.write_bytes(b"#!/bin/sh\nexit 3\n")
    else:
        (home / "meta.json").write_text("{}")
    inode = home.stat().st_ino
    with hold(home):
        again = tiny.build()
        assert home.stat().st_ino == inode, "it was not moved"
        assert again.seconds > 0
        assert again.remark == f"a damaged binary in the cache was built again: {made.key}"
        assert again.binary.read_bytes() == whole
        assert subprocess.run([again.binary], check=False).returncode == 7
        assert tiny.build() == replace(again, seconds=0.0, remark="", is_new=False)
    assert sorted(path.name for path in home.iterdir()) == ["build.log", "haproxy", "meta.json"]


def test_a_running_binary_is_not_disturbed_when_it_is_replaced(tiny: TinyHAProxy) -> None:
    slow = {"src/haproxy.c": "#include <unistd.h>\nint main(void) { pause(); }\n"}
    made = tiny.build(slow)
    with hold(made.binary.parent):
        running = subprocess.Popen([made.binary])
        made.binary.with_name("meta.json").write_text("{}")
        assert tiny.build(slow).seconds > 0
        assert running.poll() is None
        running.kill()
        running.wait()


def test_a_path_that_cannot_be_replaced_is_an_error(
    tiny: TinyHAProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if another host, which shares the workspace but not its locks, had written there."""
    made = tiny.build()
    made.binary.unlink()
    monkeypatch.setattr(binaries, "_discard", lambda workspace, home: "")
    monkeypatch.setattr(binaries, "hold", lambda path: nullcontext(False))
    with pytest.raises(WorkspaceProblem, match=r"cannot keep the binary in .*not empty"):
        tiny.build()


def test_a_failed_build_is_not_cached(tiny: TinyHAProxy) -> None:
    """The machine may have been the cause."""
    failed = tiny.build({"src/a.c": "#error no\n"})
    assert tiny.build({"src/a.c": "#error no\n"}).seconds > 0
    assert not failed.binary.exists()


def test_on_a_full_disk_a_failure_is_never_the_sources(
    tiny: TinyHAProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*folders: Path, room: int = 0) -> None:
        raise WorkspaceProblem("no room")

    monkeypatch.setattr(compiling, "require_room", full)
    assert not tiny.build().problem
    with pytest.raises(WorkspaceProblem, match="no room"):
        tiny.build({"src/a.c": "#error no\n"})
    assert not list(tiny.workspace.root.glob("trees/*.state")), "half objects may be there"


def test_after_an_interrupted_build_the_tree_is_not_trusted(
    tiny: TinyHAProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.build()

    def interrupt(*words: object, cwd: Path, **more: object) -> Finished:
        (cwd / "src/a.o").write_text("torn")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(process, "run", interrupt)
        with pytest.raises(KeyboardInterrupt):
            tiny.build({"src/haproxy.c": "int main(void) { return 1; }\n"})
    made = tiny.build({"src/haproxy.c": "int main(void) { return 2; }\n"})
    assert compiled(made) == ["src/a.c", "src/haproxy.c"]
    assert subprocess.run([made.binary], check=False).returncode == 2


# --- two hunts that build the same ----------------------------------------------------------------


class Other(threading.Thread):
    """Another hunt that builds the first revision until ``may_go`` is set."""

    def __init__(self, tiny: TinyHAProxy) -> None:
        super().__init__()
        tree = tiny.clone.tree({}, tiny.first)
        self._workspace, self._key = tiny.workspace, build_key(tiny.store, tree, tiny.toolchain)
        self.has_it, self.may_go = threading.Event(), threading.Event()
        self.start()
        self.has_it.wait(10)

    def run(self) -> None:
        with self._workspace.alone_with(self._key, Stop()):
            self.has_it.set()
            self.may_go.wait(10)


def while_waiting(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> list[object]:
    """Call *act* whenever a build waits for another hunt; its results."""
    happened: list[object] = []
    pause = Stop.pause

    def watched(stop: Stop, seconds: float) -> None:
        happened.append(act())
        pause(stop, 0)

    monkeypatch.setattr(Stop, "pause", watched)
    return happened


def test_a_build_of_another_hunt_is_awaited_and_used(
    tiny: TinyHAProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tiny.build()
    aside = tmp_path / "aside"
    made.binary.parent.rename(aside)
    other = Other(tiny)

    def finish() -> None:
        if not other.may_go.is_set():
            aside.rename(made.binary.parent)
            other.may_go.set()

    assert while_waiting(monkeypatch, finish) == []
    assert tiny.build() == replace(made, seconds=0.0, is_new=False)
    other.join()


def test_if_the_other_hunt_is_killed_the_build_is_repeated(
    tiny: TinyHAProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Other(tiny)
    waited = while_waiting(monkeypatch, other.may_go.set)
    assert tiny.build().seconds > 0
    assert waited
    other.join()


def test_a_wait_for_another_hunt_can_be_cancelled(
    tiny: TinyHAProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, slot = Other(tiny), Slot(1)
    while_waiting(monkeypatch, slot.cancel)
    with pytest.raises(Stopped):
        build(tiny.workspace, tiny.store, tiny.clone.tree({}, tiny.first), tiny.toolchain, slot)
    other.may_go.set()
    other.join()


# --- called off -----------------------------------------------------------------------------------

# compiling src/haproxy.c begins its object and then takes a minute, unless it is told not to
SLOW = """\
haproxy: src/a.o src/haproxy.o
	echo '#!/bin/sh' | cat - src/a.o src/haproxy.o >$@; chmod +x $@
src/%.o: src/%.c
	@echo "  CC      $<"; echo "$@: $<" >src/$*.d; echo 'exit' >$@
	@if grep -q slow $<; then sleep 60; fi; echo 'exit 7' >$@
"""


@pytest.mark.parametrize("kind", ["", *SANDBOXES])
def test_a_build_reuses_the_complete_objects_of_a_cancelled_one(
    tiny: TinyHAProxy, kind: str, request: pytest.FixtureRequest
) -> None:
    slot = Slot(1, sandbox=request.getfixturevalue(kind) if kind else None)
    slow = tiny.clone.tree({"Makefile": SLOW, "src/haproxy.c": "slow", "src/a.c": "1"}, tiny.first)
    trees = tiny.workspace.root / "trees"

    def cancel() -> None:
        until(lambda: any(trees.glob("*/src/haproxy.o")))
        slot.cancel()

    caller = threading.Thread(target=cancel)
    caller.start()
    with pytest.raises(Stopped) as caught:
        build(tiny.workspace, tiny.store, slow, tiny.toolchain, slot)
    caller.join()
    assert caught.value.clean
    assert not any(trees.glob("*/src/haproxy.o")), "make removed what it was at"
    assert any(trees.glob("*/src/a.o"))

    quick = tiny.clone.tree(
        {"Makefile": SLOW, "src/haproxy.c": "quick", "src/a.c": "1"}, tiny.first
    )
    made = build(tiny.workspace, tiny.store, quick, tiny.toolchain)
    assert compiled(made) == ["src/haproxy.c"]
    assert subprocess.run([made.binary], check=False).returncode == 7


def test_a_killed_make_leaves_a_tree_that_is_not_trusted(
    tiny: TinyHAProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*words: object, cwd: Path, **more: object) -> Finished:
        (cwd / "src/a.o").write_text("torn")
        raise Stopped(clean=False)

    with monkeypatch.context() as patch:
        patch.setattr(process, "run", kill)
        with pytest.raises(Stopped):
            tiny.build()
    assert compiled(tiny.build()) == ["src/a.c", "src/haproxy.c"]


def test_a_build_cancelled_while_it_waits_does_not_start(tiny: TinyHAProxy) -> None:
    slot = Slot(1)
    slot.cancel()
    tree = tiny.clone.tree({}, tiny.first)
    with pytest.raises(Stopped):
        build(tiny.workspace, tiny.store, tree, tiny.toolchain, slot)
    assert not (tiny.workspace.root / "trees").exists()


def test_a_binary_built_meanwhile_is_not_built_again(tiny: TinyHAProxy) -> None:
    tree, slot = tiny.clone.tree({}, tiny.first), Slot(1)
    made: list[Build] = []
    waiter = threading.Thread(
        target=lambda: made.append(build(tiny.workspace, tiny.store, tree, tiny.toolchain, slot))
    )
    with slot.build_permits.acquired(Stop()):
        waiter.start()
        until(lambda: waiting(slot.build_permits) == 1)
        assert tiny.build().seconds > 0
    waiter.join()
    assert [one.seconds for one in made] == [0.0]


# --- the fast toolchain ---------------------------------------------------------------------------


@pytest.fixture
def fast(tiny: TinyHAProxy) -> TinyHAProxy:
    # gcc in the place of tcc: what is tested is what is made of its binary and objects
    tiny.toolchain = Fast.of(*tiny.tools, LUA, {})
    return tiny


def test_a_fast_binary_must_boot(fast: TinyHAProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Path] = []

    def boots(binary: Path, log: Path, slot: Slot) -> bool:
        tried.append(binary)
        log.write_text("Segmentation fault\n")
        return len(tried) > 1

    monkeypatch.setattr(tcc, "boots", boots)
    failed = fast.build()
    assert failed.problem == "what tcc makes of it does not boot"
    assert "Segmentation fault" in failed.log.read_text()
    assert not failed.binary.exists()
    made = fast.build()
    assert not made.problem and made.binary.exists()
    fast.build()
    assert len(tried) == 2, "what is in the cache did boot"


def test_the_boot_check_is_only_for_fast_binaries(
    tiny: TinyHAProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcc, "boots", None)
    assert not tiny.build().problem


def test_a_tree_is_not_trusted_if_tccs_binary_does_not_boot_or_link(
    fast: TinyHAProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk tcc writes an incomplete object and reports success."""
    monkeypatch.setattr(tcc, "boots", lambda binary, log, slot: log.write_text("") > 0)
    assert fast.build().problem
    monkeypatch.setattr(tcc, "boots", lambda *words: True)
    assert compiled(fast.build()) == ["src/a.c", "src/haproxy.c"]
    assert "undefined reference" in fast.build({"src/a.c": "int b;\n"}).problem
    again = fast.build({"src/a.c": "int a(void) { return 3; }\n"})
    assert compiled(again) == ["src/a.c", "src/haproxy.c"]


def test_a_tree_is_trusted_if_tcc_does_not_compile_one_file(
    fast: TinyHAProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcc, "boots", lambda *words: True)
    fast.build()
    assert fast.build({"src/a.c": "#error no\n"}).problem
    assert compiled(fast.build({"src/a.c": "int a(void) { return 2; }\n"})) == ["src/a.c"]


def test_a_header_is_missing_only_if_gcc_does_not_find_it_either(
    fast: TinyHAProxy, tmp_path: Path
) -> None:
    tcc = tmp_path / "tcc"
    fast.toolchain = replace(fast.toolchain, variables=(("CC", str(tcc)),))
    for header in ("stdatomic.h", "no-such/thing.h"):
        tcc.write_text(
            f"#!/bin/sh\necho \"src/a.c:1: error: include file '{header}' not found\"; exit 1\n"
        )
        tcc.chmod(0o755)
        if header == "stdatomic.h":
            assert fast.build().problem == f"src/a.c:1: error: include file '{header}' not found"
        else:
            with pytest.raises(MissingLibrary, match=r"^no no-such/thing\.h on this machine"):
                fast.build()


# --- the size limit -------------------------------------------------------------------------------


def test_a_new_binary_evicts_older_ones_that_are_not_in_use(tiny: TinyHAProxy) -> None:
    tiny.workspace = replace(tiny.workspace, limit=0)
    with tiny.built(1) as one, tiny.built(2) as two:
        assert one.binary.exists()
        assert two.binary.exists()
    with tiny.built(3) as three:
        assert [made.binary.exists() for made in (one, two, three)] == [False, False, True]
        assert three.log.exists()


def test_within_the_limit_nothing_is_evicted_and_evicted_binaries_are_rebuilt(
    tiny: TinyHAProxy,
) -> None:
    with tiny.built(1) as one, tiny.built(2) as two:
        pass
    assert one.binary.exists() and two.binary.exists()
    cache.clear(tiny.workspace)
    assert not one.binary.exists() and not two.binary.exists()
    with tiny.built(1) as again:
        assert again.seconds > 0
        assert subprocess.run([again.binary], check=False).returncode == 1


def test_a_binary_evicted_before_its_use_is_built_again(
    tiny: TinyHAProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = binaries.build
    evicted: list[cache.Freed] = []

    def build_and_lose(*words: Any) -> Build:
        made = real(*words)
        if not evicted:
            evicted.append(cache.clear(tiny.workspace))
        return made

    monkeypatch.setattr(binaries, "build", build_and_lose)
    with tiny.built(1) as made:
        assert evicted
        assert subprocess.run([made.binary], check=False).returncode == 1


def test_a_failed_build_is_returned(tiny: TinyHAProxy) -> None:
    tree = tiny.clone.tree({"src/a.c": "#error no\n"}, tiny.first)
    with built(tiny.workspace, tiny.store, tree, tiny.toolchain) as failed:
        assert "#error no" in failed.problem
        assert "#error no" in failed.log.read_text()


def test_using_a_cached_binary_updates_its_time_of_use(tiny: TinyHAProxy) -> None:
    made = tiny.build()
    meta = made.binary.with_name("meta.json")
    os.utime(meta, (1, 1))
    tiny.build()
    assert meta.stat().st_mtime > 1
