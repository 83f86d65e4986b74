"""A HAProxy that does not serve at all is broken, whatever a test says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.record.failure import FailureClass
from bisector.record.verdict import Ruling, Verdict
from bisector.system.process import Finished
from bisector.system.slots import Slot
from bisector.system.tools import Tool
from bisector.testing import minimal, vtest
from bisector.testing.oracle import Trial
from bisector.testing.oracles.vtest_case import VTestCase
from bisector.testing.vtest import Place
from tests.support.vtest_logs import EXIT_1, EXPECT, REFUSED, RX_TIMEOUT, SEGV, SERVING

VTEST = Tool(Path("/vtest"), "vtest", "id")
CASE = VTestCase("any", "digest", "any.vtc", files=(("any.vtc", "vtest any"),))


def ruling(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    log: str,
    *,
    serves: bool,
    case: VTestCase = CASE,
) -> Ruling:
    """The ruling on a test that fails with *log*, on a HAProxy that *serves* otherwise or not."""

    def run_test(place: Place, trial: Trial, buffer: int) -> Finished:
        is_minimal = place.case.name == minimal.NAME
        trial.log.write_text("minimal" if is_minimal else log)
        return Finished((), 0 if is_minimal and serves else 1, log, 0.5)

    monkeypatch.setattr(vtest, "run_test", run_test)
    return case.run(Trial(Path("/haproxy"), folder / "log", (VTEST,), 30.0, Slot(1)))


@pytest.mark.parametrize("log", [SEGV, SERVING + SEGV, REFUSED + EXIT_1, SERVING + RX_TIMEOUT])
def test_a_failure_of_a_haproxy_that_serves_nothing_is_not_about_the_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: str
) -> None:
    broken = ruling(tmp_path, monkeypatch, log, serves=False)
    assert broken.verdict is Verdict.UNTESTABLE
    assert broken.failure is not None and broken.failure.kind is FailureClass.BROKEN
    assert broken.reason.startswith("HAProxy does not serve with a minimal configuration either: ")
    assert (tmp_path / "log").read_text() == log, "the log is that of the test"

    failed = ruling(tmp_path, monkeypatch, log, serves=True)
    assert failed.failure is not None and failed.failure.kind is not FailureClass.BROKEN


def test_a_busy_moment_may_have_caused_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert CASE.may_differ(ruling(tmp_path, monkeypatch, SERVING + RX_TIMEOUT, serves=False))
    assert not CASE.may_differ(ruling(tmp_path, monkeypatch, REFUSED + EXIT_1, serves=True))


def test_a_failed_expectation_needs_no_second_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = ruling(tmp_path, monkeypatch, SERVING + EXPECT, serves=False)
    assert told.verdict is Verdict.BAD


def test_a_known_signature_decides_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signature = VTestCase("any", "digest", "any.vtc", files=CASE.files, bad="signal 11")
    told = ruling(tmp_path, monkeypatch, SERVING + SEGV, serves=False, case=signature)
    assert told.verdict is Verdict.BAD


def test_where_the_signature_says_nothing_it_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signature = VTestCase("any", "digest", "any.vtc", files=CASE.files, bad="another")
    told = ruling(tmp_path, monkeypatch, SERVING + SEGV, serves=False, case=signature)
    assert told.failure is not None and told.failure.kind is FailureClass.BROKEN
    told = ruling(tmp_path, monkeypatch, SERVING + SEGV, serves=True, case=signature)
    assert told.verdict is Verdict.UNTESTABLE
    assert told.failure is not None and told.failure.kind is not FailureClass.BROKEN
