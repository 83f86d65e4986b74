"""A test ends when an HAProxy in it has died, and goes on when one ends as it should.

A script plays VTest: one process leads the test's process group and starts HAProxy, which is
another script; it asks how that ended only if it is told to.
"""

from __future__ import annotations

import re
import shutil
import signal
from pathlib import Path

import pytest

from bisector.record.failure import FailureClass
from bisector.system import process
from bisector.system.process import Finished
from bisector.system.sandbox import Sandbox
from bisector.system.slots import Slot
from bisector.system.tools import Tool
from bisector.testing import deaths, vtest
from bisector.testing.deaths import Death
from bisector.testing.oracle import Trial
from bisector.testing.vtest import Place
from bisector.testing.vtest_log import Patterns, classify
from tests.support.vtest_logs import NO_BIND, REFUSED, SERVING

SEGV = Death("h1", signal.SIGSEGV, 0)
REFUSAL = Death("h1", 0, 1)

VTEST = """\
#!/bin/bash
set -m # the test leads a process group
( {test} ) &
{main}
wait $! && echo '#    top  TEST any.vtc passed' && exit 0
echo '#    top  TEST any.vtc FAILED'
exit 2
"""
START = 'haproxy & echo "***  h1    PID: $!"; '
FOREVER = 300  # seconds, more than a busy machine takes for anything here
WAIT = START + f"exec sleep {FOREVER}"  # as for a response that never comes
GO_ON = START + "exec sleep 0.5"  # long enough to be taken for that
# bash would ask how its child ended, sleep does not
LEFT = "until grep -q sleep /proc/$PPID/comm; do sleep 0.02; done; "
STOPPED = "until grep -q stopped /proc/$PPID/status; do sleep 0.02; done; "


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    if not shutil.which("bash"):
        pytest.skip("no bash on this machine")
    monkeypatch.setattr(process, "WATCH_SECONDS", 0.03)
    monkeypatch.setattr(deaths, "DEAD_SECONDS", 0.15)


def ran(
    folder: Path,
    haproxy: str,
    test: str,
    *,
    main: str = "",
    case: str = "vtest any",
    sandbox: Sandbox | None = None,
) -> Finished:
    """Run a *test* whose HAProxy is the script *haproxy*, under a VTest that does *main*, too."""
    home = folder / "home"
    home.mkdir()
    (home / "any.vtc").write_text(case)
    for name, text in (
        ("vtest", VTEST.format(test=test, main=main)),
        ("haproxy", f"#!/bin/sh\n{haproxy}\n"),
    ):
        (home / name).write_text(text)
        (home / name).chmod(0o755)
    trial = Trial(
        home / "haproxy", folder / "log", (Tool(home / "vtest", "vtest", "id"),), FOREVER, Slot(1)
    )
    env = {"PATH": f"{home}:/usr/bin:/bin"}
    box = sandbox.box(home) if sandbox else None
    return vtest.run_test(Place(home / "any.vtc", home, env, box), trial, 1 << 20)


def deaths_in(run: Finished) -> list[str]:
    """The deaths that are noted in the log, each with the instance's name."""
    return [
        f"{name} {death}"
        for name, death in re.findall(
            r"^---- (\S+)\s+(HAProxy .*): the test is over$", run.output, re.M
        )
    ]


@pytest.mark.parametrize(
    ("haproxy", "death"),
    [
        ("kill -SEGV $$", SEGV),
        ("kill -ABRT $$", Death("h1", signal.SIGABRT, 0)),
        ("kill -BUS $$", Death("h1", signal.SIGBUS, 0)),
        ("exit 1", REFUSAL),
        ("exit 139 # a master whose worker has died", Death("h1", signal.SIGSEGV, 139)),
    ],
)
def test_a_test_is_over_when_an_instance_has_died(
    tmp_path: Path, haproxy: str, death: Death
) -> None:
    run = ran(tmp_path, LEFT + haproxy, WAIT)
    assert deaths_in(run) == [f"h1 {death}"]
    assert run.seconds < FOREVER
    assert run.status == 2
    assert "TEST any.vtc FAILED" in run.output, "VTest prints the log"
    assert run.output == (tmp_path / "log").read_text()


def test_so_it_is_inside_the_sandbox(tmp_path: Path, box: Sandbox) -> None:
    run = ran(tmp_path, LEFT + "kill -SEGV $$", WAIT, sandbox=box)
    assert deaths_in(run) == [f"h1 {SEGV}"]
    assert run.seconds < FOREVER
    assert "TEST any.vtc FAILED" in run.output


