"""What a backport puts into a package: patches that Debian's tools take, and their place."""

from __future__ import annotations

from pathlib import Path

import pygit2
import pytest

from bisector.errors import PatchProblem, WouldOverwrite
from bisector.git.history import History
from bisector.patch import quilt_files
from bisector.patch.cherry_pick import Picked, Picker
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

FIX = "BUG/MINOR: x: return the right number"
MESSAGE = f"""{FIX}

It was one too few.

This fixes GitHub issue #123, see also issue #123. To be backported to 3.0.
"""


class Ground:
    """A fix in the clone, and packages in the private store, as an import makes them."""

    def __init__(self, clone: Clone, workspace: Workspace) -> None:
        self.clone = clone
        self.base = clone.commit({"src/x.c": "1\n2\n3\n4\n5\n6\n7\n8\n"})
        clone.tag("v3.0.0", self.base)
        self.fix = self._fix({"src/x.c": "1\n2\n3\n4\n5\n6\n7\n9\n"})
        clone.tag("v3.1-dev1", self.fix)
        self.history = History.open(clone.path, workspace).with_store()

    def _fix(self, change: dict[str, str | None]) -> str:
        repo, tree = self.clone.git, self.clone.tree(change, self.base)
        who = pygit2.Signature("Jö", "jo@example.org", 1_700_000_100, 0)
        made = repo.create_commit(None, who, who, MESSAGE, tree, [self.base])
        repo.references.create("refs/heads/master", made, force=True)
        return str(made)

    def package(self, files: dict[str, str | None], series: str | None = "a.patch\n") -> str:
        named = {} if series is None else {"debian/patches/series": series}
        tree = self.clone.tree({"debian/rules": "", **files, **named}, self.base)
        store, who = self.history.store, pygit2.Signature("b", "b@localhost", 1, 0)
        return str(store.create_commit(None, who, who, "HAProxy\n", tree, [self.base]))

    def picked(self, fix: str, package: str) -> tuple[str, ...]:
        picked = Picker(self.history.store, None).commit(fix, package)
        assert isinstance(picked, Picked)
        return picked.commits

    def files(self, package: str, out: Path, fix: str = "") -> dict[str, str]:
        """What is written for the fix, by the name below debian/patches."""
        commits = self.picked(fix or self.fix, package)
        made = quilt_files.files(self.history, package, commits, out)
        folder = out / "debian/patches"
        return {str(path.relative_to(folder)): text.decode() for path, text in made.items()}


@pytest.fixture
def ground(clone: Clone, workspace: Workspace) -> Ground:
    return Ground(clone, workspace)


NAME = "BUG-MINOR-x-return-the-right-number.patch"


def test_a_patch_says_what_dep_3_asks_for(ground: Ground, tmp_path: Path) -> None:
    text = ground.files(ground.package({}), tmp_path)[NAME]
    head, diff = text.split("\n---\n", 1)
    assert head.split("\n") == [
        f"Description: {FIX}",
        " It was one too few.",
        " .",
        " This fixes GitHub issue #123, see also issue #123. To be backported to 3.0.",
        " .",
        f" (cherry picked from commit {ground.fix})",
        "Author: Jö <jo@example.org>",
        f"Origin: upstream, commit:{ground.fix}",
        "Bug: https://github.com/haproxy/haproxy/issues/123",
        f"Applied-Upstream: 3.1-dev1, commit:{ground.fix}",
    ]
    assert diff.startswith("diff --git a/src/x.c b/src/x.c\n")
    assert diff.endswith(" 7\n-8\n+9\n")


def test_a_patch_that_had_to_be_changed_is_a_backport(ground: Ground, tmp_path: Path) -> None:
    near = ground.package({"src/x.c": "1\n2\n3\n4\nfive\n6\n7\n8\n"})
    assert f"Origin: backport, commit:{ground.fix}\n" in ground.files(near, tmp_path)[NAME]


@pytest.mark.parametrize(
    ("series", "after"),
    [
        ("# all\na.patch -p1 # why\n\n", f"# all\na.patch -p1 # why\n\n{NAME}\n"),
        ("a.patch", f"a.patch\n{NAME}\n"),
        ("", f"{NAME}\n"),
        (None, f"{NAME}\n"),
    ],
)
def test_the_series_keeps_its_lines_and_gets_one_more(
    ground: Ground, tmp_path: Path, series: str | None, after: str
) -> None:
    assert ground.files(ground.package({}, series), tmp_path)["series"] == after


def test_a_name_that_is_taken_is_not_used_again(ground: Ground, tmp_path: Path) -> None:
    listed = ground.package({}, f"{NAME}\n")
    assert NAME.replace(".patch", "-2.patch") in ground.files(listed, tmp_path)
    unlisted = ground.package({f"debian/patches/{NAME}": ""})
    assert NAME.replace(".patch", "-2.patch") in ground.files(unlisted, tmp_path)


def test_a_binary_file_cannot_be_changed_by_such_a_patch(ground: Ground, tmp_path: Path) -> None:
    fix = ground._fix({"logo": "a\0b"})
    with pytest.raises(PatchProblem, match="logo is binary"):
        ground.files(ground.package({}), tmp_path, fix)


def test_the_files_go_into_the_package_itself_too(ground: Ground, tmp_path: Path) -> None:
    package = ground.package({})
    wanted = quilt_files.files(
        ground.history, package, ground.picked(ground.fix, package), tmp_path
    )
    folder = tmp_path / "debian/patches"
    folder.mkdir(parents=True)
    (folder / "a.patch").write_text("another patch of the package")
    (folder / "series").write_text("a.patch\n")
    for _ in range(2):
        quilt_files.write(wanted, ground.history, package)
        assert {path: path.read_bytes() for path in wanted} == dict(wanted)


@pytest.mark.parametrize("name", ["series", NAME])
def test_nothing_of_another_is_overwritten(ground: Ground, tmp_path: Path, name: str) -> None:
    package = ground.package({})
    wanted = quilt_files.files(
        ground.history, package, ground.picked(ground.fix, package), tmp_path
    )
    folder = tmp_path / "debian/patches"
    folder.mkdir(parents=True)
    (folder / name).write_text("another")
    with pytest.raises(WouldOverwrite, match=f"{name} is there already"):
        quilt_files.write(wanted, ground.history, package)
    assert [path.name for path in folder.iterdir()] == [name]


def test_only_what_was_imported_is_a_package(ground: Ground) -> None:
    packaged_in_git = ground.clone.commit({"debian/rules": ""})
    assert quilt_files.is_package(ground.history, ground.package({}))
    assert not quilt_files.is_package(ground.history, packaged_in_git)
    assert not quilt_files.is_package(ground.history, ground.base)
