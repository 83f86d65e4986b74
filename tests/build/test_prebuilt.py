"""Prebuilt sources: kept in little room, linked to what a build makes, and never if damaged."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bisector.build import compiling, linking
from bisector.build.binaries import Build
from bisector.build.linking import Link
from bisector.build.prebuilt import Prebuilt, Source, Writer
from bisector.errors import DamagedStore, UsageProblem, WorkspaceProblem
from bisector.system import cache
from bisector.system.slots import Slot
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.tiny_haproxy import TinyHAProxy

ONE, TWO = Source("t1", "gcc", "k1"), Source("t2", "gcc", "k2")
LINK = Link(("-o", "haproxy", "src/a.o", "src/b.o", "-lm", "/usr/lib/crt.o"))
NOISE = random.Random(0).randbytes(30_000)


@pytest.fixture
def prebuilt(workspace: Workspace) -> Prebuilt:
    return Prebuilt(workspace)


def objects(folder: Path, contents: Mapping[str, bytes]) -> Path:
    for path, content in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def unpacked(prebuilt: Prebuilt, source: Source, folder: Path) -> dict[str, bytes]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    assert prebuilt.unpack(source, folder) == LINK
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def run(statement: str, prebuilt: Prebuilt) -> None:
    with sqlite3.connect(prebuilt.file) as base:
        base.execute(statement)


# --- objects --------------------------------------------------------------------------------------


def test_the_objects_of_a_source_come_out_as_they_went_in(
    prebuilt: Prebuilt, tmp_path: Path
) -> None:
    contents = {"src/a.o": b"a" * 1000, "src/b.o": NOISE}
    Writer(prebuilt).add(ONE, LINK, objects(tmp_path / "tree", contents))
    assert unpacked(prebuilt, ONE, tmp_path / "out") == contents
    assert prebuilt.unpack(TWO, tmp_path) is None


def test_an_object_is_kept_once_and_a_changed_one_as_its_difference(
    prebuilt: Prebuilt, tmp_path: Path
) -> None:
    writer = Writer(prebuilt)
    before = {"src/a.o": NOISE, "src/b.o": b"b"}
    writer.add(ONE, LINK, objects(tmp_path / "tree", before))
    after = before | {"src/a.o": NOISE[:9000] + b"other" + NOISE[9000:]}
    writer.add(TWO, LINK, objects(tmp_path / "tree", after))
    assert unpacked(prebuilt, ONE, tmp_path / "out") == before
    assert unpacked(prebuilt, TWO, tmp_path / "out") == after
    with sqlite3.connect(prebuilt.file) as base:
        sizes = [size for (size,) in base.execute("SELECT length(data) FROM object ORDER BY id")]
    assert len(sizes) == 3
    assert sizes[2] < 100 < 30_000 < sizes[0] + 100


def test_what_differs_too_much_becomes_the_base_of_what_follows(
    prebuilt: Prebuilt, tmp_path: Path
) -> None:
    writer = Writer(prebuilt)
    other = random.Random(1).randbytes(30_000)
    steps = [NOISE, other, other + b"1", NOISE + b"2"]
    for number, content in enumerate(steps):
        tree = objects(tmp_path / "tree", {"src/a.o": content, "src/b.o": b"b"})
        writer.add(replace(ONE, key=f"{number}"), LINK, tree)
    with sqlite3.connect(prebuilt.file) as base:
        rows = base.execute("SELECT base FROM object WHERE id != 2 ORDER BY id")
        assert [number is None for (number,) in rows] == [True, True, False, True]
    for number, content in enumerate(steps):
        found = unpacked(prebuilt, replace(ONE, key=f"{number}"), tmp_path / "out")
        assert found["src/a.o"] == content


def test_another_writer_goes_on_with_the_objects_that_are_there(
    prebuilt: Prebuilt, tmp_path: Path
) -> None:
    """As each day's job does: else the file would grow by whole objects every time."""
    contents = {"src/a.o": NOISE, "src/b.o": b"b"}
    Writer(prebuilt).add(ONE, LINK, objects(tmp_path / "tree", contents))
    changed = contents | {"src/a.o": NOISE + b"1"}
    Writer(prebuilt).add(TWO, LINK, objects(tmp_path / "tree", changed))
    with sqlite3.connect(prebuilt.file) as base:
        assert base.execute("SELECT count(*), count(base) FROM object").fetchone() == (3, 1)
    assert unpacked(prebuilt, TWO, tmp_path / "out") == changed


