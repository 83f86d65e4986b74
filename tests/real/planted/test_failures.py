"""Planted bugs of several kinds, among commits that fail in other ways: each is found and proven.

Nothing is said of the bug, the test is a user's own.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.jobs.playground import Playground
from bisector.record.failure import FailureClass
from tests.support.planted import (
    CRASH,
    ENDLESS_CHILD,
    FLAKY,
    HANG,
    NEEDS_THREADS,
    NO_BUILD,
    NO_START,
    NOT_FOUND,
    POOL_USE_AFTER_FREE,
    REFUSAL,
    USE_AFTER_FREE,
    Edit,
)
from tests.support.planted_hunts import (
    BUG,
    TEST,
    THREADS,
    found,
    healed,
    hunted,
    surveyed,
    suspected,
)
from tests.support.real import bisector

VERIFY = ("verify", "--patch", "{fix}", "--on", "{bug}")


@pytest.mark.parametrize(
    ("bug", "decoy", "kind"),
    [
        (REFUSAL, NOT_FOUND, FailureClass.REFUSAL),
        (CRASH, REFUSAL, FailureClass.CRASH),
    ],
    ids=["refusal", "crash"],
)
def test_the_kind_at_the_new_end_is_the_bug_and_no_decoy_is_named(
    ground: Playground, tmp_path: Path, bug: Edit, decoy: Edit, kind: FailureClass
) -> None:
    bugs = {bug: BUG, decoy: range(2, 4), NO_BUILD: range(5, 6), NO_START: range(9, 10)}
    report, commits, seconds = hunted(tmp_path, ground, bugs)
    assert found(report, commits, "introduction") == BUG.start
    assert [one["kind"] for one in report["learnt"]["failures"]] == [kind]
    assert report["learnt"]["revision"] == commits[-1]
    assert seconds < 40, "nothing waits for an HAProxy that has died"


def test_between_two_good_ends_a_refusal_is_found_with_its_fix(
    ground: Playground, tmp_path: Path
) -> None:
    bugs = {REFUSAL: range(4, 9), NO_START: range(11, 12)}
    report, commits, _ = hunted(tmp_path, ground, bugs)
    assert found(report, commits, "introduction") == 4
    assert found(report, commits, "fix") == 9


def test_two_bugs_between_two_good_ends_are_both_found_and_proven(
    ground: Playground, tmp_path: Path
) -> None:
    bugs = {REFUSAL: range(3, 5), CRASH: range(8, 10)}
    report, commits, _ = hunted(tmp_path, ground, bugs)
    (other,) = report["others"]
    answers = {
        answer["learnt"]["failures"][0]["kind"]: (
            found(answer, commits, "introduction"),
            found(answer, commits, "fix"),
        )
        for answer in (report, other)
    }
    assert answers == {FailureClass.REFUSAL: (3, 5), FailureClass.CRASH: (8, 10)}


def test_a_bug_that_needs_threads_is_found_with_a_toolchain_that_has_them(
    ground: Playground, tmp_path: Path
) -> None:
    report, commits, _ = hunted(tmp_path, ground, {NEEDS_THREADS: BUG}, test=THREADS)
    assert found(report, commits, "introduction") == BUG.start
    assert any("good with fast and bad with release" in note for note in report["notes"])


def test_a_bug_that_shows_by_chance_is_found(ground: Playground, tmp_path: Path) -> None:
    words = ("--flaky", "--vtc", str(tmp_path / "path.vtc"))
    report, commits, _ = hunted(tmp_path, ground, {FLAKY: BUG}, *words)
    assert found(report, commits, "introduction") == BUG.start


def test_a_test_that_hangs_at_the_new_end_alone_is_a_hang(
    ground: Playground, tmp_path: Path
) -> None:
    """Without a proof, which would hang another five times; tests.faults has the time limit."""
    words = ("--confirm", "none", "--vtc", str(tmp_path / "path.vtc"))
    bugs = {HANG: BUG, NOT_FOUND: range(3, 5)}
    test = TEST.replace("txreq", "timeout 3\n    txreq")
    report, commits, _ = hunted(tmp_path, ground, bugs, *words, test=test, status=1)
    assert suspected(report, commits, "introduction") == BUG.start
    assert [one["kind"] for one in report["learnt"]["failures"]] == [FailureClass.TIMEOUT]
    assert any("; a hang: " in note for note in report["notes"])


SCENARIO = """\
name = "query"
title = "The query of a URL can be asked for"

[files]
"test.sh" = "test.sh.j2"
"x.cfg" = "x.cfg"

[parameters]
method = ["found", "str"]

[verdict]
control = "^HAProxy version"
bad = "fetch method 'query'"
"""
SCRIPT = """\
"$HAPROXY_PROGRAM" -v
sed "s/PORT/$BISECTOR_PORT1/; s/METHOD/{{ method }}/" "$BISECTOR_TEST_DIR/x.cfg" > try.cfg
"$HAPROXY_PROGRAM" $HAPROXY_ARGS -c -f try.cfg
"""
CONFIG = """\
defaults
    mode http
    timeout client 1s
    timeout connect 1s
    timeout server 1s
frontend fe
    bind 127.0.0.1:PORT
    http-request deny if { query -m METHOD x }
