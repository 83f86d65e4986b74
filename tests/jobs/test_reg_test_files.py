"""The files of a revision's reg-tests, as VTest gets them."""

from __future__ import annotations

from collections.abc import Mapping

import pygit2
import pytest
from pygit2.enums import FileMode

from bisector.git.object_store import private_store
from bisector.jobs import reg_test_files
from bisector.jobs.reg_test_files import exported
from bisector.system import cache
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

VTC = 'vtest "a test"\n'


class Exporter:
    """Trees with whatever entries."""

    def __init__(self, clone: Clone, workspace: Workspace) -> None:
        self.clone, self.workspace = clone, workspace
        self.store = private_store(clone.git, workspace)

    def tree(self, files: Mapping[str, tuple[str, FileMode]]) -> str:
        """The id of a tree with *files* below reg-tests/, or below the root if named with a `/`."""
        index = pygit2.Index()
        for path, (content, mode) in files.items():
            blob = self.clone.git.create_blob(content.encode())
            place = path.removeprefix("/") if path.startswith("/") else f"reg-tests/{path}"
            index.add(pygit2.IndexEntry(place, blob, mode))
        return str(index.write_tree(self.clone.git))


@pytest.fixture
def exporter(clone: Clone, workspace: Workspace) -> Exporter:
    return Exporter(clone, workspace)


def test_files_modes_and_links_that_stay_inside_are_there(exporter: Exporter) -> None:
    tree = exporter.tree(
        {
            "ssl/common.pem": ("key", FileMode.BLOB),
            "ssl/run.sh": ("#!/bin/sh", FileMode.BLOB_EXECUTABLE),
            "lua/common.pem": ("../ssl/common.pem", FileMode.LINK),
            "lua/certs": ("../ssl", FileMode.LINK),
        }
    )
    with exported(exporter.workspace, exporter.store, tree) as home:
        root = home / "reg-tests"
        assert (root / "lua/common.pem").read_text() == "key"
        assert (root / "lua/certs/common.pem").read_text() == "key"
        assert (root / "ssl/run.sh").stat().st_mode & 0o111
        assert not (root / "ssl/common.pem").stat().st_mode & 0o111


@pytest.mark.parametrize(
    "links",
    [
        {"a": "/etc/passwd"},
        {"a": "../outside"},
        {"x/a": "../../../../outside"},
        {"x/here": "..", "a": "x/here/../../outside"},  # inside, as far as the text goes
    ],
)
def test_links_that_lead_out_are_not(exporter: Exporter, links: Mapping[str, str]) -> None:
    entries = {name: (target, FileMode.LINK) for name, target in links.items()}
    tree = exporter.tree({"keep": ("", FileMode.BLOB), **entries})
    with exported(exporter.workspace, exporter.store, tree) as home:
        root = home / "reg-tests"
        assert (root / "keep").exists()
        (bad,) = (name for name in links if name.endswith("a"))
        assert not (root / bad).is_symlink()


def test_in_place_of_a_link_to_another_file_of_the_tree_is_a_copy(exporter: Exporter) -> None:
    """As in upstream's mailers/healthcheckmail.vtc."""

    def tree(content: str) -> str:
        files = {
            "/examples/x.lua": (content, FileMode.BLOB),
            "/examples/again": ("x.lua", FileMode.LINK),
            "mailers/x.lua": ("../../examples/x.lua", FileMode.LINK),
            "mailers/again": ("../../examples/again", FileMode.LINK),
        }
        return exporter.tree(files)

    with (
        exported(exporter.workspace, exporter.store, tree("-- old")) as old,
        exported(exporter.workspace, exporter.store, tree("-- new")) as new,
    ):
        assert old != new, "its content is part of what is exported"
        for home, content in ((old, "-- old"), (new, "-- new")):
            assert (home / "reg-tests/mailers/x.lua").read_text() == content
            assert not (home / "reg-tests/mailers/x.lua").is_symlink()
            assert not (home / "reg-tests/mailers/again").exists(), "one link is followed"


def test_a_tree_without_reg_tests_has_none(exporter: Exporter) -> None:
    tree = exporter.clone.commit({}, subject="MINOR: nothing")
    with exported(exporter.workspace, exporter.store, tree) as home:
        assert list(home.rglob("*.vtc")) == []


def test_they_are_written_once_and_stay_while_they_are_used(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = exporter.tree({"a.vtc": (VTC, FileMode.BLOB)})
    with exported(exporter.workspace, exporter.store, tree) as home:
        cache.clear(exporter.workspace)
        assert (home / "reg-tests/a.vtc").read_text() == VTC
    monkeypatch.setattr(reg_test_files, "_export", None)
    with exported(exporter.workspace, exporter.store, tree) as again:
        assert again == home
    cache.clear(exporter.workspace)
    assert not home.exists()
