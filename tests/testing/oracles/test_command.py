"""The oracle of a shell command or a script: its rulings, its environment, its files."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from bisector.errors import ScenarioProblem
from bisector.record.failure import FailureClass
from bisector.record.verdict import Verdict
from bisector.testing.oracle import TIMED_OUT, is_doubtful
from bisector.testing.oracles.command import Command
from bisector.testing.oracles.spin_test import SpinTest
from tests.support.played import played
from tests.support.waiting import is_gone

SAID_126 = "exit status 126: sh: #: /dev/null: Permission denied"
SYNTAX = 'sh: #: Syntax error: end of file unexpected (expecting "then")'

GOOD, BAD, UNTESTABLE = Verdict.GOOD, Verdict.BAD, Verdict.UNTESTABLE


def of(text: str | Path, bad_if: str | None = None, skip_if: str | None = None) -> Command:
    return Command.of_option(str(text), bad_if=bad_if, skip_if=skip_if)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "mine" / "try.sh"
    path.parent.mkdir()
    path.write_text('. "$BISECTOR_TEST_DIR/more.sh"\n"$HAPROXY_PROGRAM" || exit 3\n')
    (path.parent / "more.sh").write_text("true\n")
    return path


def test_it_asks_for_threads_if_the_text_the_script_or_a_companion_does(script: Path) -> None:
    assert of("printf 'global\\n  nbthread 2\\n' >x.cfg").wants_threads
    assert not of("true").wants_threads
    assert not of(script).wants_threads
    (script.parent / "more.sh").write_text("echo nbthread 4 >>x.cfg\n")
    assert of(script).wants_threads


# --- rulings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "verdict", "kind", "text"),
    [
        ("echo fine", GOOD, None, ""),
        ("echo port 8080 is wrong; exit 1", BAD, "expectation", "exit status 1: port # is wrong"),
        ("exit 124", BAD, "expectation", "exit status 124: it printed nothing"),
        ("exit 125", UNTESTABLE, "skipped", "exit status 125: it printed nothing"),
        ("no_such; exit 1", UNTESTABLE, "missing program", "sh: #: no_such: not found"),
        ("exec no_such", UNTESTABLE, "missing program", "sh: #: exec: no_such: not found"),
        ("/dev/null;", UNTESTABLE, "unusable command", SAID_126),
        ("exit 127", UNTESTABLE, "unusable command", "exit status 127: it printed nothing"),
        ("sh -c if", UNTESTABLE, "unusable command", f"exit status 2: {SYNTAX}"),
        ("echo 'usage: 90 %'; exit 1", BAD, "expectation", "exit status 1: usage: # %"),
        ("exit 255", UNTESTABLE, "harness", "exit status 255: it printed nothing"),
        ("kill -SEGV $$", BAD, "crash", "the command died by SIGSEGV"),
        ("sh -c 'kill -ABRT $$'; exit $?", BAD, "crash", "the command died by SIGABRT"),
        ("kill -TERM $$", UNTESTABLE, "harness", "the command died by SIGTERM"),
    ],
)
def test_the_exit_status_decides(
    tmp_path: Path, command: str, verdict: Verdict, kind: str | None, text: str
) -> None:
    ruling = played(of(command), tmp_path)
    assert ruling.verdict is verdict, ruling
    assert (ruling.failure and ruling.failure.kind.value) == kind
    assert text == "" if ruling.failure is None else ruling.failure.text == text
    assert ruling.seconds > 0


def test_the_reason_names_what_is_missing(tmp_path: Path) -> None:
    ruling = played(of("curly -sf http://x | grep 200"), tmp_path)
    assert ruling.verdict is UNTESTABLE, "grep ends with 1, but not because of HAProxy"
    assert ruling.reason == "a program is missing: sh: 1: curly: not found"


def test_the_reason_says_why_a_command_that_cannot_work_says_nothing(tmp_path: Path) -> None:
    said = "the command itself failed, a program could not be executed (exit status 127): gone"
    assert played(of("echo gone; exit 127"), tmp_path).reason == said
    said = (
        "the command itself failed, a program was used wrongly (exit status 2): Try 'grep --help'"
    )
    assert played(of("grep --nope x"), tmp_path).reason.startswith(said)


def test_text_about_something_that_was_not_found_is_no_missing_program(tmp_path: Path) -> None:
    assert played(of("echo 'page 404: /x: not found'; exit 1"), tmp_path).verdict is BAD


def test_a_refusal_is_bad_but_of_its_own_kind(tmp_path: Path) -> None:
    said = "echo '[ALERT] (1) : config : Fatal errors found in configuration.'; exit 1"
    ruling = played(of('"$HAPROXY_PROGRAM"'), tmp_path, said)
    assert ruling.verdict is BAD
    assert ruling.failure and ruling.failure.kind is FailureClass.REFUSAL
    assert "refuses the configuration: [ALERT] Fatal errors" in ruling.reason


def test_a_daemon_is_not_left_behind(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    daemon = f"setsid sh -c 'echo $$ > {pid}; exec sleep 60' & while ! [ -s {pid} ]; do :; done"
    assert played(of('"$HAPROXY_PROGRAM"'), tmp_path, daemon).verdict is GOOD
    assert is_gone(int(pid.read_text()))


def test_a_timeout_is_untestable(tmp_path: Path) -> None:
    oracle = of("echo waiting; sleep 30")
    ruling = played(oracle, tmp_path, seconds=0.3)
    assert (ruling.verdict, ruling.reason, ruling.evidence) == (UNTESTABLE, TIMED_OUT, ("waiting",))
    assert ruling.failure and ruling.failure.kind is FailureClass.TIMEOUT
    assert oracle.may_differ(ruling)


def test_a_crash_may_be_the_fast_compilers_fault_and_a_failure_is_not(tmp_path: Path) -> None:
    assert is_doubtful(played(of("kill -SEGV $$"), tmp_path))
    assert not is_doubtful(played(of("exit 1"), tmp_path))
    assert not is_doubtful(played(of("exit 127"), tmp_path))


def test_with_bad_if_only_the_bugs_own_failure_is_bad(tmp_path: Path) -> None:
    oracle = of('"$HAPROXY_PROGRAM"', "wrong port")
    assert oracle.knows_its_bug and not of("true").knows_its_bug
    assert played(oracle, tmp_path, "echo wrong port; exit 1").verdict is BAD
    assert played(oracle, tmp_path, "echo something else; exit 1").verdict is UNTESTABLE
    assert played(oracle, tmp_path, "echo fine").verdict is GOOD


def test_skip_if_makes_it_untestable(tmp_path: Path) -> None:
    oracle = of('"$HAPROXY_PROGRAM"', None, "no threads")
    assert played(oracle, tmp_path, "echo no threads; exit 1").verdict is UNTESTABLE
    assert played(oracle, tmp_path, "exit 1").verdict is BAD


def test_the_last_lines_are_the_evidence(tmp_path: Path) -> None:
    ruling = played(of("seq 9; exit 1"), tmp_path)
    assert ruling.evidence == ("4", "5", "6", "7", "8", "9")
    assert ruling.reason == "exit status 1: 9"


# --- where it runs --------------------------------------------------------------------------------


def test_a_command_has_a_folder_of_its_own_and_two_ports(tmp_path: Path) -> None:
    checks = (
        '[ "$PWD" = "$TMPDIR" ] && [ "$HOME" = "$TMPDIR" ] && [ -z "$(ls -A)" ]',
        '[ "$BISECTOR_PORT1" -gt 1023 ] && [ "$BISECTOR_PORT2" -gt 1023 ]',
        '[ "$BISECTOR_PORT1" != "$BISECTOR_PORT2" ] && [ -z "$BISECTOR_TEST_DIR" ]',
        '[ "$HAPROXY_ARGS" = -dM ] && "$HAPROXY_PROGRAM" && touch x',
    )
    ruling = played(of("set -x; " + " && ".join(checks)), tmp_path)
    assert ruling.verdict is GOOD, ruling


def test_a_script_runs_with_its_companions(tmp_path: Path, script: Path) -> None:
    assert played(of(script), tmp_path).verdict is GOOD
    assert played(of(script), tmp_path, "exit 1").reason == "exit status 3: it printed nothing"


def test_an_executable_script_is_run_by_its_own_interpreter(tmp_path: Path, script: Path) -> None:
    script.write_text("#!/usr/bin/env false\n")
    assert played(of(script), tmp_path).verdict is GOOD, "by sh, it does nothing"
    script.chmod(0o755)
    assert played(of(script), tmp_path).verdict is BAD
    script.write_text("exit 4\n")
    assert played(of(script), tmp_path).reason.startswith("exit status 4"), "by sh without a #!"


def test_a_command_that_asks_for_the_revision_gets_it_and_shares_no_verdict(
    tmp_path: Path, script: Path
) -> None:
    asks = of('[ "$BISECTOR_REVISION" = 64c9 ]')
    (script.parent / "more.sh").write_text("echo $BISECTOR_REVISION\n")
    assert played(asks.at("64c9"), tmp_path).verdict is GOOD
    assert played(asks.at("c16e"), tmp_path).verdict is BAD
    for one in (asks, of(script), SpinTest.around(asks, "1")):
        assert len({one.digest, one.at("64c9").digest, one.at("c16e").digest}) == 3
    other = of('[ -z "$BISECTOR_REV" ]')
    assert other.at("64c9") == other


# --- what identifies it ---------------------------------------------------------------------------


def test_all_that_decides_the_ruling_is_in_the_digest(script: Path) -> None:
    digests = [of(one).digest for one in ("true", "false", script)]
    digests += [of("true", "x").digest, of("true", None, "x").digest, of(script, "x").digest]
    script.write_text("#!/bin/sh\n. more.sh\n")
    digests.append(of(script).digest)
    script.chmod(0o755)
    digests.append(of(script).digest)
    (script.parent / "more.sh").write_text("false\n")
    digests.append(of(script).digest)
    assert len(set(digests)) == len(digests)


def test_its_name_is_the_files_or_the_commands_beginning(script: Path) -> None:
    assert of(script).name == "try.sh"
    assert of("curl  -f\nx").name == "curl -f x"
    assert len(of("x" * 500).name) == 60


def test_workers_get_a_script_with_its_companions(tmp_path: Path, script: Path) -> None:
    oracle = of(script)
    assert [name for name, _ in oracle.files_of_user()] == ["try.sh", "more.sh"]
    there = tmp_path / "there"
    there.mkdir()
    for name, content in oracle.files_of_user():
        (there / name).write_bytes(content)
        (there / name).chmod(0o755)  # as a worker does
    script.unlink()
    moved = pickle.loads(pickle.dumps(oracle)).moved_to(there)
    assert played(moved, tmp_path).verdict is GOOD
    assert of("true").files_of_user() == () and of("true").moved_to(there) == of("true")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "an empty command"),
        (" \n", "an empty command"),
        ("./no-such.sh", "cannot read ./no-such.sh: there is no such file"),
        ("tests/no_such", "cannot read tests/no_such"),
    ],
)
def test_what_can_be_no_command_is_an_error(text: str, said: str) -> None:
    with pytest.raises(ScenarioProblem, match=said):
        of(text)


@pytest.mark.parametrize("text", ["x" * 5000, "true", "a\0b", "true # a/b"])
def test_other_text_is_a_command(text: str) -> None:
    assert (of(text).text, of(text).script) == (text, "")


def test_a_program_has_no_companions(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\x7fELF\0 y")
    (tmp_path / "y").write_text("")
    assert [name for name, _ in of(tmp_path / "x").files_of_user()] == ["x"]


@pytest.mark.parametrize(("bad", "skip", "option"), [("(", None, "bad"), (None, "", "skip")])
def test_a_wrong_pattern_is_an_error(bad: str | None, skip: str | None, option: str) -> None:
    with pytest.raises(ScenarioProblem, match=f"--{option}-if"):
        of("true", bad, skip)


# --- a scenario's script --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "verdict", "reason"),
    [
        ("echo it works", GOOD, "exit status 0, without the bug's signature"),
        ("echo it works; echo port 0; exit 1", BAD, "the bug's signature: port 0"),
        ("echo it works; echo port 0", BAD, "the bug's signature: port 0"),
        ("echo port 0; exit 1", UNTESTABLE, "the bug's signature: port 0, but the control"),
        ("echo nothing", UNTESTABLE, "signature, but the control does not match: the test itself"),
        ("echo it works; exit 1", UNTESTABLE, "it failed, but not by the bug's signature"),
        ("echo it works; echo port 0; exit 125", UNTESTABLE, "exit status 125"),
        ("echo it works; kill -SEGV $$", UNTESTABLE, "it failed, but not by the bug's signature"),
    ],
)
def test_a_scenarios_script_needs_the_signature_and_the_control(
    tmp_path: Path, text: str, verdict: Verdict, reason: str
) -> None:
    ruling = played(rendered({"test.sh": text}), tmp_path)
    assert ruling.verdict is verdict, ruling
    assert reason in ruling.reason


@pytest.mark.parametrize("first", ["", "#!/bin/sh\n"])
def test_it_runs_with_the_other_files_of_the_scenario(tmp_path: Path, first: str) -> None:
    files = {
        "test.sh": f'{first}. "$BISECTOR_TEST_DIR/x.sh"; "$HAPROXY_PROGRAM" && echo it works',
        "x.sh": "y=1",
    }
    assert played(rendered(files), tmp_path).verdict is GOOD


def test_every_part_of_it_is_in_its_digest() -> None:
    files = {"test.sh": "true", "x.sh": ""}
    digests = {
        rendered(files).digest,
        rendered({**files, "test.sh": "false"}).digest,
        rendered({**files, "x.sh": "y=1"}).digest,
        rendered(files, bad="other").digest,
        rendered(files, control="other").digest,
    }
    assert len(digests) == 5


def rendered(files: dict[str, str], bad: str = "port 0", control: str = "it works") -> Command:
    return Command.rendered("mine", "a=1", files, bad=bad, control=control)
