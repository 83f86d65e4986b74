"""The memory of a HAProxy in a test: how it is measured, and when it grows."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bisector.testing import memory


@pytest.mark.parametrize(("times", "every"), [(20, 1), (199, 1), (200, 2), (2000, 20)])
def test_there_are_about_a_hundred_samples_at_most(times: int, every: int) -> None:
    assert memory.interval(times) == every
    assert times // every < 200


def test_a_log_has_the_sizes_of_all_processes_in_each_sample() -> None:
    log = "**** top shell_out|memory|\n**** top shell_out|memory|7 120\nmemory|8 4\nmemory|\n"
    assert memory.samples(f"memory|9 9\n{log}") == [{7: 120, 8: 4}, {}]


@pytest.mark.parametrize("page", [4, 16, 1000])
def test_memory_that_grows_each_time_grows(page: int) -> None:
    draw = random.Random(page)
    assert memory.grows([2000 + page * at + draw.choice([0, 0, 4]) for at in range(15)])


@pytest.mark.parametrize(
    "values",
    [
        [2000] * 75,
        [2000, 2004] * 37,
        [2000 + 4 * min(at, 20) for at in range(75)],  # pools that are filled first
        [2000] * 40 + [3000] * 35,  # one table that was enlarged
        [2000 + 100 * (at % 10) for at in range(75)],
        [4000 - 4 * at for at in range(75)],
    ],
)
def test_memory_that_ends_to_grow_does_not(values: list[int]) -> None:
    assert not memory.grows(values)


@pytest.fixture
def haproxy(tmp_path: Path) -> Iterator[Path]:
    """A running program that plays HAProxy, in a test whose folder is *tmp_path*."""
    program = tmp_path / "haproxy"
    shutil.copy(shutil.which("sleep") or "", program)
    child = subprocess.Popen([program, "60"], env={**os.environ, "TMPDIR": str(tmp_path)})
    yield program
    child.kill()
    child.wait()


def measured(program: Path, folder: Path) -> list[dict[int, int]]:
    env = {**os.environ, "HAPROXY_PROGRAM": str(program), "TMPDIR": str(folder)}
    done = subprocess.run(
        ["sh", memory.SCRIPT], env=env, check=True, capture_output=True, text=True
    )
    assert done.stderr == ""
    return memory.samples(done.stdout)


def test_haproxy_is_measured_and_no_other_program(haproxy: Path, tmp_path: Path) -> None:
    (sample,) = measured(haproxy, tmp_path)
    (size,) = sample.values()
    assert 0 < size < 10_000


def test_the_haproxy_of_another_test_is_not_measured(haproxy: Path, tmp_path: Path) -> None:
    assert measured(haproxy, tmp_path / "other") == [{}]
    assert measured(Path("/bin/true"), tmp_path) == [{}]
