"""What others need to repeat a triage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bisector.jobs.triage.repeatable import repeatable, words_of
from bisector.jobs.triage.revisions import Named
from bisector.probing.options import Options
from bisector.probing.setup import Asked
from bisector.system.workspace import Workspace
from bisector.testing.oracles.command import Command
from tests.support.clone import Clone
from tests.support.triages import Triaged

KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----\n"


def test_the_options_that_decide_verdicts_are_told_with_names_of_files(tmp_path: Path) -> None:
    for name in ("bug.vtc", "vv.txt", "fix.patch"):
        (tmp_path / name).write_text("")
    options = Options(
        repo="/somewhere",
        own_test=("vtc", str(tmp_path / "bug.vtc")),
        around=("crash", ""),
        bad_if="a b",
        like=str(tmp_path / "vv.txt"),
        fixups=("abc123",),
        patches=(str(tmp_path / "fix.patch"),),
        make=("USE_QUIC=1",),
        beside=("3.2",),
        flaky=True,
    )
    assert list(words_of(options)) == [
        *("--vtc", "bug.vtc", "--crash", "--bad-if", "a b", "--fixup", "abc123"),
        *("--like", "vv.txt", "--make", "USE_QUIC=1", "--with", "3.2", "--flaky"),
    ]


def test_a_scenario_is_named_and_a_shell_command_stays_as_it_is() -> None:
    assert list(words_of(Options())) == ["--scenario", "dns-flap"]
    assert list(words_of(Options(scenario="dns-false-up", settings=("record=AAAA",)))) == [
        *("--scenario", "dns-false-up", "--set", "record=AAAA"),
    ]
    command = "haproxy -v | grep x" * 500
    assert list(words_of(Options(own_test=("command", command)))) == ["--command", command]


@pytest.fixture
def asked(clone: Clone, workspace: Workspace, tmp_path: Path) -> Asked:
    world = Triaged(clone, workspace, tmp_path / "journal")
    folder = tmp_path / "bug"
    folder.mkdir()
    (folder / "x.cfg").write_text("defaults\n    stats auth admin:s3cr3t\n")
    (folder / "x.pem").write_text(KEY)
    (folder / "big.map").write_text("x y\n" * 10_000)
    (folder / "try.sh").write_text(
        "haproxy -f $BISECTOR_TEST_DIR/x.cfg $BISECTOR_TEST_DIR/big.map $BISECTOR_TEST_DIR/x.pem\n"
    )
    script = str(folder / "try.sh")
    oracle = Command.of_option(script, bad_if=None, skip_if=None)
    asked = Asked(workspace, Options(own_test=("command", script)), print, print)
    context = replace(world.context(), oracle=oracle)
    vars(asked).update(history=context.history, context=context)
    return asked


def test_the_files_of_the_test_are_told_without_secrets(asked: Asked, tmp_path: Path) -> None:
    made = repeatable(asked, [Named("v2.9.0", "1" * 40)])
    assert made.revisions == ("v2.9.0",)
    texts = {file.name: file.text for file in made.files}
    assert set(texts) == {"try.sh", "x.cfg", "x.pem"}, "what is too big is left out"
    assert "s3cr3t" not in texts["x.cfg"] and "MIIE" not in texts["x.pem"]
    assert made.removed == ("x.cfg, line 2: a password", "x.pem, line 1: a private key")


def test_the_paths_of_the_machine_are_known_so_that_no_text_has_them(
    asked: Asked, tmp_path: Path
) -> None:
    made = repeatable(asked, [])
    wanted = {str(tmp_path / "bug"), str(asked.workspace.root), str(Path.home()), str(Path.cwd())}
    assert wanted <= set(made.private)
