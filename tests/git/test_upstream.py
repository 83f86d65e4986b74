"""The choice of the repository and of those beside it, and what is refused."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pygit2
import pytest

from bisector.errors import DamagedRepository, NotARepository, NoUpstream
from bisector.git.history import History
from tests.support.clone import Clone
from tests.support.files import listing
from tests.support.upstreams import HOUR, Upstream


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


# --- beside the repository ------------------------------------------------------------------------


class Stable(Upstream):
    """The same with HAProxy's repository of the stable branch 3.0, and a clone of the user's."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        main = self.repo.line(3)
        self.repo.tag("v3.0.0", main[1])
        self.own = folder / "own"
        stable = folder / "haproxy-3.0.git"
        for path in (self.own, stable):
            pygit2.clone_repository(self.url, str(path), bare=path == stable)
        self.stable = Clone(stable, bare=True)
        self.stable.tag("v3.0.1", self.stable.commit({"src/x.c": "1\n"}, parents=[main[1]]))

    @property
    def stable_url(self) -> str:
        return f"file://{self.stable.path}"

    def beside(self, *names: str, offline: bool = False) -> History:
        return self.find(str(self.own), beside=names, offline=offline)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stable:
    monkeypatch.chdir(tmp_path)
    return Stable(tmp_path)


def test_a_folder_a_url_and_a_number_bring_the_same_branch(site: Stable) -> None:
    before = listing(site.own)
    for name in (str(site.stable.path), site.stable_url, "3.0"):
        history = site.beside(name)
        assert history.resolve("v3.0.1").subject == "MINOR: a change"
        assert history.path.parent == site.own
    assert site.notes == [f"{site.stable_url} is cloned into the workspace"], "once"
    assert listing(site.own) == before


def test_all_three_at_once_are_no_more_than_one(site: Stable) -> None:
    names = (str(site.own), str(site.stable.path), site.stable_url, "3.0")
    one, other = site.beside(*names), site.beside(*names[::-1])
    assert one.resolve("v3.0.1") == other.resolve("v3.0.1")
    assert one.store_path == other.store_path


def test_a_url_is_fetched_again_after_an_hour(site: Stable) -> None:
    site.beside("3.0")
    site.stable.tag("v3.0.2", site.stable.commit({"src/x.c": "2\n"}))
    assert not site.beside("3.0").knows("v3.0.2")
    (stamp,) = site.workspace.root.glob("upstream/*/haproxy-3.0.git/bisector-fetched")
    os.utime(stamp, (0, 0))
    assert not site.beside("3.0", offline=True).knows("v3.0.2")
    assert site.beside("3.0").knows("v3.0.2")


def test_what_another_clone_in_the_workspace_has_is_not_fetched(site: Stable) -> None:
    site.tip()
    site.progress.clear()
    site.beside("3.0")
    (done,) = {text for text in site.progress if " 100 % of " in text}
    new = 4  # the commit, its two trees and its file
    assert done == f"fetching {site.stable_url}: 100 % of {new} objects"


@pytest.mark.parametrize("name", ["3.0", "file:///nowhere/haproxy-3.0.git"])
def test_offline_needs_what_was_fetched_before(site: Stable, name: str) -> None:
    with pytest.raises(NoUpstream, match=rf"^--with {name}.* cannot be cloned \(--offline\)"):
        site.beside(name, offline=True)
    with pytest.raises(NoUpstream, match="--offline"):
        site.find(offline=True)


def test_offline_uses_what_was_fetched_before(site: Stable) -> None:
    first = site.tip()
    site.beside("3.0")
    site.repo.commit({"x": "1"})
    site.age(48 * HOUR)
    site.vanish()
    assert site.find(offline=True).resolve("master").id == first
    assert site.beside("3.0", offline=True).knows("v3.0.1")


def test_a_name_that_is_neither_is_refused(site: Stable) -> None:
    for name in ("haproxy-3.0", "/nowhere", "3.0.1", "x:y:z", ""):
        with pytest.raises(NotARepository, match="is no folder and no URL"):
            site.beside(name or "nothing")


def test_an_unreachable_host_is_refused_at_once(site: Stable) -> None:
    url = f"http://127.0.0.1:{closed_port()}/haproxy.git"
    with pytest.raises(NoUpstream, match=rf"--with {url} cannot be cloned \(.*refused"):
        site.beside(url)


def test_a_server_that_wants_a_password_is_refused_at_once(site: Stable) -> None:
    with wanting_a_password() as url, pytest.raises(NoUpstream, match="asks for no password"):
        site.beside(url)


def test_a_repository_of_something_else_is_not_even_fetched(site: Stable, tmp_path: Path) -> None:
    other = Clone(tmp_path / "other.git", bare=True)
    other.commit({"x": "other\n"})
    with pytest.raises(NotARepository, match="none of its branches and tags is in"):
        site.beside(f"file://{other.path}")
    assert not [text for text in site.progress if "fetching" in text]
    assert not [*site.workspace.root.glob("upstream/**/*.git")]


@contextmanager
def wanting_a_password() -> Iterator[str]:
    """The URL of a server that answers only those who send a password."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/haproxy.git"
        server.shutdown()


def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
