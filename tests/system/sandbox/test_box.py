"""What both kinds of sandbox do: what is visible, their limits, and how a program in them ends.

tests/faults/hostile.py tests them against hostile code.
"""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from bisector.system.procfs import Process
from bisector.system.sandbox import Limits, Sandbox
from tests.support.boxed import alive, inside

# --- the limits -----------------------------------------------------------------------------------

LIMITS = Limits(tasks=4, memory=100, folder=1000)


@pytest.mark.parametrize(
    ("threads", "resident", "size", "said"),
    [
        (2, 50, 1000, ""),
        (3, 1, 0, "more than 4 processes and threads"),
        (1, 51, 0, "more than 100 B of memory"),
        (1, 1, 1001, "more than 1.0 KB written"),
    ],
)
def test_the_sum_over_all_processes_is_limited(
    threads: int, resident: int, size: int, said: str
) -> None:
    two = [Process(pid, 1, 1, threads, resident, "cc1") for pid in (2, 3)]
    assert LIMITS.exceeded(two, size) == said


def test_a_program_that_exceeds_a_limit_is_killed_and_the_limit_is_named(
    box: Sandbox, tmp_path: Path
) -> None:
    folder = tmp_path / "tree"
    folder.mkdir()
    small = replace(box, limits=replace(box.limits, tasks=20))
    script = "n=0; while [ $n -lt $many ]; do sleep 60 & n=$((n + 1)); done; $end"
    done = inside(small, folder, script, many="19", end="sleep 60")
    assert done.status is None and not done.timed_out
    assert done.excess == "more than 20 processes and threads"
    done = inside(small, folder, script, many="5", end="exit 3")
    assert (done.status, done.excess) == (3, "")


# --- inside ---------------------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    return folder


def test_paths_inside_are_those_outside_and_the_tree_can_be_written(
    box: Sandbox, tree: Path
) -> None:
    done = inside(box, tree, "pwd; echo x >file")
    assert (done.ok, done.output) == (True, f"{tree}\n")
    assert (tree / "file").read_text() == "x\n"


def test_the_system_is_there_and_read_only(box: Sandbox, tree: Path) -> None:
    for place in ("/usr", "/etc", "/", "/dev", "/proc/sys/kernel"):
        done = inside(box, tree, f"test -d {place} && >{place}/planted")
        assert not done.ok
        refused = ("Read-only file system", "Directory nonexistent", "Permission denied")
        assert any(word in done.output for word in refused)


def test_the_environment_of_this_process_is_not_passed_on(
    box: Sandbox, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_TOKEN", "secret")
    names = {line.partition("=")[0] for line in inside(box, tree, "env", B="1").output.splitlines()}
    assert names <= {"B", "LC_ALL", "PATH", "PWD", "TMPDIR", "TZ", "SOURCE_DATE_EPOCH"}


def test_the_status_after_a_signal_is_the_same_as_without_a_sandbox(
    box: Sandbox, tree: Path
) -> None:
    assert inside(box, tree, "kill -SEGV $$").status == -11
    assert inside(box, tree, "exit 77").status == 77


def test_what_is_not_shown_cannot_be_read_or_written(box: Sandbox, tree: Path) -> None:
    secret = tree.parent / "secret"
    secret.write_text("a private key")
    for deed in (
        f"cat {secret}",
        f"echo x >>{secret}",
        f"rm {secret}",
        f"mv {secret} .",
        "ls ..>f",
    ):
        done = inside(box, tree, f"{deed}; cat f")
        assert "private" not in done.output and "secret\n" not in done.output
    assert secret.read_text() == "a private key"


def test_TMPDIR_can_be_written(box: Sandbox, tree: Path) -> None:
    """Also if the one that is asked for is not visible."""
    for folder in (tree, tree.parent / "elsewhere"):
        done = inside(box, tree, "echo x >$TMPDIR/x && cat $TMPDIR/x", TMPDIR=str(folder))
        assert done.output == "x\n"


def test_files_can_be_moved_from_folder_to_folder(box: Sandbox, tree: Path) -> None:
    done = inside(box, tree, "mkdir a b; echo x >a/f; ln a/f b/g && mv a/f b/f && cat b/f b/g")
    assert done.output == "x\nx\n"


def test_the_log_can_be_written_by_its_name(box: Sandbox, tree: Path) -> None:
    assert inside(box, tree, "echo x >>/dev/stderr").output == "x\n"


def test_a_program_has_no_capabilities_and_gets_none(box: Sandbox, tree: Path) -> None:
    done = inside(box, tree, "grep -E 'Cap(Prm|Eff|Amb)|NoNewPrivs' /proc/self/status")
    assert {line.split()[1].strip("0") for line in done.output.splitlines()} == {"", "1"}


@pytest.mark.parametrize("left", ["sleep 60 &", "setsid sleep 60 &", "setsid -f sleep 60;"])
@pytest.mark.parametrize("end", ["exit 0", "kill -9 $$", "sleep 60"])
def test_nothing_outlives_the_program(box: Sandbox, tree: Path, left: str, end: str) -> None:
    """It ends by itself, by a signal, or as it exceeds a limit."""
    small = replace(box, limits=replace(box.limits, folder=1 << 20))
    script = f"{left} head -c 2000000 /dev/zero >big; {end}"
    inside(small, tree, script, MARK=str(tree))
    assert not alive(tree)


def test_it_is_plain_data_that_is_sent_with_a_probe(box: Sandbox) -> None:
    assert pickle.loads(pickle.dumps(box)) == box
