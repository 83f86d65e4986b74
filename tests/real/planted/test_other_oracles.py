"""What reports come as besides test cases: a command, a crash, a busy process, memory, a build.

Each planted bug is found and proven, among commits that fail in other ways.
"""

from __future__ import annotations

from pathlib import Path

from bisector.jobs.playground import Playground
from tests.support.planted import (
    ANOTHER_CRASH,
    CRASH,
    FLAKY_CRASH,
    LEAK,
    NO_BUILD,
    NO_LINK,
    NO_START,
    NOT_FOUND,
    ONE_TIME_MEMORY,
    SMALL_LEAK,
    SPIN,
    Edit,
)
from tests.support.planted_hunts import BUG, LENGTH, found, hunted

COMMAND = """\
cat > x.cfg <<END
defaults
    mode http
    timeout client 5s
    timeout connect 5s
    timeout server 5s
frontend fe
    bind 127.0.0.1:$BISECTOR_PORT1
    http-request return status 204 if { path /x }
    http-request return status 404
END
"$HAPROXY_PROGRAM" $HAPROXY_ARGS -D -f x.cfg || exit 125
exec 3<>/dev/tcp/127.0.0.1/$BISECTOR_PORT1
printf 'GET /x HTTP/1.0\\r\\n\\r\\n' >&3
read -r answer <&3
echo "the answer: $answer"
[ -n "$answer" ] || exit 125
[[ $answer == *" 204 "* ]]
"""


def vtc(folder: Path) -> tuple[str, str]:
    return "--vtc", str(folder / "path.vtc")


def test_a_crash_is_told_from_another_and_from_a_test_that_fails(
    ground: Playground, tmp_path: Path
) -> None:
    bugs: dict[Edit, range] = {
        CRASH: BUG,
        NOT_FOUND: range(2, 4),
        ANOTHER_CRASH: range(5, 6),
        NO_START: range(9, 10),
    }
    report, commits, _ = hunted(tmp_path, ground, bugs, *vtc(tmp_path), "--crash")
    assert found(report, commits, "introduction") == BUG.start
    assert [one["text"] for one in report["learnt"]["failures"]] == ["SIGSEGV in smp_fetch_path"]


def test_a_crash_that_shows_by_chance(ground: Playground, tmp_path: Path) -> None:
    bugs: dict[Edit, range] = {FLAKY_CRASH: BUG, NOT_FOUND: range(2, 4)}
    report, commits, _ = hunted(tmp_path, ground, bugs, *vtc(tmp_path), "--crash", "--flaky")
    assert found(report, commits, "introduction") == BUG.start


def test_a_haproxy_that_never_sleeps_again(ground: Playground, tmp_path: Path) -> None:
    bugs: dict[Edit, range] = {SPIN: BUG, CRASH: range(2, 4), NO_START: range(9, 10)}
    report, commits, _ = hunted(tmp_path, ground, bugs, *vtc(tmp_path), "--spin", "1")
    assert found(report, commits, "introduction") == BUG.start


def test_memory_that_grows_each_time(ground: Playground, tmp_path: Path) -> None:
    bugs: dict[Edit, range] = {LEAK: BUG, ONE_TIME_MEMORY: range(2, 5), NO_START: range(9, 10)}
    report, commits, _ = hunted(tmp_path, ground, bugs, *vtc(tmp_path), "--leak", "30")
    assert found(report, commits, "introduction") == BUG.start


def test_memory_that_grows_more_than_it_did(ground: Playground, tmp_path: Path) -> None:
    bugs: dict[Edit, range] = {LEAK: BUG, SMALL_LEAK: range(1, LENGTH), NO_START: range(9, 10)}
    report, commits, _ = hunted(tmp_path, ground, bugs, *vtc(tmp_path), "--leak", "30", old=1)
    assert found(report, commits, "introduction") == BUG.start
    assert report["learnt"]["usual"]["name"] == commits[1][:10]


def test_a_command_that_fails(ground: Playground, tmp_path: Path) -> None:
    script = tmp_path / "answer.sh"
    script.write_text(f"#!/bin/bash\n{COMMAND}")
    script.chmod(0o755)
    bugs: dict[Edit, range] = {NOT_FOUND: BUG, CRASH: range(2, 4), NO_START: range(9, 10)}
    report, commits, _ = hunted(tmp_path, ground, bugs, "--command", str(script))
    assert found(report, commits, "introduction") == BUG.start


def test_a_build_that_breaks_in_one_way_and_not_in_another(
    ground: Playground, tmp_path: Path
) -> None:
    bugs: dict[Edit, range] = {NO_BUILD: BUG, NO_LINK: range(2, 4)}
    report, commits, _ = hunted(tmp_path, ground, bugs, "--build")
    assert found(report, commits, "introduction") == BUG.start