def test_all_that_have_died_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deaths, "DEAD_SECONDS", 1.0)  # for both to die in
    script = LEFT + "case $1 in h2) kill -SEGV $$;; *) exit 1;; esac"
    both = f'haproxy h2 & echo "***  h2    PID: $!"; {WAIT}'
    assert set(deaths_in(ran(tmp_path, script, both))) == {f"h1 {REFUSAL}", f"h2 {SEGV}"}


@pytest.mark.parametrize(
    "haproxy",
    [
        "exit 0 # daemon mode, or a soft stop",
        "exit 130 # a master that was stopped by SIGINT",
        "exit 143 # and one by SIGTERM",
        "kill -INT $$",
        "kill -KILL $$ # which a test may do on purpose",
    ],
)
def test_an_instance_that_ends_as_it_should_ends_no_test(tmp_path: Path, haproxy: str) -> None:
    run = ran(tmp_path, LEFT + haproxy, GO_ON)
    assert (deaths_in(run), run.status) == ([], 0)
    assert "the test is over" not in run.output


@pytest.mark.parametrize(
    "test",
    [
        "for i in 1 2 3 4 5; do haproxy; sleep 0.1; done",
        "haproxy & sleep 0.5",  # this shell asks at once how each of its children ended
    ],
)
def test_one_that_vtest_asks_about_ends_no_test(tmp_path: Path, test: str) -> None:
    run = ran(tmp_path, "exit 1", test)
    assert (deaths_in(run), run.status) == ([], 0)


def test_a_worker_that_its_master_does_not_ask_about_ends_no_test(tmp_path: Path) -> None:
    master = LEFT + 'test "$1" && kill -SEGV $$; haproxy worker & exec sleep 0.5'
    run = ran(tmp_path, master, GO_ON)
    assert (deaths_in(run), run.status) == ([], 0)


def test_one_that_a_shell_of_the_test_starts_ends_no_test(tmp_path: Path) -> None:
    run = ran(tmp_path, LEFT + "exit 1", "sh -c 'haproxy & exec sleep 0.5'; true")
    assert (deaths_in(run), run.status) == ([], 0)


def test_another_program_that_dies_ends_no_test(tmp_path: Path) -> None:
    run = ran(tmp_path, "exec sleep 1", f"sh -c '{LEFT}exit 1' & exec sleep 0.5")
    assert (deaths_in(run), run.status) == ([], 0)


def test_a_vtest_that_is_stopped_is_not_taken_for_one_that_waits(tmp_path: Path) -> None:
    stops = "haproxy & kill -STOP $BASHPID; wait $! || true"
    run = ran(tmp_path, STOPPED + "exit 1", stops, main="sleep 0.6; kill -CONT -- -$!")
    assert (deaths_in(run), run.status) == ([], 0)


def test_a_test_that_wants_its_haproxy_to_fail_goes_on(tmp_path: Path) -> None:
    run = ran(tmp_path, LEFT + "exit 1", GO_ON, case="haproxy h1 -conf {} -start -expectexit 1")
    assert (deaths_in(run), run.status) == ([], 0)


def test_an_instance_that_the_log_does_not_name_has_no_name(tmp_path: Path) -> None:
    run = ran(tmp_path, LEFT + "kill -SEGV $$", f"haproxy & exec sleep {FOREVER}")
    assert deaths_in(run) == [f"h? {SEGV}"]


@pytest.mark.parametrize(
    ("log", "death", "kind", "said"),
    [
        (SERVING, SEGV, FailureClass.CRASH, "HAProxy died by SIGSEGV during the test"),
        (SERVING, Death("h1", 11, 139), FailureClass.CRASH, "HAProxy died by SIGSEGV during"),
        ("", SEGV, FailureClass.START, "HAProxy died by SIGSEGV at its start"),
        (REFUSED, REFUSAL, FailureClass.REFUSAL, "HAProxy refuses the configuration"),
        (NO_BIND, REFUSAL, FailureClass.START, "HAProxy does not start: .*cannot bind socket"),
        (SERVING, REFUSAL, FailureClass.OTHER, ".*HAProxy ended with exit status 1"),
    ],
)
def test_the_ruling_on_a_death_is_that_on_what_vtest_would_have_said(
    log: str, death: Death, kind: FailureClass, said: str
) -> None:
    run = Finished((), 2, f"{log}---- h1    {death}: the test is over\n", 0.7)
    ruling = classify(run, Patterns())
    assert ruling.failure is not None and ruling.failure.kind is kind
    assert re.match(said, ruling.reason)
    assert ruling.evidence
