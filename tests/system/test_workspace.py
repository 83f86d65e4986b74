"""The workspace: its path, locks, atomic writes and digests."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Timer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisector.errors import WorkspaceProblem
from bisector.system import workspace as module
from bisector.system.workspace import (
    Workspace,
    digest,
    explained,
    hold,
    is_locked,
    lock,
    publish,
    require_room,
    short_scratch,
    temporary,
    write_whole,
)

# --- its path -------------------------------------------------------------------------------------


def test_the_first_variable_that_is_set_names_it(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path / "home")}
    cache = {**home, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    named = {**cache, "BISECTOR_WORKSPACE": str(tmp_path / "named")}
    assert Workspace.open(named).root == tmp_path / "named"
    assert Workspace.open(cache).root == tmp_path / "cache/bisector"
    assert Workspace.open(home).root == tmp_path / "home/.cache/bisector"


def test_no_test_uses_the_real_one(tmp_path: Path) -> None:
    assert Workspace.open().root.is_relative_to(tmp_path)
    assert Path.home().is_relative_to(tmp_path)
    assert "BISECTOR_REPO" not in os.environ


def test_an_empty_variable_counts_as_unset(tmp_path: Path) -> None:
    environ = {"BISECTOR_WORKSPACE": "", "XDG_CACHE_HOME": "", "HOME": str(tmp_path)}
    assert Workspace.open(environ).root == tmp_path / ".cache/bisector"


def test_without_any_variable_the_error_says_what_to_set() -> None:
    with pytest.raises(WorkspaceProblem, match="set BISECTOR_WORKSPACE or HOME"):
        Workspace.open({})


def test_it_is_created_and_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    root = Workspace.open({"BISECTOR_WORKSPACE": "a/b"}).root
    assert root == tmp_path / "a/b"
    assert root.is_dir()
    assert not list(root.iterdir()), "the test whether it is writable leaves no file"


def test_a_symbolic_link_is_resolved(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    assert Workspace.open({"BISECTOR_WORKSPACE": str(link)}).root == tmp_path / "real"


def test_a_path_that_cannot_be_written_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / "file/below"
    with pytest.raises(WorkspaceProblem, match=f"cannot write the workspace {place}") as caught:
        Workspace.open({"BISECTOR_WORKSPACE": str(place)})
    assert caught.value.hint == "Not a directory: set BISECTOR_WORKSPACE to a folder of yours"


def test_a_folder_that_cannot_be_created_is_a_workspace_problem(workspace: Workspace) -> None:
    workspace.folder().joinpath("logs").write_text("")
    with pytest.raises(WorkspaceProblem):
        workspace.folder("logs")


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EIO])
def test_an_os_error_becomes_a_workspace_problem_with_advice(number: int) -> None:
    with pytest.raises(WorkspaceProblem, match="cannot x") as caught, explained("cannot x", "do y"):
        raise OSError(number, os.strerror(number))
    assert caught.value.hint == f"{os.strerror(number)}: do y"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_on_a_full_disk_the_advice_is_to_make_room(number: int) -> None:
    with pytest.raises(WorkspaceProblem) as caught, explained("cannot x", "do y"):
        raise OSError(number, os.strerror(number))
    assert "make room" in caught.value.hint


# --- locks ----------------------------------------------------------------------------------------


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with lock(path) as one, lock(path) as other:
        assert one is not None
        assert other is None
    with lock(path) as again:
        assert again is not None


def test_is_locked_sees_a_lock_and_creates_no_file(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_locked(path)
    assert not path.exists(), "the check creates no file"
    with lock(path):
        assert is_locked(path)
    assert not is_locked(path)


def test_a_lock_is_taken_although_another_process_checks_it(tmp_path: Path) -> None:
    """The shared lock of is_locked() is held for 0.05 seconds."""
    path = tmp_path / "lock"
    path.touch()
    checker = os.open(path, os.O_RDONLY)
    fcntl.flock(checker, fcntl.LOCK_SH)
    Timer(0.05, os.close, [checker]).start()
    with lock(path) as held, lock(path) as other:
        assert held is not None
        assert other is None, "an exclusive lock is not waited for"


def test_threads_that_lock_and_check_at_once_never_hold_it_together(tmp_path: Path) -> None:
    """Some attempts fail, since it is held; none because of a check."""
    path = tmp_path / "lock"
    holders = []

    def take(_: int) -> int:
        taken = 0
        for _ in range(300):
            is_locked(path)
            with lock(path) as held:
                if held is not None:
                    holders.append(held)
                    assert len(holders) == 1
                    taken += 1
                    holders.remove(held)
        return taken

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(take, range(6))) > 300


def _lock_and_exit(path: Path) -> None:
    with lock(path) as held:
        os._exit(0 if held is not None else 1)


def test_a_lock_is_released_when_its_holder_ends(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = multiprocessing.get_context("fork").Process(target=_lock_and_exit, args=(path,))
    holder.start()
    holder.join()
    assert holder.exitcode == 0
    with lock(path) as held:
        assert held is not None


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_shared_hold_excludes_an_exclusive_one(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    path.mkdir() if kind == "folder" else path.touch()
    with hold(path) as one, hold(path) as other, hold(path, alone=True) as alone:
        assert (one, other, alone) == (True, True, False)
    with hold(path, alone=True) as alone:
        assert alone


def test_a_missing_file_is_not_held_and_not_created(tmp_path: Path) -> None:
    with hold(tmp_path / "x") as held, hold(tmp_path / "x", alone=True) as alone:
        assert not held
        assert not alone
    assert not list(tmp_path.iterdir())


def test_a_folder_that_was_replaced_during_the_wait_is_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    path.mkdir()

    def replace_folder(handle: int, operation: int) -> None:
        path.rename(tmp_path / "away")
        path.mkdir()

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", replace_folder)
        with hold(path) as held:
            assert not held
    with hold(path) as held:
        assert held


def test_a_locked_build_tree_is_skipped_and_a_free_one_used_again(workspace: Workspace) -> None:
    with workspace.build_tree("dev") as (first, _), workspace.build_tree("dev") as (second, _):
        assert first != second
    with workspace.build_tree("dev") as (again, _):
        assert again == first


def test_each_kind_has_its_own_build_trees(workspace: Workspace) -> None:
    with workspace.build_tree("dev") as (dev, _), workspace.build_tree("release") as (release, _):
        assert (dev.name, release.name) == ("dev-0", "release-0")


def test_a_build_tree_keeps_its_files(workspace: Workspace) -> None:
    with workspace.build_tree("dev") as (tree, _):
        (tree / "x.o").write_text("object")
    with workspace.build_tree("dev") as (tree, _):
        assert (tree / "x.o").read_text() == "object"


def test_a_build_tree_is_released_after_an_exception(workspace: Workspace) -> None:
    with pytest.raises(ValueError), workspace.build_tree("dev"):
        raise ValueError
    with workspace.build_tree("dev") as (tree, _):
        assert tree.name == "dev-0"


def test_it_is_an_error_if_every_build_tree_is_in_use(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_BUILD_TREES", 1)
    with (
        workspace.build_tree("dev"),
        pytest.raises(WorkspaceProblem, match="every build tree is in use"),
        workspace.build_tree("dev"),
    ):
        raise AssertionError("two builds got the same tree")


# --- scratch space and atomic writes --------------------------------------------------------------


def test_scratch_is_removed_also_after_an_exception(workspace: Workspace) -> None:
    with pytest.raises(KeyboardInterrupt), workspace.scratch() as folder:
        (folder / "sub").mkdir()
        raise KeyboardInterrupt
    assert not folder.exists()


def test_a_log_is_moved_to_its_name_also_after_an_exception(workspace: Workspace) -> None:
    with pytest.raises(KeyboardInterrupt), workspace.log("x.log") as (draft, path):
        draft.write_text("so far")
        assert not path.exists()
        raise KeyboardInterrupt
    assert path == workspace.root / "logs/x.log"
    assert path.read_text() == "so far"


def test_without_a_new_log_the_old_one_stays(workspace: Workspace) -> None:
    for text in ("one", ""):
        with workspace.log("x.log") as (draft, path):
            if text:
                draft.write_text(text)
    assert path.read_text() == "one"
    assert not list((workspace.root / "scratch").iterdir())


def test_opening_removes_the_scratch_of_killed_processes_and_none_that_is_in_use(
    workspace: Workspace,
) -> None:
    left = [workspace.folder("scratch", "left"), temporary() / f"left-{os.getpid()}"]
    for folder in left:
        (folder / "below").mkdir(parents=True)
    with workspace.scratch() as one, short_scratch() as other:
        Workspace.open({"BISECTOR_WORKSPACE": str(workspace.root)})
        assert [path.exists() for path in (*left, one, other)] == [False, False, True, True]
    assert not one.exists()
    assert not other.exists()


def test_a_short_scratch_is_accessible_to_the_user_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with short_scratch() as path:
        assert path.parent.parent == tmp_path
        assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["link", "another's"])
def test_a_temporary_folder_of_another_user_is_refused(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    user = os.getuid() + (kind == "another's")
    monkeypatch.setattr(os, "getuid", lambda: user)
    path = tmp_path / f"bisector-{user}"
    if kind == "link":
        path.symlink_to(tmp_path)
    else:
        path.mkdir()
    with pytest.raises(WorkspaceProblem, match="is not yours: set TMPDIR"):
        temporary()


def test_the_draft_of_a_file_in_the_workspace_is_in_scratch_space(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workspace.folder("verdicts") / "x"
    drafts: list[list[Path]] = []

    def watch(descriptor: int) -> None:
        drafts.append(list(workspace.root.glob("*/*/.x.*")))
        assert not list(path.parent.iterdir())

    monkeypatch.setattr(os, "fsync", watch)
    workspace.write(path, b"1")
    assert [[draft.parts[-3] for draft in found] for found in drafts] == [["scratch"]]
    assert path.read_bytes() == b"1"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_an_error_that_names_the_folder(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_room(tmp_path)

    def refuse(handle: int, start: int, size: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with pytest.raises(WorkspaceProblem, match=f"no room in {tmp_path}: make room"):
        require_room(tmp_path)


def test_a_file_system_without_fallocate_is_no_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(handle: int, start: int, size: int) -> None:
        raise OSError(errno.EOPNOTSUPP, "")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    require_room(tmp_path)


def test_writing_replaces_the_whole_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"one")
    write_whole(path, b"2")
    assert path.read_bytes() == b"2"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_a_failed_write_keeps_the_old_content_and_leaves_no_draft(
    failure: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_whole(path, b"before")

    def fail(descriptor: int) -> None:
        raise failure

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises((WorkspaceProblem, KeyboardInterrupt)):
        write_whole(path, b"after")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_content_is_synced_before_the_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    seen = []
    real = os.fsync

    def watch(descriptor: int) -> None:
        seen.append((path.exists(), os.fstat(descriptor).st_size))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    write_whole(path, b"12345")
    assert seen == [(False, 5)]


def test_writing_to_a_missing_folder_is_a_workspace_problem(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceProblem, match="cannot write"):
        write_whole(tmp_path / "nowhere/file", b"")


def drafted(tmp_path: Path, name: str, content: str) -> Path:
    draft = tmp_path / name
    draft.mkdir()
    (draft / "x").write_text(content)
    return draft


def test_publishing_renames_the_draft(tmp_path: Path) -> None:
    publish(drafted(tmp_path, "draft", "1"), tmp_path / "final")
    assert (tmp_path / "final/x").read_text() == "1"
    assert not (tmp_path / "draft").exists()


def test_publishing_keeps_a_folder_that_exists(tmp_path: Path) -> None:
    publish(drafted(tmp_path, "one", "1"), tmp_path / "final")
    publish(drafted(tmp_path, "two", "2"), tmp_path / "final")
    assert (tmp_path / "final/x").read_text() == "1"
    assert not (tmp_path / "two").exists()


def test_another_failure_to_publish_is_a_workspace_problem(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceProblem):
        publish(tmp_path / "nowhere", tmp_path / "final")


# --- digests --------------------------------------------------------------------------------------

Parts = st.lists(st.text(max_size=4) | st.binary(max_size=4), max_size=4)


def as_bytes(parts: list[str | bytes]) -> list[bytes]:
    return [part.encode() if isinstance(part, str) else part for part in parts]


@given(Parts, Parts)
def test_two_digests_are_equal_only_for_equal_parts(
    one: list[str | bytes], other: list[str | bytes]
) -> None:
    assert (digest(*one) == digest(*other)) == (as_bytes(one) == as_bytes(other))


def test_the_boundaries_of_parts_matter() -> None:
    names = {digest("ab"), digest("a", "b"), digest("", "ab"), digest("ab", ""), digest("1:a")}
    assert len(names) == 5
    assert all(len(name) == 32 and int(name, 16) >= 0 for name in names)
