"""The choice of the repository, and the updates of the workspace's clone of upstream."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bisector.errors import DamagedRepository, NotARepository, NoUpstream
from bisector.git import upstream
from bisector.git.history import History
from bisector.git.mirrors import Mirrors
from bisector.system.locks import lock
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

HOUR = 3600


class Upstream:
    """A repository that stands in for upstream's, and a workspace that has a clone of it."""

    def __init__(self, folder: Path) -> None:
        self.repo = Clone(folder / "upstream.git", bare=True)
        self.url = f"file://{self.repo.path}"
        self.workspace = Workspace(folder / "workspace")
        self.progress: list[str] = []
        self.notes: list[str] = []

    @property
    def home(self) -> Path:
        return self.workspace.root / "upstream" / "haproxy.git"

    def find(
        self,
        named: str | None = None,
        environ: dict[str, str] | None = None,
        beside: Sequence[str] = (),
        offline: bool = False,
    ) -> History:
        mirrors = Mirrors(self.workspace, self.progress.append, self.notes.append, offline)
        stable = f"file://{self.repo.path.parent}/haproxy-{{name}}.git"
        return upstream.find(named, beside, environ or {}, mirrors, self.url, stable)

    def tip(self) -> str:
        """What a command of its own takes for master."""
        return self.find().resolve("master").id

    def age(self, seconds: float) -> None:
        """Let the last fetch be so long ago."""
        stamp = time.time() - seconds
        os.utime(self.home / "bisector-fetched", (stamp, stamp))

    def vanish(self) -> None:
        self.repo.path.rename(self.repo.path.with_suffix(".gone"))


@pytest.fixture
def origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Upstream:
    monkeypatch.chdir(tmp_path)
    found = Upstream(tmp_path)
    found.repo.line(2)
    return found


# --- which one ------------------------------------------------------------------------------------


def test_the_order_is_the_option_the_environment_the_current_folder(
    origin: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("named", "chosen", "around"):
        Clone(tmp_path / name).commit({})
    monkeypatch.chdir(tmp_path / "around")
    environ = {"BISECTOR_REPO": str(tmp_path / "chosen")}
    found = [origin.find(str(tmp_path / "named"), environ), origin.find(None, environ)]
    found.append(origin.find())
    assert [one.path.parent.name for one in found] == ["named", "chosen", "around"]
    assert not origin.home.exists()


def test_upstream_does_not_replace_a_wrong_path(origin: Upstream, tmp_path: Path) -> None:
    for named, environ in ((str(tmp_path), {}), (None, {"BISECTOR_REPO": str(tmp_path)})):
        with pytest.raises(NotARepository):
            origin.find(named, environ)


def test_upstream_does_not_replace_a_damaged_clone(
    origin: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    around = Clone(tmp_path / "around")
    around.commit({})
    (around.path / ".git/packed-refs").write_text("junk\n\n")
    monkeypatch.chdir(around.path)
    with pytest.raises(DamagedRepository):
        origin.find()


# --- the clone ------------------------------------------------------------------------------------


def test_the_first_use_clones_with_a_note(origin: Upstream) -> None:
    origin.repo.tag("v9.9.9", origin.repo.commit({}), annotated=True)
    history = origin.find()
    assert history.head().id == history.resolve("v9.9.9").id == history.resolve("master").id
    assert origin.progress[-1].startswith(f"fetching {origin.url}: 100 % of ")
    assert origin.notes == [f"no repository was named: {origin.url} is cloned into the workspace"]


def test_a_failed_clone_is_reported_and_leaves_nothing(origin: Upstream) -> None:
    origin.vanish()
    with pytest.raises(NoUpstream, match=r"cannot be cloned .*--repo"):
        origin.find()
    assert [path.name for path in origin.home.parent.iterdir()] == ["haproxy.lock"]
    assert not [*origin.workspace.folder("scratch").iterdir()]


def test_within_the_hour_it_is_not_fetched_again(origin: Upstream) -> None:
    first = origin.tip()
    origin.repo.commit({"x": "1"})
    origin.age(HOUR - 60)
    assert origin.tip() == first


@pytest.mark.parametrize("seconds", [HOUR + 1, -HOUR], ids=["later", "by a clock that was wrong"])
def test_after_an_hour_it_is_fetched_again(origin: Upstream, seconds: float) -> None:
    origin.tip()
    origin.notes.clear()
    news = origin.repo.commit({"x": "1"})
    origin.repo.tag("v9.9.9", news)
    origin.age(seconds)
    assert origin.tip() == news == origin.find().resolve("v9.9.9").id
    assert origin.progress[-1].startswith(f"fetching {origin.url}: 100 %")
    assert origin.notes == []
    origin.repo.commit({"x": "2"})
    assert origin.tip() == news


def test_a_fetch_follows_a_rewritten_branch_and_keeps_the_users_own(
    origin: Upstream,
) -> None:
    first = origin.tip()
    clone = origin.find().objects
    clone.references.create("refs/heads/backport-3.0", first)
    news = origin.repo.commit({"x": "1"}, parents=[])
    origin.age(2 * HOUR)
    assert origin.tip() == news
    assert origin.find().resolve("backport-3.0").id == first


def test_without_a_network_the_clone_is_used_with_one_note(origin: Upstream) -> None:
    first = origin.tip()
    origin.notes.clear()
    origin.age(48 * HOUR)
    origin.vanish()
    assert origin.tip() == first
    (note,) = origin.notes
    since = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 48 * HOUR))
    assert note.startswith(f"{origin.url} cannot be fetched (")
    assert f"using the clone in the workspace as of {since}" in note
    origin.notes.clear()
    assert origin.tip() == first
    assert len(origin.notes) == 1  # not taken for fetched


# --- several processes ----------------------------------------------------------------------------


def test_two_concurrent_first_uses_clone_once(origin: Upstream) -> None:
    origin.workspace.folder("upstream")
    with ThreadPoolExecutor(2) as pool:
        with lock(origin.home.with_suffix(".lock")) as held:
            assert held is not None
            answers = [pool.submit(origin.tip) for _ in range(2)]
            while origin.progress != [f"waiting for {origin.url}"] * 2:
                time.sleep(0.01)
            assert not origin.home.exists()
        tips = {answer.result() for answer in answers}
    assert tips == {str(origin.repo.git.head.target)}
    assert len(origin.notes) == 1


def test_a_clone_is_used_while_another_process_fetches_it(origin: Upstream) -> None:
    first = origin.tip()
    origin.repo.commit({"x": "1"})
    origin.age(2 * HOUR)
    with lock(origin.home.with_suffix(".lock")) as held:
        assert held is not None
        assert origin.tip() == first
