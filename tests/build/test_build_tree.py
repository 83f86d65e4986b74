"""A build tree holds exactly one revision's sources and no outdated objects."""

from __future__ import annotations

import math
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pygit2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pygit2.enums import FileMode

from bisector.build.build_tree import BuildTree
from bisector.errors import WorkspaceProblem
from bisector.system.workspace import Workspace


@dataclass(frozen=True)
class Link:
    to: str


@dataclass(frozen=True)
class Program:
    text: str


Files = Mapping[str, "str | Link | Program"]
CHAIN = "gcc -O0"
OBJECTS = ("src/a.o", "src/b.o")
RULES = {
    "src/a.o": "src/a.o: \\\n  src/a.c \\\n  include/haproxy/x.h\n",
    "src/b.o": "src/b.o: src/b.c include/haproxy/both-x.h /usr/include/stdio.h\n",
}


class Place:
    """A build tree with the store that it is filled from."""

    def __init__(self, path: Path) -> None:
        self.store = pygit2.init_repository(str(path / "store"), bare=True)
        self.folder = path / "dev-0"
        self.folder.mkdir()
        self.marker = path / "dev-0.state"
        self.workspace = Workspace(path / "workspace")

    def tree(self, files: Files) -> str:
        index = pygit2.Index()
        for path, content in files.items():
            mode, text = FileMode.BLOB, content
            if isinstance(content, Link):
                mode, text = FileMode.LINK, content.to
            elif isinstance(content, Program):
                mode, text = FileMode.BLOB_EXECUTABLE, content.text
            blob = self.store.create_blob(str(text).encode())
            index.add(pygit2.IndexEntry(path, blob, mode))
        return str(index.write_tree(self.store))

    def checkout(self, files: Files, toolchain: str = CHAIN) -> None:
        """As a build begins; a new BuildTree each time, as in another process."""
        BuildTree(self.folder, self.store, self.workspace).checkout(self.tree(files), toolchain)

    def build(self, files: Files, *built: str, toolchain: str = CHAIN) -> None:
        """Check out, build the named files, and keep."""
        self.checkout(files, toolchain)
        for name in built:
            (self.folder / name).write_text("built")
            if rule := RULES.get(name):
                (self.folder / name).with_suffix(".d").write_text(rule)
        BuildTree(self.folder, self.store, self.workspace).trust(self.tree(files), toolchain)

    @property
    def holds(self) -> dict[str, str | Link | Program]:
        """Without what the compiler wrote about the objects that are there."""
        found: dict[str, str | Link | Program] = {}
        for path in sorted(self.folder.rglob("*")):
            name = str(path.relative_to(self.folder))
            if path.is_symlink():
                found[name] = Link(str(path.readlink()))
            elif path.is_file() and not (path.suffix == ".d" and path.with_suffix(".o").exists()):
                text = path.read_text()
                found[name] = Program(text) if os.access(path, os.X_OK) else text
        return found


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def runs(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o111)


# --- what lies there ------------------------------------------------------------------------------

ONE: Files = {"Makefile": "1", "src/a.c": "a", "src/b.c": "b", "include/haproxy/x.h": "x"}


def test_a_revisions_files_are_written(place: Place) -> None:
    files: Files = {**ONE, "run": Program("#!/bin/sh"), "link": Link("src/a.c")}
    place.checkout(files)
    assert place.holds == files
    assert runs(place.folder / "run")
    assert not runs(place.folder / "Makefile")


def test_a_file_that_no_build_reads_is_not_written(place: Place) -> None:
    place.checkout({**ONE, "doc/intro.txt": "1", "reg-tests/x.vtc": "1", "CHANGELOG": "1"})
    assert place.holds == ONE
    place.build(ONE)
    place.checkout({**ONE, "doc/intro.txt": "2"})
    assert place.holds == ONE


def test_only_the_differences_of_the_next_revision_are_written(place: Place) -> None:
    place.build(ONE)
    old = (place.folder / "src/b.c").stat()
    place.checkout({**ONE, "src/a.c": "changed"})
    assert place.holds == {**ONE, "src/a.c": "changed"}
    new = (place.folder / "src/b.c").stat()
    assert (new.st_ino, new.st_mtime_ns) == (old.st_ino, old.st_mtime_ns)