def test_a_damaged_object_is_nobodys_base(prebuilt: Prebuilt, tmp_path: Path) -> None:
    Writer(prebuilt).add(ONE, LINK, objects(tmp_path, {"src/a.o": NOISE, "src/b.o": b"b"}))
    run("UPDATE object SET data = x'00' WHERE path = 'src/a.o'", prebuilt)
    changed = {"src/a.o": NOISE + b"1", "src/b.o": b"b"}
    Writer(prebuilt).add(TWO, LINK, objects(tmp_path, changed))
    assert unpacked(prebuilt, TWO, tmp_path / "out") == changed


# --- sources --------------------------------------------------------------------------------------


def test_trees_are_listed_by_maker_without_those_that_do_not_build(
    prebuilt: Prebuilt, tmp_path: Path
) -> None:
    assert prebuilt.trees("gcc") == prebuilt.keys() == frozenset()
    writer = Writer(prebuilt)
    writer.add(ONE, LINK, objects(tmp_path, {"src/a.o": b"a", "src/b.o": b"b"}))
    writer.add_problem(TWO, "src/a.c:1: error")
    assert prebuilt.trees("gcc") == {"t1"}
    assert prebuilt.trees("tcc") == frozenset()
    assert prebuilt.keys() == {"k1", "k2"}
    assert prebuilt.problems() == {"k2": "src/a.c:1: error"}


def test_a_moved_workspace_has_its_own_path_in_the_linkers_words(
    workspace: Workspace, tmp_path: Path
) -> None:
    link = Link(("-o", "haproxy", "src/a.o", f"-L{workspace.root}/tools/lua/lib"))
    Writer(Prebuilt(workspace)).add(ONE, link, objects(tmp_path / "tree", {"src/a.o": b"a"}))
    other = Workspace(tmp_path / "other")
    shutil.copytree(workspace.root / "prebuilt", other.root / "prebuilt")
    found = Prebuilt(other).unpack(ONE, tmp_path / "out")
    assert found == Link((*link.words[:3], f"-L{other.root}/tools/lua/lib"))


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE object SET data = zeroblob(9) WHERE id = 1",
        "UPDATE object SET data = (SELECT data FROM object WHERE id = 2) WHERE id = 1",
        "DELETE FROM object WHERE id = 1",
        "UPDATE source SET objects = zeroblob(4) WHERE key = 'k1'",
        "UPDATE source SET objects = zeroblob(3) WHERE key = 'k1'",
        "UPDATE link SET words = replace(words, 'src/a.o', '../a.o')",
    ],
)
def test_what_is_damaged_is_not_taken_and_is_forgotten(
    prebuilt: Prebuilt, tmp_path: Path, damage: str
) -> None:
    contents = {"src/a.o": NOISE, "src/b.o": b"b"}
    Writer(prebuilt).add(ONE, LINK, objects(tmp_path / "tree", contents))
    run(damage, prebuilt)
    assert prebuilt.unpack(ONE, tmp_path / "out") is None
    assert not (tmp_path / "out").exists()
    assert prebuilt.keys() == frozenset()


def test_a_file_that_is_no_store_counts_as_absent_and_is_not_overwritten(
    prebuilt: Prebuilt, tmp_path: Path
) -> None:
    prebuilt.folder.mkdir(parents=True)
    prebuilt.file.write_bytes(b"something else" * 1000)
    assert prebuilt.trees("gcc") == frozenset()
    assert prebuilt.unpack(ONE, tmp_path) is None
    with pytest.raises(WorkspaceProblem, match="not a database"):
        Writer(prebuilt).add_problem(ONE, "")


def test_sources_are_taken_from_another_workspace(prebuilt: Prebuilt, tmp_path: Path) -> None:
    other, writer = Workspace(tmp_path / "other"), Writer(prebuilt)
    first = {"src/a.o": NOISE, "src/b.o": b"b"}
    second = {"src/a.o": NOISE + b"1", "src/b.o": b"b"}
    for source, contents in ((ONE, first), (TWO, second)):
        writer.add(source, LINK, objects(tmp_path / "tree", contents))
    writer.add_problem(replace(ONE, key="k3"), "src/a.c:1: error")
    # there, what is a base here is the difference to something else
    own = Writer(Prebuilt(other))
    own.add(
        replace(ONE, key="k4"), LINK, objects(tmp_path / "tree", first | {"src/a.o": NOISE[9:]})
    )
    own.add(replace(ONE, key="k5"), LINK, objects(tmp_path / "tree", first))

    assert Prebuilt(other).take(prebuilt.file, ["k2", "k3", "k9"]) == 1
    assert Prebuilt(other).keys() == {"k2", "k4", "k5"}
    assert unpacked(Prebuilt(other), TWO, tmp_path / "out") == second
    assert unpacked(Prebuilt(other), replace(ONE, key="k5"), tmp_path / "out") == first
    assert Prebuilt(other).take(prebuilt.file, ["k1", "k2"]) == 1


