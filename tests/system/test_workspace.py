"""The workspace: where it is, who may use what, and that nothing half-made is ever seen."""

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

# --- where it is ----------------------------------------------------------------------------------


def test_the_first_of_three_variables_says_where_it_is(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path / "home")}
    cache = {**home, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    named = {**cache, "BISECTOR_WORKSPACE": str(tmp_path / "named")}
    assert Workspace.open(named).root == tmp_path / "named"
    assert Workspace.open(cache).root == tmp_path / "cache/bisector"
    assert Workspace.open(home).root == tmp_path / "home/.cache/bisector"


def test_no_test_reaches_the_real_one(tmp_path: Path) -> None:
    assert Workspace.open().root.is_relative_to(tmp_path)
    assert Path.home().is_relative_to(tmp_path)
    assert "BISECTOR_REPO" not in os.environ


def test_an_empty_variable_counts_as_unset(tmp_path: Path) -> None:
    environ = {"BISECTOR_WORKSPACE": "", "XDG_CACHE_HOME": "", "HOME": str(tmp_path)}
    assert Workspace.open(environ).root == tmp_path / ".cache/bisector"


def test_without_any_of_them_it_says_what_to_set() -> None:
    with pytest.raises(WorkspaceProblem, match="set BISECTOR_WORKSPACE or HOME"):
        Workspace.open({})


def test_it_is_made_and_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    root = Workspace.open({"BISECTOR_WORKSPACE": "a/b"}).root
    assert root == tmp_path / "a/b"
    assert root.is_dir()
    assert not list(root.iterdir()), "trying whether it can be written leaves nothing"


def test_behind_a_link_it_is_the_one_that_the_link_leads_to(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    assert Workspace.open({"BISECTOR_WORKSPACE": str(link)}).root == tmp_path / "real"


def test_a_place_that_cannot_be_written_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / "file/below"
    with pytest.raises(WorkspaceProblem, match=f"cannot write the workspace {place}") as caught:
        Workspace.open({"BISECTOR_WORKSPACE": str(place)})
    assert caught.value.hint == "Not a directory: set BISECTOR_WORKSPACE to a folder of yours"


def test_a_folder_that_cannot_be_made_is_a_workspace_problem(workspace: Workspace) -> None:
    workspace.folder().joinpath("logs").write_text("")
    with pytest.raises(WorkspaceProblem):
        workspace.folder("logs")


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EIO])
def test_a_refusal_of_the_system_is_told_with_the_advice_for_it(number: int) -> None:
    with pytest.raises(WorkspaceProblem, match="cannot x") as caught, explained("cannot x", "do y"):
        raise OSError(number, os.strerror(number))
    assert caught.value.hint == f"{os.strerror(number)}: do y"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_where_there_is_no_room_the_advice_is_to_make_room(number: int) -> None:
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