def test_removed_files_are_deleted_with_the_folders_left_empty(
    place: Place,
) -> None:
    place.build({**ONE, "addons/x/y/z.c": "z"})
    place.checkout(ONE)
    assert place.holds == ONE
    assert not (place.folder / "addons").exists()


CHANGES: dict[str, tuple[Files, Files]] = {
    "file to folder": ({"x": "1"}, {"x/y.c": "2"}),
    "file to link": ({"x": "1"}, {"x": Link("Makefile")}),
    "link to file": ({"x": Link("Makefile")}, {"x": "1"}),
    "link to another": ({"x": Link("Makefile")}, {"x": Link("src")}),
    "link to folder": ({"x": Link("src")}, {"x/a.c": "2"}),
    "folder to file": ({"x/y.c": "1", "x/z/a.c": "1"}, {"x": "2"}),
    "folder to link": ({"x/y.c": "1", "x/z/a.c": "1"}, {"x": Link("Makefile")}),
    "becomes a program": ({"x": "1"}, {"x": Program("1")}),
    "is no program any more": ({"x": Program("1")}, {"x": "1"}),
    "another program": ({"x": Program("1")}, {"x": Program("2")}),
    "renamed": ({"x/y.c": "1"}, {"x/z.c": "1"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_entry_is_replaced_by_one_of_another_kind(place: Place, change: str) -> None:
    before, after = CHANGES[change]
    place.build({**ONE, **before})
    place.checkout({**ONE, **after})
    assert place.holds == {**ONE, **after}


@pytest.mark.parametrize("after", ["2", Link("Makefile")])
def test_build_products_are_deleted_with_their_folder(place: Place, after: str | Link) -> None:
    place.build({**ONE, "x/y.c": "1"}, "x/y.o", "x/generated.h")
    place.checkout({**ONE, "x": after})
    assert place.holds == {**ONE, "x": after}


def test_a_link_is_replaced_and_not_followed(place: Place, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.c").write_text("precious")
    place.build({**ONE, "sub": Link(str(outside)), "file": Link(str(outside / "x.c"))})
    place.checkout({**ONE, "sub/x.c": "new", "file": "new"})
    assert (outside / "x.c").read_text() == "precious"
    assert place.holds == {**ONE, "sub/x.c": "new", "file": "new"}


@pytest.mark.parametrize("where", ["src", "new"])
def test_a_link_that_a_build_put_in_place_of_a_folder_is_not_followed(
    place: Place, tmp_path: Path, where: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.c").write_text("precious")
    place.build(ONE)
    if where == "src":
        (place.folder / "src").rename(place.folder / "away")
    (place.folder / where).symlink_to(outside)
    place.checkout({**ONE, f"{where}/a.c": "changed"})
    assert (outside / "a.c").read_text() == "precious"
    assert place.holds == {**ONE, f"{where}/a.c": "changed"}


def test_folders_that_are_very_deep_or_not_writable_are_deleted(place: Place) -> None:
    deep = place.folder / "deep"
    script = 'mkdir "$0" && cd "$0" && for n in $(seq 1500); do mkdir d && cd d || exit; done'
    subprocess.run(["sh", "-c", script, deep], check=True)
    (place.folder / "closed" / "inner").mkdir(parents=True)
    (place.folder / "closed").chmod(0)
    try:
        place.checkout(ONE)
        assert place.holds == ONE
    finally:  # pytest could not
        subprocess.run(["rm", "-rf", deep], check=True)


Contents = st.sampled_from(["1", "2", Program("1"), Link("src")])
Names = st.sampled_from(["Makefile", "a.c", "src/a.c", "src/x", "src/x/a.c", "x.h", "VERSION"])
Revisions = st.dictionaries(Names, Contents, max_size=5).filter(
    lambda files: not {"src/x", "src/x/a.c"} <= files.keys()
)


@settings(max_examples=30)
@given(st.lists(Revisions, min_size=1, max_size=4))
def test_after_any_sequence_the_tree_holds_the_last_revision(
    tmp_path_factory: pytest.TempPathFactory, revisions: list[Files]
) -> None:
    place = Place(tmp_path_factory.mktemp("place"))
    for files in revisions:
        place.build(files)
    assert place.holds == revisions[-1]


# --- what was built from it -----------------------------------------------------------------------


def objects(place: Place) -> set[str]:
    return {str(path.relative_to(place.folder)) for path in place.folder.rglob("*.o")}


def test_objects_of_unchanged_sources_are_kept(place: Place) -> None:
    place.build(ONE, *OBJECTS)
    place.checkout({**ONE, "src/a.c": "changed"})
    assert objects(place) == {"src/b.o"}


def test_the_object_of_a_removed_source_is_deleted(place: Place) -> None:
    place.build(ONE, *OBJECTS)
    place.checkout({name: text for name, text in ONE.items() if name != "src/b.c"})
    assert objects(place) == {"src/a.o"}


@pytest.mark.parametrize("name", ["Makefile", "include/make/options.mk"])
def test_a_changed_rule_of_make_deletes_all_objects(place: Place, name: str) -> None:
    place.build(ONE, *OBJECTS)
    place.checkout({**ONE, name: "changed"})
    assert objects(place) == set()


def test_a_changed_header_deletes_the_objects_that_were_compiled_with_it(place: Place) -> None:
    place.build(ONE, *OBJECTS)
    place.checkout({**ONE, "include/haproxy/x.h": "changed"})
    assert objects(place) == {"src/b.o"}
    assert not (place.folder / "src/a.d").exists()


def test_a_new_header_deletes_the_objects_that_may_find_it_first(place: Place) -> None:
    place.build(ONE, *OBJECTS)
    place.checkout({**ONE, "src/x.h": "found before the other x.h"})
    assert objects(place) == {"src/b.o"}
    place.build(ONE, *OBJECTS)
    place.checkout({**ONE, "include/haproxy/new.h": "1"})
    assert objects(place) == set(OBJECTS)


@pytest.mark.parametrize("rule", ["", "torn"])
def test_an_object_of_unknown_dependencies_is_deleted_by_any_change(
    place: Place, rule: str
) -> None:
    place.build(ONE, *OBJECTS)
    (place.folder / "src/a.d").write_text(rule)
    (place.folder / "src/b.d").unlink()
    place.checkout({**ONE, "include/haproxy/other.h": "changed"})
    assert objects(place) == set()


def test_a_link_in_the_place_of_a_rule_is_not_followed(place: Place, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text(RULES["src/b.o"])
    place.build(ONE, *OBJECTS)
    (place.folder / "src/b.d").unlink()
    (place.folder / "src/b.d").symlink_to(outside)
    place.checkout({**ONE, "src/a.c": "changed"})
    assert objects(place) == set()
    assert outside.exists()


def test_for_make_all_sources_are_older_than_all_objects(place: Place) -> None:
    """Else make would compile every object after any changed header."""
    place.build(ONE, *OBJECTS)
    place.checkout({**ONE, "include/haproxy/new.h": "1", "include/make.h": "1"})
    sources = [place.folder / name for name in ONE] + [place.folder / "include/haproxy/new.h"]
    oldest = min((place.folder / name).stat().st_mtime for name in OBJECTS)
    assert all(path.stat().st_mtime < oldest for path in sources)


@pytest.mark.parametrize("name", ["Makefile", "include/make/x.mk", "VERSION", "src/a $(reboot).c"])
def test_other_files_of_a_build_are_deleted_if_anything_executable_changes(
    place: Place, name: str
) -> None:
    planted = ("GNUmakefile", "src/planted.h", *OBJECTS)
    for before, after in ((ONE, {**ONE, name: "evil"}), ({**ONE, name: "evil"}, ONE)):
        place.build(before, *planted)
        place.checkout(after)
        assert place.holds == after


def test_other_files_of_a_build_are_kept_if_only_sources_change(place: Place) -> None:
    place.build(ONE, ".build_opts", *OBJECTS)
    place.checkout({**ONE, "src/a.c": "changed"})
    assert (place.folder / ".build_opts").exists()


def test_a_removed_header_deletes_the_objects_that_were_compiled_with_it(place: Place) -> None:
    place.build({**ONE, "include/haproxy/both-x.h": "1"}, *OBJECTS)
    place.checkout(ONE)
    assert objects(place) == {"src/a.o"}


def test_the_binary_is_always_rebuilt(place: Place) -> None:
    """A build without a binary must not find an older one."""
    place.build(ONE, "haproxy", *OBJECTS)
    place.checkout(ONE)
    assert not (place.folder / "haproxy").exists()
    assert objects(place) == set(OBJECTS)


def test_another_toolchains_objects_are_deleted(place: Place) -> None:
    place.build(ONE, *OBJECTS, toolchain="gcc -O0")
    place.checkout(ONE, toolchain="gcc -O2")
    assert place.holds == ONE


# --- which tree is the nearest --------------------------------------------------------------------


def distance(place: Place, files: Files, toolchain: str = CHAIN) -> float:
    return BuildTree(place.folder, place.store, place.workspace).distance(
        place.tree(files), toolchain
    )


def test_a_tree_is_as_far_as_it_has_to_compile_again(place: Place) -> None:
    nothing = distance(place, ONE)
    place.build(ONE, *OBJECTS)
    same = distance(place, {**ONE, "doc/intro.txt": "1"})
    source = distance(place, {**ONE, "src/a.c": "changed"})
    header = distance(place, {**ONE, "include/haproxy/x.h": "changed"})
    assert 0 == same < source < header < nothing < math.inf, "nothing is there to be lost"
    assert distance(place, {**ONE, "Makefile": "changed"}) == math.inf
    assert distance(place, ONE, toolchain="gcc -O2") == math.inf


def test_a_revision_of_another_repository_is_compared_by_its_files(
    place: Place, tmp_path: Path
) -> None:
    """As each clone of CI is one: what was built from the last one is of use."""
    place.build(ONE, *OBJECTS)
    other = Place(tmp_path / "other")
    change: Files = {**ONE, "src/b.c": "changed"}
    tree = BuildTree(place.folder, other.store, place.workspace)
    assert tree.distance(other.tree(change), CHAIN) == distance(place, change) == 1
    tree.checkout(other.tree(change), CHAIN)
    assert place.holds == {**change, "src/a.o": "built"}


# --- what a kill leaves behind --------------------------------------------------------------------


def test_a_tree_without_a_state_file_is_cleared(place: Place) -> None:
    """A killed build may leave incomplete objects."""
    place.checkout(ONE)
    (place.folder / "src/a.o").write_text("torn")
    (place.folder / "src/stray").mkdir()
    place.checkout(ONE)
    assert place.holds == ONE
    assert not (place.folder / "src/stray").exists()


def test_what_a_build_did_to_a_source_is_undone(place: Place, tmp_path: Path) -> None:
    place.build(ONE, *OBJECTS)
    outside = tmp_path / "outside"
    outside.write_text("not of the tree")
    sources = {name: place.folder / name for name in ONE if name.endswith(".c")}
    first, *others = sources.values()
    first.write_text("a much longer text than the source had")
    first.chmod(0o400)
    for other in others:
        other.unlink()
        other.hardlink_to(outside)
    place.marker.unlink()
    place.checkout(ONE)
    assert place.holds == ONE
    assert outside.read_text() == "not of the tree"


def test_after_a_killed_checkout_the_tree_is_cleared(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.build(ONE, *OBJECTS)
    written: list[int] = []
    real = os.fchmod

    def killed_at_the_second(handle: int, mode: int) -> None:
        if len(written) == 1:
            raise KeyboardInterrupt
        written.append(handle)
        real(handle, mode)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fchmod", killed_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            place.checkout({**ONE, "src/a.c": "2", "src/b.c": "2"})
    assert not place.marker.exists()
    assert written

    place.checkout(ONE)
    assert place.holds == ONE, "no object is left of before"


DAMAGES = [b"", b"{", b"{}", b"[]", b"1", b"null", b"\xff", b'{"tree": "zz", "toolchain": "x"}']


@pytest.mark.parametrize("damage", [*DAMAGES, b'{"tree": 1, "toolchain": "x"}'])
def test_a_tree_with_a_damaged_state_file_is_cleared(place: Place, damage: bytes) -> None:
    place.build(ONE, *OBJECTS, toolchain="x")
    place.marker.write_bytes(damage)
    place.checkout(ONE, toolchain="x")
    assert place.holds == ONE


def test_a_state_file_with_an_unknown_tree_is_ignored(place: Place) -> None:
    place.build(ONE, *OBJECTS)
    place.marker.write_text(f'{{"tree": "{"0" * 40}", "toolchain": "{CHAIN}"}}')
    place.checkout(ONE)
    assert place.holds == ONE


def test_a_write_error_names_the_folder(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: int, mode: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fchmod", refuse)
    with pytest.raises(WorkspaceProblem, match=r"cannot write the build tree .*dev-0.*make room"):
        place.checkout(ONE)
