"""The private store reads the clone's objects; the content key covers what a build reads."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pygit2
import pytest
from pygit2.enums import FileMode

from bisector.git.object_store import NOT_BUILT, content_key, private_store
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.files import listing

# --- what makes the binary ------------------------------------------------------------------------


@pytest.fixture
def base(clone: Clone) -> str:
    return clone.commit({"doc/intro.txt": "1\n", "reg-tests/x.vtc": "1\n", "addons/a.c": "1\n"})


def key_with(clone: Clone, base: str, change: dict[str, str | None]) -> str:
    return content_key(clone.git, clone.tree(change, base))


@pytest.mark.parametrize(
    "path", ["doc/intro.txt", "reg-tests/x.vtc", "CHANGELOG", ".github/workflows/x.yml", "INSTALL"]
)
def test_a_file_that_no_build_reads_does_not_change_the_key(
    clone: Clone, base: str, path: str
) -> None:
    assert key_with(clone, base, {path: "2\n"}) == key_with(clone, base, {})


@pytest.mark.parametrize(
    "path",
    ["src/haproxy.c", "include/haproxy/x.h", "Makefile", "addons/a.c", "VERSION", "unheard-of/x"],
)
def test_a_file_that_a_build_may_read_changes_the_key(clone: Clone, base: str, path: str) -> None:
    assert key_with(clone, base, {path: "2\n"}) != key_with(clone, base, {})


def test_a_source_that_becomes_a_link_or_a_program_changes_the_key(clone: Clone) -> None:
    """Its content may be the same."""
    blob = clone.git.create_blob(b"include")
    keys = set()
    for mode in (FileMode.BLOB, FileMode.BLOB_EXECUTABLE, FileMode.LINK):
        tree = clone.git.TreeBuilder()
        tree.insert("x", blob, mode)
        keys.add(content_key(clone.git, str(tree.write())))
    assert len(keys) == 3


def test_a_removed_source_changes_the_key(clone: Clone, base: str) -> None:
    assert key_with(clone, base, {"addons/a.c": None}) != key_with(clone, base, {})


def test_a_name_counts_at_the_top_only(clone: Clone, base: str) -> None:
    """A folder src/doc is not the folder doc."""
    assert key_with(clone, base, {"src/doc/x": "2\n"}) != key_with(clone, base, {})


def test_the_same_content_has_the_same_key_in_every_commit(clone: Clone, base: str) -> None:
    later = clone.commit({"src/haproxy.c": "2\n"})
    back = clone.commit({"src/haproxy.c": "int main(void) { return 0; }\n"})
    keys = [content_key(clone.git, commit) for commit in (base, later, back)]
    assert keys[0] == keys[2] != keys[1]


def test_every_file_that_the_makefile_reads_is_part_of_the_key() -> None:
    assert not NOT_BUILT & {"Makefile", "include", "src", "addons", "VERSION", "VERDATE", "SUBVERS"}


# --- the private store ----------------------------------------------------------------------------


def test_the_store_reads_the_clones_objects_and_writes_only_its_own(
    clone: Clone, workspace: Workspace
) -> None:
    commit = clone.commit({})
    before = listing(clone.path)
    store = private_store(clone.git, workspace)
    assert commit in store
    mine = store.create_blob(b"a patched file")
    assert mine in store
    assert str(mine) not in pygit2.Repository(str(clone.path))
    assert listing(clone.path) == before
    assert Path(store.path).is_relative_to(workspace.root)


def test_an_interrupted_creation_leaves_no_store(
    clone: Clone, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = clone.commit({})

    def killed(path: str, bare: bool) -> None:
        Path(path).mkdir()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pygit2, "init_repository", killed)
        with pytest.raises(KeyboardInterrupt):
            private_store(clone.git, workspace)
    assert commit in private_store(clone.git, workspace)


def test_a_commit_made_after_the_store_is_readable(clone: Clone, workspace: Workspace) -> None:
    clone.commit({})
    private_store(clone.git, workspace)
    later = clone.commit({"src/haproxy.c": "2\n"})
    assert later in private_store(clone.git, workspace)


def test_the_same_clone_has_the_same_store_and_another_clone_another(
    tmp_path: Path, workspace: Workspace
) -> None:
    one, other = Clone(tmp_path / "one"), Clone(tmp_path / "other")
    for made in (one, other):
        made.commit({})
    paths = [private_store(made.git, workspace).path for made in (one, other, one)]
    assert paths[0] == paths[2] != paths[1]


def test_a_linked_work_trees_objects_are_the_main_ones(
    clone: Clone, workspace: Workspace, tmp_path: Path
) -> None:
    commit = clone.commit({})
    linked = clone.git.add_worktree("linked", str(tmp_path / "linked"))
    tree = pygit2.Repository(linked.path)
    store = private_store(tree, workspace)
    assert commit in store
    assert store.path == private_store(clone.git, workspace).path


def test_the_clones_own_alternates_are_readable(tmp_path: Path, workspace: Workspace) -> None:
    """`git clone --shared`, twice: the last one has no object of its own; one path is relative."""
    first = Clone(tmp_path / "first")
    commit = first.commit({})
    second = Clone(tmp_path / "second", bare=True)
    third = Clone(tmp_path / "third", bare=True)
    pointer = "objects/info/alternates"
    (second.path / pointer).write_text("# a comment\n../../first/.git/objects\n")
    (third.path / pointer).write_text(f"{second.path / 'objects'}\n")
    store = private_store(pygit2.Repository(str(third.path)), workspace)
    assert commit in store


def test_alternates_that_the_clone_gets_later_are_readable(
    tmp_path: Path, workspace: Workspace
) -> None:
    lender, clone = Clone(tmp_path / "lender"), Clone(tmp_path / "clone")
    commit = lender.commit({})
    assert commit not in private_store(clone.git, workspace)
    (clone.path / ".git/objects/info").mkdir(exist_ok=True)
    (clone.path / ".git/objects/info/alternates").write_text(f"{lender.path / '.git/objects'}\n")
    assert commit in private_store(clone.git, workspace)


def test_git_fsck_finds_no_fault_in_the_store(clone: Clone, workspace: Workspace) -> None:
    clone.commit({})
    store = private_store(clone.git, workspace)
    checked = subprocess.run(
        ["git", "-C", store.path, "fsck", "--strict"], capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
