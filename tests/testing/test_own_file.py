"""What an oracle with a file of the user's sees in a sandbox, and a sandbox that does not start."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.errors import EnvironmentProblem, ScenarioProblem, WorkspaceProblem
from bisector.system.sandbox.bubblewrap import Bubblewrap
from bisector.system.slots import Slot
from bisector.testing.oracle import Trial
from bisector.testing.oracles.config_file import ConfigFile


@pytest.fixture
def oracle(tmp_path: Path) -> ConfigFile:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "x.cfg").write_text("acl a src -f a.lst\n")
    (mine / "a.lst").write_text("")
    (mine / "secret").write_text("")
    return ConfigFile.of_option(str(mine / "x.cfg"), bad_if=None, skip_if=None)


def trial(folder: Path, bwrap: str = "exit 0") -> Trial:
    """A run in a sandbox in which bubblewrap is this shell script."""
    program = folder / "bwrap"
    program.write_text(f"#!/bin/sh\n{bwrap}\n")
    program.chmod(0o755)
    slot = Slot(1, sandbox=Bubblewrap(str(program), "0"))
    return Trial(Path("/bin/true"), folder / "log", (), 10.0, slot)


def reads(oracle: ConfigFile, made: Trial) -> set[str]:
    """The names that are visible below the test's folder, '.' for the folder itself."""
    folder = Path(oracle.folder)
    with oracle.place(made) as place:
        assert place.box
        paths = map(Path, place.box.reads)
        return {str(path.relative_to(folder)) for path in paths if path.is_relative_to(folder)}


def test_the_file_s_folder_is_visible(oracle: ConfigFile, tmp_path: Path) -> None:
    assert reads(oracle, trial(tmp_path)) == {"."}


def test_of_the_home_folder_only_the_files_that_it_needs_are(
    oracle: ConfigFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", oracle.folder)
    assert reads(oracle, trial(tmp_path)) == {"x.cfg", "a.lst"}


def test_a_sandbox_that_does_not_start_is_no_verdict(oracle: ConfigFile, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="sandbox does not start: bwrap: Can't mount"):
        oracle.run(trial(tmp_path, 'echo "bwrap: Can\'t mount"; exit 1'))


def test_a_file_that_is_gone_meanwhile_is_told(oracle: ConfigFile) -> None:
    Path(oracle.folder, "x.cfg").unlink()
    with pytest.raises(WorkspaceProblem, match=r"cannot read .*x\.cfg"):
        oracle.files_of_user()


def test_a_companion_that_is_a_link_out_of_the_folder_is_visible(
    oracle: ConfigFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/nowhere")
    (tmp_path / ".git").mkdir()
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists/a.lst").write_text("10.0.0.1\n")
    Path(oracle.folder, "a.lst").unlink()
    Path(oracle.folder, "a.lst").symlink_to("../lists/a.lst")
    with oracle.place(trial(tmp_path)) as place:
        assert place.box
        assert place.box.reads[-1] == str(tmp_path / "lists/a.lst")
    assert ("a.lst", b"10.0.0.1\n") in oracle.files_of_user(), "workers get a copy"


def test_one_that_leads_elsewhere_is_told(oracle: ConfigFile, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("")
    Path(oracle.folder, "a.lst").unlink()
    Path(oracle.folder, "a.lst").symlink_to("../secret")
    with pytest.raises(ScenarioProblem, match=r"a\.lst is .*secret, outside of"):
        ConfigFile.of_option(str(Path(oracle.folder, "x.cfg")), bad_if=None, skip_if=None)
