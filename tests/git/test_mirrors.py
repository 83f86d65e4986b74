"""The workspace's clone of upstream: made once, fetched at most once an hour, by one process."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bisector.errors import NoUpstream
from bisector.system.locks import lock
from tests.support.upstreams import HOUR, Upstream


@pytest.fixture
def origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Upstream:
    monkeypatch.chdir(tmp_path)
    found = Upstream(tmp_path)
    found.repo.line(2)
    return found


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
