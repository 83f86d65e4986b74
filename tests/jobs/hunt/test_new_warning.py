"""A warning that only the new end of a range gives is told, since it is no bug by itself."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from bisector.jobs.hunt.new_warning import note_new_warning
from bisector.probing.prober import Prober
from bisector.record.events import Noted
from bisector.record.journal import Journal
from bisector.testing.log_text import EVIDENCE_LINES
from bisector.testing.oracle import Oracle
from bisector.testing.oracles.command import Command
from bisector.testing.oracles.config_file import ConfigFile
from tests.support.records import GOOD, probed

VALID = "Configuration file is valid"
OLD = "[WARNING] parsing [x.cfg:7] : 'a' is slow."
NEW = "[WARNING] parsing [x.cfg:12] : 'b' is deprecated (see 'c')."


@pytest.fixture
def config(tmp_path: Path) -> ConfigFile:
    path = tmp_path / "x.cfg"
    path.write_text("global\n")
    return ConfigFile.of_option(str(path), bad_if=None, skip_if=None)


def noted(oracle: Oracle, folder: Path, old: tuple[str, ...], new: tuple[str, ...]) -> list[str]:
    journal = Journal(folder / "journal")
    prober = SimpleNamespace(context=SimpleNamespace(oracle=oracle), journal=journal)
    ends = (probed(name, GOOD, evidence=lines) for name, lines in (("old", old), ("new", new)))
    note_new_warning(cast(Prober, prober), *ends)
    return [event.text for event in journal.events if isinstance(event, Noted)]


def test_the_first_new_one_is_told_with_what_makes_it_the_bug(
    config: ConfigFile, tmp_path: Path
) -> None:
    assert noted(config, tmp_path, (OLD,), (OLD.replace("7", "9"), NEW)) == [
        "new accepts the configuration with a warning that old does not give: parsing [x.cfg:12] : "
        "'b' is deprecated (see 'c'). "
        r"""(if it is the bug: --bad-if '\] : '"'"'b'"'"' is deprecated \(see '"'"'c'"'"'\)\.')"""
    ]


def test_nothing_is_told_if_none_is_new(config: ConfigFile, tmp_path: Path) -> None:
    assert noted(config, tmp_path, (OLD, NEW), (NEW,)) == []
    assert noted(config, tmp_path, (OLD,), (VALID,)) == []


def test_nor_if_the_old_end_may_give_more_than_is_known(config: ConfigFile, tmp_path: Path) -> None:
    assert noted(config, tmp_path, (OLD,) * EVIDENCE_LINES, (NEW,)) == []


def test_nor_if_the_user_says_what_is_bad(config: ConfigFile, tmp_path: Path) -> None:
    by_user = ConfigFile.of_option(f"{config.folder}/x.cfg", bad_if="slow", skip_if=None)
    for oracle in (
        by_user,
        config.with_extra("expect", "refused"),
        Command.of_option("true", bad_if=None, skip_if=None),
    ):
        assert noted(oracle, tmp_path, (VALID,), (NEW,)) == []
