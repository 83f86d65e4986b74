"""Which file is reduced, and which cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.errors import OutputProblem, UsageProblem
from bisector.jobs.reduce import subject
from bisector.testing.oracle import Oracle
from bisector.testing.oracles.build_test import BuildTest
from bisector.testing.oracles.command import Command
from bisector.testing.oracles.config_file import ConfigFile
from bisector.testing.oracles.crash_test import CrashTest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A script that reads a configuration, and a file that it does not know."""
    (tmp_path / "try.sh").write_text('"$HAPROXY_PROGRAM" -c -f "$BISECTOR_TEST_DIR/big.cfg"\n')
    (tmp_path / "big.cfg").write_text("global\n")
    (tmp_path / "other.cfg").write_text("global\n")
    return tmp_path


def oracle(path: Path) -> Command:
    return Command.of_option(str(path), bad_if=None, skip_if=None)


def test_by_default_it_is_the_tests_own_file(folder: Path) -> None:
    found = subject.find(oracle(folder / "try.sh"), "")
    assert (found.name, found.is_companion) == ("try.sh", False)
    assert found.path == folder / "try.sh"


def test_it_may_be_a_file_that_the_test_names(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    for name in ("big.cfg", str(folder / "big.cfg")):
        found = subject.find(oracle(folder / "try.sh"), name)
        assert (found.name, found.is_companion, found.content) == ("big.cfg", True, b"global\n")
    assert dict(found.changed(b"x")) == {
        "big.cfg": b"x",
        "try.sh": (folder / "try.sh").read_bytes(),
    }


def test_a_test_around_another_has_that_ones_files(folder: Path) -> None:
    assert subject.find(CrashTest.around(oracle(folder / "try.sh"), ""), "").name == "try.sh"


@pytest.mark.parametrize("file", ["other.cfg", "nonesuch.cfg"])
def test_a_file_that_is_none_of_the_test_is_refused(folder: Path, file: str) -> None:
    with pytest.raises(UsageProblem, match=file):
        subject.find(oracle(folder / "try.sh"), str(folder / file))


@pytest.mark.parametrize(
    "test",
    [
        BuildTest.of_option("", bad_if=None, skip_if=None),
        Command.of_option("true", bad_if=None, skip_if=None),
    ],
    ids=lambda test: test.name,
)
def test_a_test_without_a_file_is_refused(test: Oracle) -> None:
    with pytest.raises(UsageProblem, match="has no file to reduce"):
        subject.find(test, "")


@pytest.mark.parametrize(
    ("content", "why"), [(b"a\0b", "no text"), (b" \n\n", "empty"), (b"", "empty")]
)
def test_what_has_no_lines_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "x.cfg"
    path.write_bytes(content)
    with pytest.raises(UsageProblem, match=why):
        subject.find(ConfigFile.of_option(str(path), bad_if=None, skip_if=None), "")


def test_the_result_is_written_beside_the_file_unless_another_place_is_named(folder: Path) -> None:
    found = subject.find(oracle(folder / "try.sh"), str(folder / "big.cfg"))
    assert subject.place_of(found, None) == folder / "big.reduced.cfg"
    assert subject.place_of(found, folder / "x") == folder / "x"


@pytest.mark.parametrize("name", ["big.cfg", "try.sh", "../{}/big.cfg"])
def test_no_file_of_the_test_is_replaced(folder: Path, name: str) -> None:
    found = subject.find(oracle(folder / "try.sh"), str(folder / "big.cfg"))
    with pytest.raises(OutputProblem, match="a file of the test"):
        subject.place_of(found, folder / name.format(folder.name))


def test_a_folder_that_cannot_be_written_is_noticed_before_anything_is_built(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = subject.find(oracle(folder / "try.sh"), "")
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != folder)
    with pytest.raises(OutputProblem, match="--out"):
        subject.place_of(found, None)
