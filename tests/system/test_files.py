"""Files: written atomically, published, errors explained, digests."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisector.errors import WorkspaceProblem
from bisector.system.files import digest, explained, publish, require_room, write_whole


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