def test_whether_it_has_one_can_be_seen(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_locked(path)
    assert not path.exists(), "to look makes nothing"
    with lock(path):
        assert is_locked(path)
    assert not is_locked(path)


def test_a_lock_waits_for_who_only_looks(tmp_path: Path) -> None:
    """As if is_locked() took this long."""
    path = tmp_path / "lock"
    path.touch()
    looker = os.open(path, os.O_RDONLY)
    fcntl.flock(looker, fcntl.LOCK_SH)
    ends = Timer(0.05, os.close, [looker])
    ends.start()
    with lock(path) as held, lock(path) as other:
        assert held is not None
        assert other is None, "with whom it has nothing to do"


def test_of_many_who_want_it_at_once_and_look_one_has_it(tmp_path: Path) -> None:
    """Some refused, as it is held; none for another's look; never two holders."""
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


def _hold_and_die(path: Path) -> None:
    with lock(path) as held:
        os._exit(0 if held is not None else 1)


def test_a_lock_ends_with_its_holder_however_that_ends(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = multiprocessing.get_context("fork").Process(target=_hold_and_die, args=(path,))
    holder.start()
    holder.join()
    assert holder.exitcode == 0
    with lock(path) as held:
        assert held is not None


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_several_hold_nobody_has_alone(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    path.mkdir() if kind == "folder" else path.touch()
    with hold(path) as one, hold(path) as other, hold(path, alone=True) as alone:
        assert (one, other, alone) == (True, True, False)
    with hold(path, alone=True) as alone:
        assert alone


def test_what_is_not_there_is_held_by_nobody(tmp_path: Path) -> None:
    with hold(tmp_path / "x") as held, hold(tmp_path / "x", alone=True) as alone:
        assert not held
        assert not alone
    assert not list(tmp_path.iterdir())


def test_what_was_replaced_while_one_waited_for_it_is_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    path.mkdir()

    def replace_meanwhile(handle: int, operation: int) -> None:
        path.rename(tmp_path / "away")
        path.mkdir()

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", replace_meanwhile)
        with hold(path) as held:
            assert not held
    with hold(path) as held:
        assert held


def test_a_busy_build_tree_is_passed_over_and_a_free_one_used_again(workspace: Workspace) -> None:
    with workspace.build_tree("dev") as (first, _), workspace.build_tree("dev") as (second, _):
        assert first != second
    with workspace.build_tree("dev") as (again, _):
        assert again == first


def test_kinds_of_build_trees_are_apart(workspace: Workspace) -> None:
    with workspace.build_tree("dev") as (dev, _), workspace.build_tree("release") as (release, _):
        assert (dev.name, release.name) == ("dev-0", "release-0")


def test_what_was_built_in_a_tree_stays(workspace: Workspace) -> None:
    with workspace.build_tree("dev") as (tree, _):
        (tree / "x.o").write_text("object")
    with workspace.build_tree("dev") as (tree, _):
        assert (tree / "x.o").read_text() == "object"


def test_a_failed_build_gives_its_tree_back(workspace: Workspace) -> None:
    with pytest.raises(ValueError), workspace.build_tree("dev"):
        raise ValueError
    with workspace.build_tree("dev") as (tree, _):
        assert tree.name == "dev-0"


def test_when_every_build_tree_is_in_use_that_is_said(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_BUILD_TREES", 1)
    with (
        workspace.build_tree("dev"),
        pytest.raises(WorkspaceProblem, match="every build tree is in use"),
        workspace.build_tree("dev"),
    ):
        raise AssertionError("two got the same tree")


# --- nothing half-made ----------------------------------------------------------------------------


def test_scratch_is_gone_afterwards_even_after_a_failure(workspace: Workspace) -> None:
    with pytest.raises(KeyboardInterrupt), workspace.scratch() as folder:
        (folder / "sub").mkdir()
        raise KeyboardInterrupt
    assert not folder.exists()


def test_a_log_has_its_name_when_it_is_written_however_that_ends(workspace: Workspace) -> None:
    with pytest.raises(KeyboardInterrupt), workspace.log("x.log") as (draft, path):
        draft.write_text("so far")
        assert not path.exists()
        raise KeyboardInterrupt
    assert path == workspace.root / "logs/x.log"
    assert path.read_text() == "so far"


def test_a_log_that_was_not_written_leaves_the_one_before(workspace: Workspace) -> None:
    for text in ("one", ""):
        with workspace.log("x.log") as (draft, path):
            if text:
                draft.write_text(text)
    assert path.read_text() == "one"
    assert not list((workspace.root / "scratch").iterdir())


def test_who_opens_it_sweeps_away_what_killed_processes_left_and_nothing_that_is_in_use(
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


def test_a_short_scratch_is_the_users_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with short_scratch() as path:
        assert path.parent.parent == tmp_path
        assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["link", "another's"])
def test_a_temporary_folder_that_somebody_else_made_is_refused(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    somebody = os.getuid() + (kind == "another's")
    monkeypatch.setattr(os, "getuid", lambda: somebody)
    path = tmp_path / f"bisector-{somebody}"
    if kind == "link":
        path.symlink_to(tmp_path)
    else:
        path.mkdir()
    with pytest.raises(WorkspaceProblem, match="is not yours: set TMPDIR"):
        temporary()


def test_a_draft_in_the_workspace_lies_where_it_is_swept_away(
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
def test_where_no_room_can_be_had_it_says_where(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_room(tmp_path)

    def refuse(handle: int, start: int, size: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with pytest.raises(WorkspaceProblem, match=f"no room in {tmp_path}: make room"):
        require_room(tmp_path)


def test_a_disk_that_cannot_be_asked_for_room_is_no_problem(
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
def test_writing_that_fails_leaves_what_was_there_and_no_draft(
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


def test_writing_is_on_the_disk_before_the_name_is(
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


def test_writing_where_nothing_can_be_written_is_explained(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceProblem, match="cannot write"):
        write_whole(tmp_path / "nowhere/file", b"")


def drafted(tmp_path: Path, name: str, content: str) -> Path:
    draft = tmp_path / name
    draft.mkdir()
    (draft / "x").write_text(content)
    return draft


def test_publishing_gives_a_finished_folder_its_name(tmp_path: Path) -> None:
    publish(drafted(tmp_path, "draft", "1"), tmp_path / "final")
    assert (tmp_path / "final/x").read_text() == "1"
    assert not (tmp_path / "draft").exists()


def test_who_publishes_second_keeps_what_the_first_one_did(tmp_path: Path) -> None:
    publish(drafted(tmp_path, "one", "1"), tmp_path / "final")
    publish(drafted(tmp_path, "two", "2"), tmp_path / "final")
    assert (tmp_path / "final/x").read_text() == "1"
    assert not (tmp_path / "two").exists()


def test_publishing_that_fails_otherwise_is_explained(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceProblem):
        publish(tmp_path / "nowhere", tmp_path / "final")


# --- names for contents ---------------------------------------------------------------------------

Parts = st.lists(st.text(max_size=4) | st.binary(max_size=4), max_size=4)


def as_bytes(parts: list[str | bytes]) -> list[bytes]:
    return [part.encode() if isinstance(part, str) else part for part in parts]


@given(Parts, Parts)
def test_two_digests_are_equal_only_for_equal_parts(
    one: list[str | bytes], other: list[str | bytes]
) -> None:
    assert (digest(*one) == digest(*other)) == (as_bytes(one) == as_bytes(other))


def test_parts_do_not_run_into_each_other() -> None:
    names = {digest("ab"), digest("a", "b"), digest("", "ab"), digest("ab", ""), digest("1:a")}
    assert len(names) == 5
    assert all(len(name) == 32 and int(name, 16) >= 0 for name in names)
