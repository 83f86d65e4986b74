"""The choice of the repository, and the clone of HAProxy's own repository in the workspace."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pygit2
from pygit2.enums import FetchPrune

from bisector.errors import NotARepository, NoUpstream
from bisector.git.history import History
from bisector.system.files import publish
from bisector.system.locks import lock
from bisector.system.workspace import Workspace

URL = "https://github.com/haproxy/haproxy.git"
# into the clone's own branches, so that `master` is upstream's current master
_REFS = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
_FETCHED = "bisector-fetched"  # a file in the clone; its mtime is the time of the last fetch
_FRESH_SECONDS = 3600.0
_CONNECT_MILLISECONDS = 10_000
_SILENCE_MILLISECONDS = 60_000

Say = Callable[[str], None]  # shows one line to the user


def find(
    named: str | None,
    workspace: Workspace,
    environ: Mapping[str, str],
    progress: Say,
    note: Say,
    url: str = URL,
) -> History:
    """Open the repository to work on.

    It is the one at *named*, else at $BISECTOR_REPO, else the clone of HAProxy that contains the
    current folder, else the workspace's clone of *url*, see `clone`. Raises NotARepository for a
    path without HAProxy's repository, DamagedRepository, and NoUpstream if *url* cannot be cloned.
    """
    if chosen := named or environ.get("BISECTOR_REPO"):
        return History.open(Path(chosen), workspace)
    try:
        return History.open(Path.cwd(), workspace)
    except NotARepository:
        return History.open(clone(workspace, url, progress, note), workspace)


def clone(workspace: Workspace, url: str, progress: Say, note: Say) -> Path:
    """The path of the workspace's clone of *url*, which is created or fetched as needed.

    It is fetched if the last fetch is more than an hour old; if that fails, or while another
    process fetches, it is used as it is. While another process creates it, this waits. *progress*
    gets the state of the transfer, *note* what the user should know. Raises NoUpstream if the clone
    cannot be created.
    """
    home = workspace.folder("upstream") / "haproxy.git"
    if _is_fresh(home):
        return home
    progress(f"waiting for {url}")
    with lock(home.with_suffix(".lock"), wait=not home.exists()) as held:
        if held is None or _is_fresh(home):  # another process is fetching, or has just fetched
            return home
        if home.exists():
            _fetch_again(home, url, progress, note)
        else:
            _create(home, workspace, url, progress, note)
    return home


def _is_fresh(home: Path) -> bool:
    try:
        age = time.time() - (home / _FETCHED).stat().st_mtime
    except FileNotFoundError:
        return False
    return 0 <= age < _FRESH_SECONDS


def _create(home: Path, workspace: Workspace, url: str, progress: Say, note: Say) -> None:
    note(f"no repository was named: {url} is cloned into the workspace")
    with workspace.scratch() as scratch:
        draft = scratch / home.name
        pygit2.init_repository(str(draft), bare=True, initial_head="master")
        try:
            _fetch(draft, url, progress)
        except pygit2.GitError as error:
            raise NoUpstream(
                f"no HAProxy repository here, and upstream's cannot be cloned ({error})",
                "name a clone with --repo or BISECTOR_REPO; 'bisector demo' needs none",
            ) from error
        publish(draft, home)


def _fetch_again(home: Path, url: str, progress: Say, note: Say) -> None:
    try:
        _fetch(home, url, progress)
    except pygit2.GitError as error:
        stamp = home / _FETCHED
        since = (stamp if stamp.exists() else home).stat().st_mtime
        note(
            f"{url} cannot be fetched ({error}): using the clone in the workspace as of "
            f"{datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M} UTC"
        )


def _fetch(repository: Path, url: str, progress: Say) -> None:
    """Fetch all branches and tags. Raises GitError."""
    pygit2.settings.server_connect_timeout = _CONNECT_MILLISECONDS
    pygit2.settings.server_timeout = _SILENCE_MILLISECONDS
    remote = pygit2.Repository(str(repository)).remotes.create_anonymous(url)
    # without pruning, as the user may have created branches in the clone
    remote.fetch(_REFS, callbacks=_Callbacks(url, progress), prune=FetchPrune.NO_PRUNE, proxy=True)
    (repository / _FETCHED).touch()


class _Callbacks(pygit2.RemoteCallbacks):
    """Reports the progress of a fetch."""

    def __init__(self, url: str, progress: Say) -> None:
        super().__init__()
        self._url = url
        self._progress = progress

    def transfer_progress(self, stats: pygit2.remotes.TransferProgress) -> None:
        received, total = stats.received_objects, stats.total_objects
        if total:
            self._progress(f"fetching {self._url}: {100 * received // total} % of {total} objects")
