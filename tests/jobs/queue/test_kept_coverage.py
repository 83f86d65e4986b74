"""What a coverage map's tests execute, in the cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.jobs.queue.kept_coverage import held
from bisector.system import cache
from bisector.system.cache import Kind
from bisector.system.workspace import Workspace

KEY, TEST = "0123", "reg-tests/checks/a.vtc"
FUNCTIONS = frozenset([("src/a.c", "one"), ("src/a.c", "two"), ("", "small")])


def file_of(workspace: Workspace) -> Path:
    (file,) = (workspace.root / "coverage" / KEY).iterdir()
    return file


@pytest.mark.parametrize("result", [FUNCTIONS, frozenset(), "skipped: no TLS"])
def test_a_result_is_read_as_it_was_written(
    workspace: Workspace, result: frozenset[tuple[str, str]] | str
) -> None:
    with held(workspace, KEY) as kept:
        kept.write(TEST, result)
    with held(workspace, KEY) as kept:
        assert kept.read(TEST) == result
        assert kept.read("reg-tests/checks/b.vtc") is None
    with held(workspace, "other") as kept:
        assert kept.read(TEST) is None


@pytest.mark.parametrize("damage", [b"", b"x", b"0" * 40, b"\xff" * 2000])
def test_a_damaged_file_is_as_good_as_none(workspace: Workspace, damage: bytes) -> None:
    with held(workspace, KEY) as kept:
        kept.write(TEST, FUNCTIONS)
        file_of(workspace).write_bytes(damage)
        assert kept.read(TEST) is None
        kept.write(TEST, FUNCTIONS)
        assert kept.read(TEST) == FUNCTIONS


def test_a_file_with_any_byte_changed_or_cut_off_is_damaged(workspace: Workspace) -> None:
    with held(workspace, KEY) as kept:
        kept.write(TEST, FUNCTIONS)
        file = file_of(workspace)
        whole = file.read_bytes()
        for at in range(len(whole)):
            file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            assert kept.read(TEST) is None
            file.write_bytes(whole[:at])
            assert kept.read(TEST) is None


def test_a_map_in_use_is_not_evicted_and_another_is(workspace: Workspace) -> None:
    with held(workspace, KEY) as kept, held(workspace, "other") as other:
        kept.write(TEST, FUNCTIONS)
        other.write(TEST, FUNCTIONS)
    with held(workspace, KEY) as kept:
        freed = cache.clear(workspace)
        assert [entry.kind for entry in freed.kept] == [Kind.COVERAGE]
        assert kept.read(TEST) == FUNCTIONS
    assert [path.name for path in (workspace.root / "coverage").iterdir()] == [KEY]
    assert cache.clear(workspace).kept == ()
    with held(workspace, KEY) as kept:
        assert kept.read(TEST) is None