@pytest.mark.parametrize("content", [None, b"", b"something else" * 1000])
def test_a_file_to_take_from_that_is_none_is_the_users_mistake(
    prebuilt: Prebuilt, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "other.sqlite"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageProblem, match=r"cannot take prebuilt sources from .*other\.sqlite"):
        prebuilt.take(file, ["k1"])


def test_a_damaged_object_is_not_used_again(prebuilt: Prebuilt, tmp_path: Path) -> None:
    contents = {"src/a.o": NOISE, "src/b.o": b"b"}
    Writer(prebuilt).add(ONE, LINK, objects(tmp_path / "tree", contents))
    run("UPDATE object SET data = zeroblob(9) WHERE id = 1", prebuilt)
    assert prebuilt.unpack(ONE, tmp_path / "out") is None
    Writer(prebuilt).add(ONE, LINK, tmp_path / "tree")
    assert unpacked(prebuilt, ONE, tmp_path / "out") == contents


def test_a_damaged_file_is_one_line_with_a_way_out(prebuilt: Prebuilt, tmp_path: Path) -> None:
    Writer(prebuilt).add(ONE, LINK, objects(tmp_path, {"src/a.o": NOISE, "src/b.o": b"b"}))
    whole = bytearray(prebuilt.file.read_bytes())
    whole[4096:] = b"x" * (len(whole) - 4096)
    prebuilt.file.write_bytes(whole)
    with pytest.raises(DamagedStore, match=r"cannot read .*malformed") as caught:
        prebuilt.unpack(ONE, tmp_path)
    assert caught.value.hint == f"remove {prebuilt.folder}"
    assert prebuilt.trees("gcc") == frozenset()


# --- binaries -------------------------------------------------------------------------------------


@pytest.fixture
def tiny(clone: Clone, workspace: Workspace) -> TinyHAProxy:
    return TinyHAProxy(clone, workspace)


def prebuild(tiny: TinyHAProxy, tree: str) -> Source:
    """Keep the objects of *tree* and nothing else."""
    source = Source.of(tiny.store, tree, tiny.toolchain)
    more = linking.recording(tiny.toolchain)
    with compiling.compiled(
        tiny.workspace, tiny.store, tree, tiny.toolchain, source.key, Slot(), more
    ) as made:
        assert not made.problem
        link = linking.recorded(made.folder)
        assert link and link.objects == ("src/haproxy.o", "src/a.o")
        Writer(Prebuilt(tiny.workspace)).add(source, link, made.folder)
    return source


def status(made: Build) -> int:
    return subprocess.run([made.binary], check=False).returncode


def test_a_prebuilt_source_is_linked_to_the_binary_that_a_build_makes(tiny: TinyHAProxy) -> None:
    by_make = tiny.build()
    cache.clear(tiny.workspace)
    prebuild(tiny, tiny.clone.tree({}, tiny.first))
    linked = tiny.build()
    assert (linked.problem, linked.seconds, linked.is_new) == ("", 0.0, True)
    assert linked.content == by_make.content
    assert status(linked) == 7
    again = tiny.build()
    assert (again.is_new, again.content) == (False, linked.content)


def test_another_source_is_built(tiny: TinyHAProxy) -> None:
    prebuild(tiny, tiny.clone.tree({}, tiny.first))
    made = tiny.build({"src/a.c": "int a(void) { return 1; }\n"})
    assert made.seconds > 0
    assert status(made) == 8


def test_a_source_that_does_not_link_any_more_is_built(tiny: TinyHAProxy) -> None:
    prebuild(tiny, tiny.clone.tree({}, tiny.first))
    run(
        "UPDATE link SET words = replace(words, 'haproxy\"', 'haproxy\", \"-lmissing\"')",
        Prebuilt(tiny.workspace),
    )
    made = tiny.build()
    assert made.seconds > 0
    assert status(made) == 7
    assert Prebuilt(tiny.workspace).keys() == frozenset()


def test_with_a_damaged_store_a_source_is_built_and_a_remark_says_why(tiny: TinyHAProxy) -> None:
    prebuild(tiny, tiny.clone.tree({}, tiny.first))
    file = Prebuilt(tiny.workspace).file
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"x" * (len(whole) - 4096))
    made = tiny.build()
    assert made.seconds > 0
    assert status(made) == 7
    assert f"cannot read {file}" in made.remark
