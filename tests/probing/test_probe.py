"""The unit of work: a binary is held while it is tested, and a verdict is known with its log."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from bisector.probing.probe import Probe, key_of, probe, recall, remember
from bisector.record.failure import Failure, FailureClass
from bisector.record.verdict import Result, Ruling, Verdict
from bisector.system import cache
from bisector.system.process import Finished
from bisector.system.sandbox import Sandbox
from bisector.system.stop import Stop
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace
from bisector.testing import minimal, vtest
from bisector.testing.oracle import Trial
from bisector.testing.oracles.vtest_case import VTestCase
from bisector.testing.timeouts import UsualTimes
from bisector.testing.vtest import Place
from tests.support.clone import Clone
from tests.support.obtain import SANDBOXES
from tests.support.tiny_haproxy import TinyHAProxy

ORACLE = VTestCase("any", "digest", "any.vtc")
TOOLS = (Tool(Path("vtest"), "vtest", "vtest-id"),)


@pytest.fixture
def tiny(clone: Clone, workspace: Workspace) -> TinyHAProxy:
    return TinyHAProxy(clone, workspace)


@pytest.fixture
def request_(tiny: TinyHAProxy, monkeypatch: pytest.MonkeyPatch) -> Probe:
    """A question on a tiny HAProxy; while it is tested, somebody clears the cache."""

    def run_test(place: Place, trial: Trial, buffer: int) -> Finished:
        trial.log.write_text("all was well")
        cache.clear(tiny.workspace)
        assert trial.binary.exists()
        return Finished((), 0, trial.log.read_text(), 0.5)

    monkeypatch.setattr(vtest, "run_test", run_test)
    tree = tiny.clone.tree({}, tiny.first)
    return Probe(tiny.store.path, tree, tiny.toolchain, ORACLE, TOOLS)


def test_a_binary_stays_while_it_is_tested_and_the_log_has_its_name_afterwards(
    tiny: TinyHAProxy, request_: Probe
) -> None:
    result = probe(tiny.workspace, request_)
    assert result.verdict is Verdict.GOOD
    assert result.key == key_of(request_)
    assert Path(result.log).parent == tiny.workspace.root / "logs"
    assert Path(result.log).read_text() == "all was well"


def test_a_verdict_is_known_until_its_log_goes_then_made_again(
    tiny: TinyHAProxy, request_: Probe
) -> None:
    made = probe(tiny.workspace, request_)
    assert recall(tiny.workspace, made.key) == made
    cache.clear(tiny.workspace)
    assert recall(tiny.workspace, made.key) is None
    again = probe(tiny.workspace, request_)
    assert again.build_seconds > 0
    assert recall(tiny.workspace, again.key) == again


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"null",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"ruling": {"verdict": "none", "reason": ""}, "key": "%s", "log": "/"}',
        b'{"ruling": {"verdict": "bad", "reason": ""}, "key": "%s", "log": 5}',
        b'{"ruling": {"verdict": "bad", "reason": "", "evidence": "x"}, "key": "%s", "log": "/"}',
        b'{"ruling": {"verdict": "bad", "reason": ""}, "key": "other", "log": "/"}',
    ],
)
def test_a_damaged_file_in_the_cache_is_no_verdict(workspace: Workspace, damage: bytes) -> None:
    log = workspace.folder("logs") / "log"
    log.write_text("")
    result = Result(Ruling(Verdict.BAD, "r", ("e",), 1.5), "ab", "binary", 1.0, 2.0, str(log), "m")
    remember(workspace, result)
    assert recall(workspace, "ab") == result
    (workspace.root / "verdicts" / "ab" / "ab").write_bytes(damage.replace(b"%s", b"ab"))
    assert recall(workspace, "ab") is None


def test_a_verdict_found_by_another_job_meanwhile_is_used(
    tiny: TinyHAProxy, request_: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ExitStack()
    log = tiny.workspace.folder("logs") / "theirs"
    log.write_text("all was well")
    found = Result(Ruling(Verdict.BAD, "theirs"), key_of(request_), test_seconds=3.0, log=str(log))

    def finish(stop: Stop, seconds: float) -> None:
        remember(tiny.workspace, found)
        other.close()

    monkeypatch.setattr(Stop, "pause", finish)
    with other:
        other.enter_context(tiny.workspace.alone_with(key_of(request_), Stop()))
        result = probe(tiny.workspace, replace(request_, again=False))
    assert (result.ruling, result.test_seconds) == (found.ruling, 0.0)
    assert probe(tiny.workspace, request_).verdict is Verdict.GOOD, "asked again, it is tested"


SCENARIO = replace(ORACLE, bad="signature", control="control")


@pytest.mark.parametrize(
    ("oracle", "logs", "runs", "verdict"),
    [
        (SCENARIO, ["nothing", "control"], 2, Verdict.GOOD),
        (SCENARIO, ["nothing", "nothing", "control"], 2, Verdict.UNTESTABLE),
        (SCENARIO, ["control signature"], 1, Verdict.BAD),
        (ORACLE, ["TIMED OUT (kill -9)", "fine"], 2, Verdict.GOOD),
        (replace(ORACLE, patient=False), ["TIMED OUT (kill -9)", "fine"], 1, Verdict.UNTESTABLE),
        (ORACLE, ["---- h1 Bad exit status", "fine"], 1, Verdict.UNTESTABLE),
    ],
)
def test_what_may_have_been_a_busy_moment_is_asked_once_more(
    tiny: TinyHAProxy,
    monkeypatch: pytest.MonkeyPatch,
    oracle: VTestCase,
    logs: list[str],
    runs: int,
    verdict: Verdict,
) -> None:
    said = iter(logs)

    def run_test(place: Place, trial: Trial, buffer: int) -> Finished:
        if place.case.name == minimal.NAME:
            return Finished((), 0, "", 0.1)
        trial.log.write_text(next(said))
        fine = "fine" in trial.log.read_text() or "control" in trial.log.read_text()
        return Finished((), 0 if fine else 1, trial.log.read_text(), 0.5)

    monkeypatch.setattr(vtest, "run_test", run_test)
    tree = tiny.clone.tree({}, tiny.first)
    asked = Probe(tiny.store.path, tree, tiny.toolchain, oracle, TOOLS)
    result = probe(tiny.workspace, asked)
    assert (result.verdict, result.test_seconds) == (verdict, 0.5 * runs)


def test_a_time_limit_does_not_grow_by_tests_that_exceed_it(
    tiny: TinyHAProxy, request_: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = UsualTimes(tiny.workspace)
    assert probe(tiny.workspace, request_).verdict is Verdict.GOOD
    before = usual._all()

    def hangs(place: Place, trial: Trial, buffer: int) -> Finished:
        return Finished((), None, "", 500.0)

    monkeypatch.setattr(vtest, "run_test", hangs)
    monkeypatch.setattr(minimal, "starts", lambda trial: True)
    for run in range(1, 9):
        assert probe(tiny.workspace, replace(request_, run=run)).verdict is Verdict.UNTESTABLE
    assert before == usual._all() == {"any": [0.5]}


# --- what a test needs ----------------------------------------------------------------------------

HAPROXY = r"""
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv) {
    if (argc == 3) /* -cc CONDITION */
        return strstr(argv[2], "OPENSSL") != NULL;
    puts("HAProxy version 3.0.1 2024/06/10\n  TARGET  = linux-glibc");
    puts("Feature list : -OPENSSL +LUA");
    return 0;
}
"""


def result_of(tiny: TinyHAProxy, folder: Path, text: str, box: Sandbox | None = None) -> Result:
    """The verdict of a test with this *text* on a tiny HAProxy without OpenSSL."""
    (folder / "any.vtc").write_text(text)
    tree = tiny.clone.tree({"src/haproxy.c": HAPROXY}, tiny.first)
    oracle = VTestCase("any", "digest", "any.vtc", folder=str(folder))
    request = Probe(tiny.store.path, tree, tiny.toolchain, oracle, TOOLS, sandbox=box)
    return probe(tiny.workspace, request)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "tests"
    path.mkdir()
    return path


@pytest.fixture
def skipped(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A VTest that skips every test; the names of those that it was given."""
    given: list[str] = []

    def run_test(place: Place, trial: Trial, buffer: int) -> Finished:
        given.append(place.case.name)
        trial.log.write_text("*    top   SKIPPING test, lacking feature: cmd\n")
        return Finished((), 77, trial.log.read_text(), 0.5)

    monkeypatch.setattr(vtest, "run_test", run_test)
    return given


