"""The sandbox: its mounts, its limits, and the reasons why there is none.

tests/faults/hostile.py tests it against hostile code.
"""

from __future__ import annotations

import pickle
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from bisector.errors import EnvironmentProblem, UsageProblem
from bisector.system import process, sandbox, session
from bisector.system.process import Finished
from bisector.system.procfs import Process
from bisector.system.sandbox import (
    AUTO,
    OFF,
    REQUIRE,
    Limits,
    Sandbox,
    home_of,
    outermost,
    visible,
    why_not,
)
from bisector.system.workspace import Workspace
from tests.support.waiting import until

PLAIN = Sandbox("/usr/bin/bwrap", "0.8.0", ("/tools",))


def inside(box: Sandbox, folder: Path, script: str, **more: str) -> Finished:
    log = folder.parent / "log"
    argv = ["sh", "-c", script]
    return process.run(argv, log=log, timeout=20, cwd=folder, env=more, box=box.box(folder))


# --- bwrap options --------------------------------------------------------------------------------


def bound(words: list[str], how: str) -> list[str]:
    """The paths that are mounted by the option *how*."""
    return [words[place + 1] for place, word in enumerate(words) if word == how]


def test_only_the_folder_is_writable_and_only_named_paths_are_readable_besides_the_system() -> None:
    words = PLAIN.box(Path("/tree"), reads=(Path("/bin-1"),)).words(None, ())
    assert bound(words, "--bind") == ["/tree"]
    system = ("/usr", "/bin", "/sbin", "/lib", "/etc/", "/sys/", "/nix/store", "/gnu/store")
    reads = [path for path in bound(words, "--ro-bind-try") if not path.startswith(system)]
    assert reads == ["/tools"]
    assert "/bin-1" in bound(words, "--ro-bind-try")
    assert words[words.index("--chdir") + 1] == "/tree"


def test_writable_folders_are_mounted_over_readable_ones() -> None:
    words = PLAIN.box(Path("/tools/tree")).words(Path("/tools/tree/src"), ())
    assert words.index("/tools") < words.index("/tools/tree")
    assert words[words.index("--chdir") + 1] == "/tools/tree/src"


@pytest.mark.parametrize("mount", ["/proc", "/dev", "/"])
def test_other_mounts_are_read_only_in_the_end(mount: str) -> None:
    words = PLAIN.box(Path("/tree")).words(None, ())
    assert mount in bound(words, "--remount-ro")


def test_only_one_that_is_to_download_has_the_network() -> None:
    box = PLAIN.box(Path("/tree"))
    assert "--share-net" not in box.words(None, ())
    words = box.online().words(None, ())
    assert words.index("--unshare-all") < words.index("--share-net")
    reads = set(bound(words, "--ro-bind-try")) - set(bound(box.words(None, ()), "--ro-bind-try"))
    assert reads == {"/etc/resolv.conf", "/etc/pki", "/etc/ca-certificates"}


def test_bubblewrap_holds_a_lock_and_the_program_in_it_does_not() -> None:
    words = PLAIN.box(Path("/tree")).words(None, (7,))
    assert words[words.index("--sync-fd") + 1] == "7"


def test_TMPDIR_is_writable() -> None:
    box = PLAIN.box(Path("/tree"))
    assert "--setenv" not in box.words(None, (), "/tree")
    words = box.words(None, (), "/elsewhere")
    assert words[words.index("--setenv") :][1:3] == ["TMPDIR", "/tmp"]


def test_it_is_plain_data_that_is_sent_with_a_probe() -> None:
    assert pickle.loads(pickle.dumps(PLAIN)) == PLAIN


# --- readable paths -------------------------------------------------------------------------------


def test_the_installation_prefix_of_a_program_is_readable(tmp_path: Path) -> None:
    assert home_of(Path("/opt/gcc-13/bin/gcc")) == Path("/opt/gcc-13")
    assert home_of(tmp_path / "vtest") == tmp_path / "vtest"


def test_the_folder_of_a_fetched_program_is_readable(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "varnishtest").touch()
    assert home_of(tmp_path / "varnishtest") == tmp_path
    assert home_of(tmp_path / "other") == tmp_path / "other"


def test_paths_below_others_are_not_mounted_again() -> None:
    paths = [Path("/w/tools"), Path("/usr"), Path("/w/tools/tcc/cc.sh"), Path("/usr/bin/gcc")]
    assert outermost([*paths, Path("/w/tools"), Path("/lib/x"), Path("/o")]) == ("/w/tools", "/o")


