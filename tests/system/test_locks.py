"""Locks: one holder, none left by a process that ended, none lost to a check."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Timer

import pytest

from bisector.system.locks import hold, is_locked, lock


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
