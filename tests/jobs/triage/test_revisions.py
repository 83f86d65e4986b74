"""Which revisions are tested, what they are called, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.errors import BadRange, NoSuchRevision
from bisector.git.history import History
from bisector.jobs.triage.revisions import Chosen, choose
from bisector.probing.options import Options
from bisector.probing.setup import Asked
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.triages import Triaged

VV = "HAProxy version {} 2024/12/12\n  TARGET  = linux-glibc\n  OPTIONS =\n"


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> Triaged:
    return Triaged(clone, workspace, tmp_path / "journal")


def chosen(world: Triaged, *words: str, like: Path | None = None) -> Chosen:
    options = Options(like=str(like) if like else None)
    asked = Asked(world.workspace, options, lambda text: None, lambda text: None)
    vars(asked)["history"] = History.open(world.clone.path, world.workspace)
    return choose(asked, words)


def names(found: Chosen) -> list[str]:
    return [one.name for one in found.revisions]


def test_by_default_it_is_the_newest_of_each_maintained_line_and_master(world: Triaged) -> None:
    found = chosen(world)
    assert names(found) == ["v2.9.0", "3.0", "master"]
    assert found.revisions[1].commit == world.commits[-1]
    assert found.notes == (
        "of 2.9 only the first release is known here, and tested: --with 2.9 brings the newest",
    )


def test_a_line_whose_newest_revision_is_a_release_goes_by_its_name(world: Triaged) -> None:
    world.clone.tag("v3.0.2", world.commits[-1])
    assert names(chosen(world)) == ["v2.9.0", "v3.0.2", "master"]


def test_without_a_maintained_line_it_is_the_newest_of_each_series(
    clone: Clone, workspace: Workspace, tmp_path: Path
) -> None:
    world = Triaged(clone, workspace, tmp_path / "journal")
    for name in ("v2.9.0", "v3.0.0", "v3.0.1"):
        clone.git.references.delete(f"refs/tags/{name}")
    clone.tag("v3.1-dev2", world.commits[22])
    clone.tag("v3.1-dev10", world.commits[23])
    found = chosen(world)
    assert names(found) == ["v3.0-dev1", "master"], "v3.1-dev10 is the tip of master"
    assert "the newest of each series" in found.notes[0]


def test_what_is_named_is_put_in_order_and_tested_once(world: Triaged) -> None:
    words = ("master", "v3.1-dev1", "3.0", "v3.0.0", "v2.9.0", "HEAD")
    assert names(chosen(world, *words)) == ["v2.9.0", "v3.0.0", "3.0", "v3.1-dev1", "HEAD"]


def test_a_range_has_its_ends_and_the_newest_of_each_series_between(world: Triaged) -> None:
    found = names(chosen(world, "v2.9..master"))
    assert found == ["v2.9", "v3.0.0", "v3.1-dev1", "master"]


@pytest.mark.parametrize("version", ["3.0.1", "3.0.1-1+deb13u1", "3.0.1-abcdef0-12"])
def test_the_reported_version_is_tested_if_it_is_there(
    world: Triaged, tmp_path: Path, version: str
) -> None:
    file = tmp_path / "vv"
    file.write_text(VV.format(version))
    found = chosen(world, like=file)
    assert names(found) == ["v2.9.0", "v3.0.1", "3.0", "master"]
    assert "the reported version is v3.0.1, tested as v3.0.1" in found.notes


def test_a_reported_commit_is_tested_itself(world: Triaged, tmp_path: Path) -> None:
    file, short = tmp_path / "vv", world.commits[10][:7]
    file.write_text(VV.format(f"3.0-dev1-{short}-1"))
    assert names(chosen(world, like=file)) == ["v2.9.0", short, "3.0", "master"]


def test_a_reported_version_that_is_not_there_is_said_with_what_brings_it(
    world: Triaged, tmp_path: Path
) -> None:
    file = tmp_path / "vv"
    file.write_text(VV.format("2.9.7"))
    found = chosen(world, like=file)
    assert names(found) == ["v2.9.0", "3.0", "master"]
    assert "the reported version v2.9.7 is not tested" in found.notes[-1]
    assert "--with 2.9" in found.notes[-1]


def test_if_revisions_are_named_the_reported_one_is_not_added(
    world: Triaged, tmp_path: Path
) -> None:
    file = tmp_path / "vv"
    file.write_text(VV.format("3.0.1"))
    assert names(chosen(world, "v2.9.0", like=file)) == ["v2.9.0"]


def test_wrong_words_are_errors(world: Triaged) -> None:
    with pytest.raises(NoSuchRevision):
        chosen(world, "nonsense")
    with pytest.raises(BadRange):
        chosen(world, "master..v2.9")
