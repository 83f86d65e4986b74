"""The oracle of a configuration that HAProxy checks: its rulings, its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.errors import ScenarioProblem, UsageProblem
from bisector.record.failure import Failure, FailureClass
from bisector.record.verdict import Verdict
from bisector.testing.oracle import TIMED_OUT, is_doubtful
from bisector.testing.oracles.config_file import ConfigFile
from tests.support.played import played

GOOD, BAD, UNTESTABLE = Verdict.GOOD, Verdict.BAD, Verdict.UNTESTABLE

CONFIG = "frontend f\n\tbind :443 ssl crt certs/x.pem\n\thttp-request lua.x if { path -f a.lst }\n"
REFUSED = """\
echo '[NOTICE]   (9) : haproxy version is 3.1.0'
echo "[ALERT]    (9) : config : parsing [x.cfg:3] : error detected in frontend 'f'"
echo '[ALERT]    (9) : config : Fatal errors found in configuration.'
exit 1"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "mine" / "x.cfg"
    (path.parent / "certs").mkdir(parents=True)
    path.write_text(CONFIG)
    for name in ("certs/x.pem", "certs/x.pem.key", "certs/y.pem", "a.lst", "unnamed"):
        (path.parent / name).write_text(name)
    return path


def of(path: Path, bad_if: str | None = None, skip_if: str | None = None) -> ConfigFile:
    return ConfigFile.of_option(str(path), bad_if=bad_if, skip_if=skip_if)


# --- rulings --------------------------------------------------------------------------------------


def test_what_is_accepted_is_good(tmp_path: Path, config: Path) -> None:
    ruling = played(of(config), tmp_path, "echo 'Configuration file is valid'")
    assert (ruling.verdict, ruling.failure) == (GOOD, None)
    assert ruling.evidence == ("Configuration file is valid",)


def test_what_is_refused_is_bad_by_the_first_alert(tmp_path: Path, config: Path) -> None:
    ruling = played(of(config), tmp_path, REFUSED)
    assert ruling.verdict is BAD
    assert ruling.failure == Failure(
        FailureClass.REFUSAL, "parsing : error detected in frontend 'f'"
    )
    first = "[ALERT] parsing [x.cfg:3] : error detected in frontend 'f'"
    assert ruling.reason == f"HAProxy refuses the configuration: {first}"
    assert ruling.evidence[0] == first


def test_a_configuration_without_a_listener_is_refused(tmp_path: Path, config: Path) -> None:
    said = "echo 'Configuration file has no error but will not start (no listener)'; exit 2"
    ruling = played(of(config), tmp_path, said)
    assert ruling.verdict is BAD
    assert ruling.failure and "no listener" in ruling.failure.text


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ("echo 'Usage: haproxy [-f <cfgfile>]'; exit 1", FailureClass.HARNESS),
        ("echo 'haproxy: error while loading shared libraries'; exit 127", FailureClass.BROKEN),
        ("kill -KILL $$", FailureClass.HARNESS),
    ],
)
def test_a_failure_that_is_no_refusal_is_untestable(
    tmp_path: Path, config: Path, script: str, kind: FailureClass
) -> None:
    for oracle in (of(config), of(config).with_extra("expect", "refused")):
        ruling = played(oracle, tmp_path, script)
        assert ruling.verdict is UNTESTABLE
        assert ruling.failure and ruling.failure.kind is kind


def test_a_crash_is_bad_and_doubtful_with_the_fast_compiler(tmp_path: Path, config: Path) -> None:
    for oracle in (of(config), of(config).with_extra("expect", "refused")):
        ruling = played(oracle, tmp_path, "kill -SEGV $$")
        assert (ruling.verdict, ruling.reason) == (BAD, "HAProxy died by SIGSEGV")
        assert ruling.failure and ruling.failure.kind is FailureClass.CRASH
        assert is_doubtful(ruling)


def test_a_timeout_is_untestable(tmp_path: Path, config: Path) -> None:
    ruling = played(of(config), tmp_path, "sleep 30", seconds=0.3)
    assert (ruling.verdict, ruling.reason) == (UNTESTABLE, TIMED_OUT)


