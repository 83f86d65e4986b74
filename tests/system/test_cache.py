"""Eviction from the workspace: the least recently used first, and nothing that is in use."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bisector.probing.probe import recall, remember
from bisector.record.verdict import Result, Ruling, Verdict
from bisector.system import cache
from bisector.system.cache import Kind
from bisector.system.locks import hold
from bisector.system.workspace import Workspace
from tests.support.cache_entries import SIZE, keep_binary, key, stamp

FORK = multiprocessing.get_context("fork")


def keep_verdict(workspace: Workspace, number: int, used: float = 0) -> Result:
    log = workspace.folder("logs") / f"{key(number)}.vtest.log"
    log.write_bytes(b"x" * SIZE)
    result = Result(Ruling(Verdict.GOOD, "why"), key(number), log=str(log))
    remember(workspace, result)
    stamp(verdict_of(workspace, number), used or number)
    return result


def verdict_of(workspace: Workspace, number: int) -> Path:
    return workspace.root / "verdicts" / key(number)[:2] / key(number)


def keep_tree(workspace: Workspace, kind: str = "dev", size: int = SIZE) -> Path:
    with workspace.build_tree(kind) as (tree, _):
        (tree / "src").mkdir()
        (tree / "src/x.o").write_bytes(b"x" * size)
        tree.with_suffix(".state").write_text("{}")
    return tree


def limited(workspace: Workspace, limit: int) -> Workspace:
    return replace(workspace, limit=limit)


def there(paths: Sequence[Path]) -> list[bool]:
    return [path.exists() for path in paths]


# --- what is evicted ------------------------------------------------------------------------------


def test_the_least_recently_used_entries_are_evicted_down_to_the_limit(
    workspace: Workspace,
) -> None:
    homes = [keep_binary(workspace, number) for number in (3, 1, 4, 2)]
    freed = cache.trim(limited(workspace, 2 * SIZE))
    assert there(homes) == [True, False, True, False]
    assert (freed.size, freed.kept) == (2 * SIZE, ())


@pytest.mark.parametrize("limit", [4 * SIZE, 4 * SIZE + 1])
def test_within_the_limit_nothing_is_evicted(workspace: Workspace, limit: int) -> None:
    homes = [keep_binary(workspace, number) for number in range(1, 5)]
    assert cache.trim(limited(workspace, limit)) == cache.Freed(0, ())
    assert all(there(homes))


def test_an_empty_workspace_is_within_any_limit(workspace: Workspace) -> None:
    assert cache.trim(limited(workspace, 0)) == cache.Freed(0, ())
    assert cache.clear(workspace) == cache.Freed(0, ())
    assert sum(share.size + share.count for share in cache.shares(workspace)) == 0


def test_an_entry_that_was_used_again_is_evicted_last(workspace: Workspace) -> None:
    homes = [keep_binary(workspace, number) for number in (1, 2)]
    cache.touch(homes[0] / "meta.json")
    cache.trim(limited(workspace, SIZE))
    assert there(homes) == [True, False]


def test_a_verdict_is_evicted_with_its_log_by_its_last_use(workspace: Workspace) -> None:
    old, new = keep_verdict(workspace, 1), keep_verdict(workspace, 2)
    assert recall(workspace, old.key) == old, "reading it is a use"
    cache.trim(limited(workspace, SIZE + 500))
    assert recall(workspace, old.key) == old
    assert recall(workspace, new.key) is None
    assert not Path(new.log).exists()
    assert not verdict_of(workspace, 2).exists()


def test_binaries_and_verdicts_are_ordered_together(workspace: Workspace) -> None:
    home, verdict = keep_binary(workspace, 1), keep_verdict(workspace, 2)
    later = keep_binary(workspace, 3)
    cache.trim(limited(workspace, SIZE))
    assert there([home, Path(verdict.log), later]) == [False, False, True]


def test_logs_without_a_verdict_are_evicted(workspace: Workspace) -> None:
    logs = [workspace.folder("logs") / f"{key(1)}.{kind}.log" for kind in ("vtest", "build")]
    for log in logs:
        log.write_bytes(b"x" * SIZE)
        stamp(log, 5)
    home = keep_binary(workspace, 9)
    assert cache.trim(limited(workspace, SIZE)).size == 2 * SIZE
    assert there([*logs, home]) == [False, False, True]


def test_build_trees_are_evicted_last_and_can_be_used_again(workspace: Workspace) -> None:
    tree = keep_tree(workspace)
    stamp(tree.with_suffix(".state"), 1)
    home = keep_binary(workspace, 9)
    cache.trim(limited(workspace, SIZE))
    assert there([home, tree]) == [False, True]
    cache.trim(limited(workspace, 0))
    assert there([tree, tree.with_suffix(".state")]) == [False, False]
    with workspace.build_tree("dev") as (again, _):
        assert (again, list(again.iterdir())) == (tree, [])


def test_a_last_use_in_the_future_does_not_keep_an_entry(workspace: Workspace) -> None:
    """The clock was set back: an entry that was used since is newer."""
    ahead = keep_binary(workspace, 1, used=time.time() + 1e6)
    since = keep_binary(workspace, 2, used=time.time())
    cache.trim(limited(workspace, SIZE))
    assert there([ahead, since]) == [False, True]


def test_a_damaged_entry_is_evicted_first(workspace: Workspace) -> None:
    whole, broken = keep_binary(workspace, 1), keep_binary(workspace, 2)
    for name in ("meta.json", "haproxy", "build.log"):
        (broken / name).unlink()
    cache.trim(limited(workspace, SIZE - 1))
    assert there([whole, broken]) == [False, False]


# --- what is kept ---------------------------------------------------------------------------------

FOREIGN = (
    "binaries/README",
    "binaries/zz/notes",
    "binaries/00/0000",
    f"binaries/01/{key(2)}",
    f"binaries/{key(2)}",
    f"binaries/00/{key(0)}.bak",
    f"binaries/000/{key(0)}",
    "verdicts/00/.draft",
    "logs/apt-install.log",
    "logs/notes.vtest.log",
    "trees/notes/x",
    "trees/file",
    "other/x",
)


def test_unknown_files_are_kept(workspace: Workspace) -> None:
    paths = [workspace.root / name for name in FOREIGN]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * SIZE)
    assert cache.scan(workspace) == []
    assert cache.clear(workspace) == cache.Freed(0, ())
    assert all(there(paths))


def test_journals_and_fetched_files_are_kept_and_not_counted(workspace: Workspace) -> None:
    folders = ("hunts", "apt", "sources", "tools", "playgrounds", "stores", "upstream")
    paths = [workspace.folder(folder, "x") / "y" for folder in folders]
    for path in paths:
        path.write_bytes(b"x" * SIZE)
    home = keep_binary(workspace, 1)
    assert cache.trim(limited(workspace, SIZE)).size == 0
    assert cache.clear(workspace).size == SIZE
    assert there([home, *paths]) == [False, *(True for _ in paths)]
    shares = {share.what: (share.count, share.size) for share in cache.shares(workspace)}
    assert shares["hunts"] == (1, SIZE)
    assert shares["fetched"] == (6, 6 * SIZE)


def test_prebuilt_sources_go_last_and_all_at_once(workspace: Workspace) -> None:
    home, tree = keep_binary(workspace, 1), keep_tree(workspace)
    store = workspace.folder("prebuilt") / "objects.sqlite"
    store.write_bytes(b"x" * SIZE)
    os.utime(store.parent, (0, 0))
    last = cache.scan(workspace)[-1]
    assert (last.kind, last.size) == (Kind.PREBUILT, SIZE)
    with hold(store.parent):
        assert [entry.kind for entry in cache.clear(workspace).kept] == [Kind.PREBUILT]
    assert there([home, tree, store]) == [False, False, True]
    assert cache.clear(workspace).size == SIZE
    assert not store.parent.exists()


def test_entries_in_use_are_kept_and_listed(workspace: Workspace) -> None:
    homes = [keep_binary(workspace, number) for number in (1, 2, 3)]
    tree = keep_tree(workspace)
    with hold(homes[0]), workspace.build_tree("dev"):
        freed = cache.trim(limited(workspace, 2 * SIZE + 10))
        assert there(homes) == [True, False, False]
        assert [entry.paths[0] for entry in freed.kept] == [str(homes[0])]
        kept = cache.clear(workspace).kept
        assert [entry.kind for entry in kept] == [Kind.BINARY, Kind.TREE]
        assert there([homes[0], tree / "src/x.o"]) == [True, True]
    assert cache.clear(workspace).kept == ()
    assert there([homes[0], tree]) == [False, False]


def test_an_entry_that_cannot_be_removed_is_kept_without_an_error(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = keep_binary(workspace, 1)

    def refuse(*words: object) -> None:
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        freed = cache.trim(limited(workspace, 0))
    assert [entry.paths for entry in freed.kept] == [(str(home),)]
    assert (home / "haproxy").exists()


# --- several processes ----------------------------------------------------------------------------


def together(*jobs: Callable[[], object]) -> None:
    """Run *jobs*, each in a process of its own; all of them must succeed."""
    started = [FORK.Process(target=job) for job in jobs]
    for process in started:
        process.start()
    for process in started:
        process.join(60)
    assert [process.exitcode for process in started] == [0 for _ in jobs]


def test_two_processes_that_trim_remove_no_more_than_one(workspace: Workspace) -> None:
    for _ in range(5):
        homes = [keep_binary(workspace, number) for number in range(1, 61)]

        def trim() -> None:
            assert cache.trim(limited(workspace, 20 * SIZE)).kept == ()

        together(trim, trim)
        assert there(homes) == [number > 40 for number in range(1, 61)]
        assert list((workspace.root / "scratch").iterdir()) == []


def test_a_binary_in_use_is_complete_while_others_evict(workspace: Workspace) -> None:
    """A process that holds it sees all of it, and makes it again after it was evicted."""
    done = FORK.Event()
    tally = FORK.Value("i", 0)

    def use() -> None:
        uses = made = 0
        while made < 40:
            home = keep_binary(workspace, 1)
            made += 1
            with hold(home) as held:
                for _ in range(50 if held else 0):
                    assert len((home / "haproxy").read_bytes()) == SIZE - 5
                    assert json.loads((home / "meta.json").read_text()) == {}
                    uses += 1
            while home.exists():  # until another process evicts it
                time.sleep(0.0005)
        tally.value = uses
        done.set()

    def make_room() -> None:
        while not done.is_set():
            cache.trim(limited(workspace, 0))

    together(use, make_room, make_room)
    assert tally.value > 0