def test_a_test_whose_comments_do_not_hold_is_not_run_and_says_which(
    tiny: TinyHAProxy, folder: Path, skipped: list[str]
) -> None:
    result = result_of(tiny, folder, "#REQUIRE_OPTIONS=LUA,OPENSSL\n#REQUIRE_VERSION=3.0\n")
    said = "#REQUIRE_OPTIONS=OPENSSL (--make USE_OPENSSL=1)"
    assert result.ruling == Ruling(
        Verdict.UNTESTABLE,
        f"skipped, as run-regtests.sh does: {said}",
        (said,),
        failure=Failure(FailureClass.SKIPPED, said),
    )
    assert said in Path(result.log).read_text()
    assert skipped == []


def test_a_test_whose_comments_hold_is_run(
    tiny: TinyHAProxy, folder: Path, skipped: list[str]
) -> None:
    result_of(
        tiny, folder, "#REQUIRE_OPTIONS=LUA\n#REQUIRE_BINARIES=sh\n#EXCLUDE_TARGETS=freebsd\n"
    )
    assert skipped == ["any.vtc"]


@pytest.mark.parametrize(
    "kind", ["", *(pytest.param(k, marks=pytest.mark.slow) for k in SANDBOXES)]
)
def test_a_skipped_test_says_which_guard_failed(
    request: pytest.FixtureRequest,
    tiny: TinyHAProxy,
    folder: Path,
    skipped: list[str],
    kind: str,
) -> None:
    box = request.getfixturevalue(kind) if kind else None
    text = """\
feature cmd "test -f ${testdir}/any.vtc"
feature cmd "$HAPROXY_PROGRAM -cc 'feature(LUA) && feature(OPENSSL)'"
feature cmd "false"
"""
    result = result_of(tiny, folder, text, box)
    said = "VTest skipped it: it needs feature(OPENSSL) (--make USE_OPENSSL=1)"
    assert (result.verdict, result.ruling.reason) == (Verdict.UNTESTABLE, said)
    assert result.ruling.evidence == ("* top SKIPPING test, lacking feature: cmd",)


def test_a_skip_that_no_guard_explains_is_told_as_vtest_says_it(
    tiny: TinyHAProxy, folder: Path, skipped: list[str]
) -> None:
    result = result_of(tiny, folder, 'feature cmd "true"\n')
    reason = "VTest skipped it: SKIPPING test, lacking feature: cmd"
    assert result.ruling.reason == reason