def test_with_bad_if_a_warning_can_be_the_bug(tmp_path: Path, config: Path) -> None:
    oracle = of(config, "is deprecated")
    assert oracle.knows_its_bug and not of(config).knows_its_bug
    assert played(oracle, tmp_path, "echo '[WARNING] x is deprecated'").verdict is BAD
    assert played(oracle, tmp_path, "echo '[WARNING] y'").verdict is GOOD
    assert played(oracle, tmp_path, REFUSED).verdict is UNTESTABLE


def test_skip_if_leaves_out_what_does_not_know_a_keyword(tmp_path: Path, config: Path) -> None:
    oracle = of(config, None, "unknown keyword")
    said = "echo \"[ALERT] (1) : config : parsing [x.cfg:1] : unknown keyword 'x'\"; exit 1"
    assert played(oracle, tmp_path, said).verdict is UNTESTABLE
    assert played(oracle, tmp_path, REFUSED).verdict is BAD


def test_a_refusal_can_be_what_is_expected(tmp_path: Path, config: Path) -> None:
    oracle = of(config).with_extra("expect", "refused")
    assert played(oracle, tmp_path, REFUSED).verdict is GOOD
    ruling = played(oracle, tmp_path)
    assert (ruling.verdict, ruling.reason) == (BAD, "HAProxy accepts the configuration")
    assert ruling.failure and ruling.failure.kind is FailureClass.EXPECTATION


def test_only_accepted_and_refused_can_be_expected(config: Path) -> None:
    assert of(config).with_extra("expect", "accepted") == of(config)
    with pytest.raises(UsageProblem, match="--expect maybe: accepted or refused"):
        of(config).with_extra("expect", "maybe")


def test_it_is_checked_in_its_folder_with_the_arguments_of_tests(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ruling = played(of(config), tmp_path, 'echo "$*" && cat a.lst')
    assert ruling.evidence == ("-dM -c -f x.cfg", "a.lst")
    monkeypatch.setenv("HAPROXY_ARGS", "-dM -dS")
    assert played(of(config), tmp_path, 'echo "$*"').evidence == ("-dM -dS -c -f x.cfg",)
    assert of(config).conditions() == ("-dM -dS",)


# --- what identifies it ---------------------------------------------------------------------------


def named(path: Path) -> list[str]:
    return [name for name, _ in of(path).files_of_user()]


def test_its_files_are_those_that_it_names(config: Path) -> None:
    assert named(config) == ["x.cfg", "a.lst", "certs/x.pem", "certs/x.pem.key"]


@pytest.mark.parametrize("line", ["crt certs", "crt ./certs/", 'crt-base "certs"', "ca-file certs"])
def test_of_a_named_folder_they_are_all_files(config: Path, line: str) -> None:
    config.write_text(f"\tbind :443 ssl {line}\n")
    assert named(config) == ["x.cfg", "certs/x.pem", "certs/x.pem.key", "certs/y.pem"]


@pytest.mark.parametrize("line", ["crt ../mine", "crt /etc", "errorfiles .."])
def test_a_folder_elsewhere_is_none_of_them(config: Path, line: str) -> None:
    config.write_text(f"\t{line}\n")
    assert named(config) == ["x.cfg"]


def test_all_that_decides_the_ruling_is_in_the_digest(config: Path) -> None:
    digests = [of(config).digest, of(config, "x").digest, of(config, None, "x").digest]
    digests.append(of(config).with_extra("expect", "refused").digest)
    (config.parent / "certs/x.pem.key").write_text("other")
    digests.append(of(config).digest)
    config.write_text("global\n")
    digests.append(of(config).digest)
    assert len(set(digests)) == len(digests)
    (config.parent / "unnamed").write_text("other")
    assert of(config).digest == digests[-1]


def test_a_configuration_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ScenarioProblem, match=r"cannot read .*no\.cfg: No such file"):
        of(tmp_path / "no.cfg")