"""


def test_a_scenarios_script_finds_its_bug(ground: Playground, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    for name, text in {"scenario.toml": SCENARIO, "test.sh.j2": SCRIPT, "x.cfg": CONFIG}.items():
        (tmp_path / "mine" / name).write_text(text)
    bugs = {REFUSAL: BUG, NO_START: range(3, 4)}
    mine = ("--scenario", str(tmp_path / "mine"), "--set", "method=str")
    report, commits, _ = hunted(tmp_path, ground, bugs, *mine)
    assert found(report, commits, "introduction") == BUG.start
    assert report["learnt"] is None, "it brings its signature"
    assert report["asked"]["variant"] == "method=str"
    done = bisector("regtest", str(tmp_path / "mine"))
    assert done.returncode == 2
    assert "nothing to render for upstream" in done.stderr


def test_a_survey_learns_the_kind_at_the_new_end(ground: Playground, tmp_path: Path) -> None:
    bugs = {REFUSAL: BUG, NOT_FOUND: range(5, 7)}
    report = surveyed(tmp_path, ground, bugs, "affected")
    verdicts = {
        int(one["release"].split(".")[2]) - 11: one["verdict"] for one in report["releases"]
    }
    assert [number for number, verdict in verdicts.items() if verdict == "bad"] == [*BUG]
    assert {verdicts[5], verdicts[6]} == {"untestable"}, "they fail in another way"
    assert [one["kind"] for one in report["learnt"]["failures"]] == [FailureClass.REFUSAL]


def test_and_what_fails_between_two_good_ends(ground: Playground, tmp_path: Path) -> None:
    bugs = {REFUSAL: range(4, 9), NO_START: range(11, 12)}
    report = surveyed(tmp_path, ground, bugs, "sweep", "--all")
    bad = [one for one in report["stretches"] if one["verdict"] == "bad"]
    assert [len(one["revisions"]) for one in bad] == [5]
    assert (bad[0]["first"], bad[0]["last"]) == ("v3.0.15", "v3.0.19")


def test_a_patch_that_heals_a_refusal_fixes_it(ground: Playground, tmp_path: Path) -> None:
    report, status = healed(tmp_path, ground, {REFUSAL: range(1, 2)}, *VERIFY)
    assert status == 0
    assert [one["kind"] for one in report["learnt"]["failures"]] == [FailureClass.REFUSAL]
    assert {one["outcome"] for one in report["judged"] if one["wanted"]} == {"fixes"}


def test_one_after_which_it_fails_in_another_way_is_not_said_to(
    ground: Playground, tmp_path: Path
) -> None:
    bugs = {REFUSAL: range(1, 2), NOT_FOUND: range(2, 3)}
    report, status = healed(tmp_path, ground, bugs, *VERIFY)
    assert status == 1
    assert report["conclusion"]["why"].startswith("fails in another way on ")


def test_of_a_patch_that_makes_everything_hang_three_tests_are_run(
    ground: Playground, tmp_path: Path
) -> None:
    bugs = {ENDLESS_CHILD: range(2, 3)}
    report, status = healed(tmp_path, ground, bugs, *VERIFY, "--scenario", "dns-flap")
    assert status == 1
    with_patch = [one for one in report["probes"] if one["patched"]]
    assert len({(one["scenario"], one["variant"]) for one in with_patch}) == 3
    reasons = [cell["reason"] for row in report["judged"] for cell in row["cells"]]
    said = "not run: 3 others found an HAProxy that does not serve"
    assert reasons.count(said) == len(reasons) - 3
    assert {row["outcome"] for row in report["judged"]} == {"untestable"}


def test_a_refusal_shows_a_branch_that_needs_the_fix(ground: Playground, tmp_path: Path) -> None:
    asked = ("backport", "{fix}", "--onto", "{bug}")
    report, status = healed(tmp_path, ground, {REFUSAL: range(1, 2)}, *asked)
    assert status == 0
    assert [one["outcome"] for one in report["ported"]] == ["fixes"]
    assert [one["affected"] for one in report["ported"]] == ["bad"]


def test_a_configuration_that_is_refused_needs_no_test(ground: Playground, tmp_path: Path) -> None:
    config = tmp_path / "path.cfg"
    config.write_text(
        "defaults\n\tmode http\n\ttimeout client 1s\n\ttimeout connect 1s\n\ttimeout server 1s\n"
        "frontend fe\n\tbind 127.0.0.1:8080\n\thttp-request deny if { query -m found }\n"
    )
    bugs = {REFUSAL: BUG, NO_START: range(3, 4)}
    report, commits, _ = hunted(tmp_path, ground, bugs, "--config", str(config))
    assert found(report, commits, "introduction") == BUG.start


def test_what_only_a_sanitizer_sees_is_found_with_it_and_by_no_other_toolchain(
    ground: Playground, tmp_path: Path
) -> None:
    another = BUG.start + 2  # which fails in another way, as it does so first
    bugs = {
        USE_AFTER_FREE: BUG,
        POOL_USE_AFTER_FREE: range(another, another + 1),
        NO_BUILD: range(5, 6),
        NO_START: range(2, 4),
    }
    test = ("--vtc", str(tmp_path / "path.vtc"))
    report, commits, _ = hunted(tmp_path, ground, bugs, *test, "--toolchain", "asan")
    assert found(report, commits, "introduction") == BUG.start
    (learnt,) = report["learnt"]["failures"]
    assert learnt["kind"] == FailureClass.CRASH
    assert learnt["text"] == "SIGABRT: AddressSanitizer: heap-use-after-free in smp_fetch_query"

    def probed(number: int, toolchain: str) -> tuple[int, str]:
        where = ("--repo", str(tmp_path / "repo.git"), "--toolchain", toolchain)
        done = bisector("probe", commits[number], *test, *where)
        return done.returncode, done.stdout

    assert probed(BUG.start - 1, "asan")[0] == 0
    for number, fetch in ((BUG.start, "query"), (another, "path")):
        status, said = probed(number, "asan")
        assert status == 1
        assert f"in smp_fetch_{fetch} during the test: AddressSanitizer: heap-use-after" in said
        assert [probed(number, other)[0] for other in ("fast", "dev")] == [0, 0]
