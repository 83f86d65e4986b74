"""bubblewrap: its options, and the reasons why it does not work."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bisector.system import session
from bisector.system.sandbox import Sandbox
from bisector.system.sandbox.bubblewrap import Bubblewrap, why_not
from tests.support.boxed import inside
from tests.support.waiting import until

PLAIN = Bubblewrap("/usr/bin/bwrap", "0.8.0", reads=("/tools",))


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


def test_haproxys_default_nameserver_is_one_that_can_be_reached() -> None:
    box = PLAIN.box(Path("/tree"))
    words = box.words(None, ())
    own = Path(words[words.index("/etc/resolv.conf") - 1])
    assert "nameserver 127.0.0.1" in own.read_text()
    words = box.online().words(None, ())
    assert words[words.index("/etc/resolv.conf") - 1] == "--ro-bind-try", "the machine's own"


def test_only_one_that_is_to_download_has_the_network() -> None:
    box = PLAIN.box(Path("/tree"))
    assert "--share-net" not in box.words(None, ())
    words = box.online().words(None, ())
    assert words.index("--unshare-all") < words.index("--share-net")
    reads = set(bound(words, "--ro-bind-try")) - set(bound(box.words(None, ()), "--ro-bind-try"))
    assert reads == {"/etc/pki", "/etc/ca-certificates", "/etc/resolv.conf"}


def test_bubblewrap_holds_a_lock_and_the_program_in_it_does_not() -> None:
    words = PLAIN.box(Path("/tree")).words(None, (7,))
    assert words[words.index("--sync-fd") + 1] == "7"


def test_TMPDIR_is_writable() -> None:
    box = PLAIN.box(Path("/tree"))
    assert "--setenv" not in box.words(None, (), "/tree")
    words = box.words(None, (), "/elsewhere")
    assert words[words.index("--setenv") :][1:3] == ["TMPDIR", "/tmp"]


# --- inside ---------------------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    return folder


def test_tmp_is_private(bubblewrap: Sandbox, tree: Path) -> None:
    name = Path("/tmp", f"{tree.parent.name}-planted")
    assert (
        inside(bubblewrap, tree, f"echo x >{name}; cat {name}; echo x >/dev/null").output == "x\n"
    )
    assert not name.exists()


def test_a_starting_bubblewrap_is_found_by_its_temporary_folder(
    bubblewrap: Sandbox, tree: Path
) -> None:
    """A bubblewrap that is killed while it starts leaves a process that waits forever."""
    mine = tree.parent / "mine"
    script = "echo $TMPDIR; sleep 60"
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(inside, bubblewrap, tree, script, TMPDIR=str(mine))
        log = tree.parent / "log"
        until(lambda: log.exists() and log.read_text() == "/tmp\n")
        session.kill_orphans(mine)
        assert asked.result().status == -signal.SIGKILL


def test_the_only_network_device_is_a_loopback(bubblewrap: Sandbox, tree: Path) -> None:
    done = inside(bubblewrap, tree, "grep -c : /proc/net/dev; grep -o lo: /proc/net/dev")
    assert done.output == "1\nlo:\n"


# --- why it does not work -------------------------------------------------------------------------

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