def test_the_whole_home_is_never_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "bin").mkdir(parents=True)
    for place in (tmp_path / "home", tmp_path):
        assert home_of(place / "bin" / "gcc") == place / "bin" / "gcc"
        assert visible(place, place / "x.vtc") == place / "x.vtc"


def test_the_folder_of_a_test_is_readable_and_for_a_reg_test_all_reg_tests(tmp_path: Path) -> None:
    mine, checks = tmp_path / "mine", tmp_path / "reg-tests" / "checks"
    assert visible(mine, mine / "x.vtc") == mine
    assert visible(checks, checks / "x.vtc") == tmp_path / "reg-tests"


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
        assert "Read-only file system" in done.output or "Directory nonexistent" in done.output


def test_tmp_is_private(box: Sandbox, tree: Path) -> None:
    name = Path("/tmp", f"{tree.parent.name}-planted")
    assert inside(box, tree, f"echo x >{name}; cat {name}; echo x >/dev/null").output == "x\n"
    assert not name.exists()


def test_a_starting_bubblewrap_is_found_by_its_temporary_folder(box: Sandbox, tree: Path) -> None:
    """A bubblewrap that is killed while it starts leaves a process that waits forever."""
    mine = tree.parent / "mine"
    script = "echo $TMPDIR; sleep 60"
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(inside, box, tree, script, TMPDIR=str(mine))
        log = tree.parent / "log"
        until(lambda: log.exists() and log.read_text() == "/tmp\n")
        session.kill_orphans(mine)
        assert asked.result().status == -signal.SIGKILL


def test_the_only_network_device_is_a_loopback(box: Sandbox, tree: Path) -> None:
    done = inside(box, tree, "grep -c : /proc/net/dev; grep -o lo: /proc/net/dev")
    assert done.output == "1\nlo:\n"


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


# --- no sandbox -----------------------------------------------------------------------------------


def test_mode_off_means_no_sandbox(workspace: Workspace) -> None:
    assert sandbox.find(workspace, OFF) == (None, "--sandbox off")


def test_another_mode_is_an_error(workspace: Workspace) -> None:
    with pytest.raises(UsageProblem, match="--sandbox maybe: one of auto, require, off"):
        sandbox.find(workspace, "maybe")


def test_without_bubblewrap_auto_gives_the_reason_and_require_raises(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    box, why = sandbox.find(workspace, AUTO)
    assert box is None
    assert (
        why == "no bubblewrap on this machine: install bubblewrap, or run 'bisector doctor --fix'"
    )
    with pytest.raises(EnvironmentProblem, match="no bubblewrap") as caught:
        sandbox.find(workspace, REQUIRE)
    assert caught.value.exit_code == 3


def test_a_bubblewrap_that_fails_is_not_used(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bin" / "bwrap"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\necho "bwrap: Creating new namespace failed"; exit 1\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:/usr/bin:/bin")
    box, why = sandbox.find(workspace, AUTO)
    assert box is None and why


def test_mode_auto_uses_a_bubblewrap_that_works(box: Sandbox, shared_workspace: Path) -> None:
    found, why = sandbox.find(Workspace(shared_workspace), AUTO, [Path("/tools")])
    assert found and found.program == box.program and found.reads == ("/tools",)
    assert why == ""


FAILED = "bwrap: No permissions to create new namespace\n"


@pytest.mark.parametrize(
    ("said", "switches", "what", "hint"),
    [
        (FAILED, {"kernel/unprivileged_userns_clone": "0"}, "switched off", "userns_clone=1"),
        (FAILED, {"user/max_user_namespaces": "0"}, "switched off", "max_user_namespaces=1"),
        (
            FAILED,
            {"kernel/apparmor_restrict_unprivileged_userns": "1"},
            "switched off (kernel.apparmor_restrict_unprivileged_userns=1)",
            "AppArmor profile",
        ),
        (FAILED, {"user/max_user_namespaces": "96365"}, "No permissions", "container"),
        ("bwrap: Unknown option --disable-userns\n", {}, "too old", "0.8"),
        ("", {}, "does not work here", "container"),
    ],
)
def test_the_reason_why_it_fails_has_a_hint(
    said: str, switches: dict[str, str], what: str, hint: str
) -> None:
    problem = why_not(said, switches)
    assert what in problem.what
    assert hint in problem.hint
