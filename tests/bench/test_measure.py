"""Running a program and measuring it with all that it starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.measure import checked, measure, peak_memory
from bisector.errors import EnvironmentProblem
from bisector.system.sandbox import Sandbox
from tests.support.waiting import is_gone


def test_a_program_is_measured_with_its_children(tmp_path: Path) -> None:
    burn = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"
    done = measure(["sh", "-c", f"echo one; sh -c '{burn}'; echo two; exit 3"], cwd=tmp_path)
    assert (done.status, [line.text for line in done.lines]) == (3, ["one", "two"])
    assert done.cpu > 0
    assert 0 <= done.lines[0].at <= done.lines[1].at <= done.wall
    assert checked(done, "sh", 3) is done
    with pytest.raises(EnvironmentProblem, match="it said: two"):
        checked(done, "sh")


BURN = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"


@pytest.mark.parametrize("left_by", ["its parent", "its parent, in a session of its own"])
def test_what_an_ended_parent_left_behind_is_counted_too(tmp_path: Path, left_by: str) -> None:
    """So bubblewrap leaves the first process of a sandbox."""
    session = "setsid " if "session" in left_by else ""
    alone = measure(["sh", "-c", BURN], cwd=tmp_path)
    orphan = f"({session}sh -c '{BURN}; touch done' &) ; until [ -e done ]; do sleep 0.05; done"
    done = measure(["sh", "-c", orphan], cwd=tmp_path)
    assert done.cpu > alone.cpu / 2 > 0.05


def test_what_runs_in_a_sandbox_is_counted_too(box: Sandbox, tmp_path: Path) -> None:
    alone = measure(["sh", "-c", BURN], cwd=tmp_path)
    words = [*box.box(tmp_path).words(tmp_path, ()), "sh", "-c", f"({BURN}) & ({BURN}) & wait"]
    assert measure(words, cwd=tmp_path).cpu > alone.cpu


def test_the_status_says_how_a_program_ended(tmp_path: Path) -> None:
    assert measure(["sh", "-c", "kill -9 $$"], cwd=tmp_path).status == -9
    with pytest.raises(EnvironmentProblem, match="cannot run nonesuch"):
        measure(["nonesuch"], cwd=tmp_path)


def test_a_listener_that_raises_ends_the_program(tmp_path: Path) -> None:
    def stop(line: str) -> None:
        raise KeyboardInterrupt

    script = f"echo $$ >{tmp_path}/pid; echo one; exec sleep 60"
    with pytest.raises(KeyboardInterrupt):
        measure(["sh", "-c", script], cwd=tmp_path, heard=stop)
    assert is_gone(int((tmp_path / "pid").read_text()))


def test_peak_memory_of_this_process() -> None:
    memory = peak_memory(Path("/proc/self/status").read_text())
    assert memory and memory > 10_000_000
