"""Clones of URLs that the workspace keeps, each of which is fetched at most once an hour."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pygit2
from pygit2.enums import FetchPrune

from bisector.errors import NoUpstream
from bisector.system.files import publish
from bisector.system.locks import lock
from bisector.system.workspace import Workspace

# into the clone's own branches, so that `master` is the URL's current master
_REFS = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
_LENT = "refs/lent/"  # commits of other mirrors, whose history need not be fetched
_FETCHED = "bisector-fetched"  # a file in the clone; its mtime is the time of the last fetch
_FRESH_SECONDS = 3600.0
_CONNECT_MILLISECONDS = 10_000
_ANSWER_MILLISECONDS = 10_000  # for the list of refs; a server packs objects for longer
_SILENCE_MILLISECONDS = 60_000

Say = Callable[[str], None]  # shows one line to the user


@dataclass(frozen=True)
class Origin:
    """A ``url``, and the ``folder`` for its clone below the workspace's folder `upstream`.

    ``note`` is shown when it is cloned, ``problem`` and ``advice`` if that fails. ``check`` gets
    the hashes that the URL offers before anything is fetched, and may raise.
    """

    url: str
    folder: str
    note: str
    problem: str
    advice: str
    check: Callable[[frozenset[pygit2.Oid]], None] = lambda offered: None


@dataclass(frozen=True)
class Mirrors:
    """Makes and refreshes the clones.

    ``progress`` gets the state of a transfer, ``note`` what the user should know. ``offline``: all
    are used as they are.
    """

    workspace: Workspace
    progress: Say
    note: Say
    offline: bool = False

    def path(self, origin: Origin) -> Path:
        """The path of the clone of *origin*, which is created or fetched as needed.

        It is fetched if the last fetch is more than an hour old; if that fails, or while another
        process fetches, it is used as it is. While another process creates it, this waits. Raises
        NoUpstream if it cannot be created, and what the origin's check does.
        """
        home = self.workspace.folder("upstream") / origin.folder
        if _is_fresh(home) or (self.offline and home.exists()):
            return home
        if self.offline:
            raise NoUpstream(f"{origin.problem} (--offline)", origin.advice)
        home.parent.mkdir(exist_ok=True)
        self.progress(f"waiting for {origin.url}")
        with lock(home.with_suffix(".lock"), wait=not home.exists()) as held:
            if held is None or _is_fresh(home):  # another process is fetching, or has just fetched
                return home
            if home.exists():
                self._fetch_again(home, origin.url)
            else:
                self._create(home, origin)
        return home

    def _create(self, home: Path, origin: Origin) -> None:
        with self.workspace.scratch() as scratch:
            draft = scratch / home.name
            repository = pygit2.init_repository(str(draft), bare=True, initial_head="master")
            try:
                offered = self._offered(repository, origin.url)
                origin.check(offered)
                self.note(origin.note)
                self._lend(draft, offered)
                self._fetch(draft, origin.url)
            except pygit2.GitError as error:
                raise NoUpstream(f"{origin.problem} ({error})", origin.advice) from error
            publish(draft, home)

    def _offered(self, repository: pygit2.Repository, url: str) -> frozenset[pygit2.Oid]:
        """The hashes of the branches and tags at *url*. Raises GitError."""
        remote = _remote(repository, url, _ANSWER_MILLISECONDS)
        heads = remote.list_heads(callbacks=pygit2.RemoteCallbacks(), proxy=True)
        return frozenset(head.oid for head in heads)

    def _lend(self, draft: Path, offered: Iterable[pygit2.Oid]) -> None:
        """Let the clone *draft* have the objects of the others, as links to the same files.

        Stable branches have most of their history in common. What need not be sent is negotiated
        about refs, so that the *offered* commits that are there get some.
        """
        for index in sorted(self.workspace.folder("upstream").glob("**/*.git/objects/pack/*.idx")):
            with contextlib.suppress(OSError):  # no such links here, or there already
                for file in (index.with_suffix(".pack"), index):
                    os.link(file, draft / "objects" / "pack" / file.name)
        repository = pygit2.Repository(str(draft))
        for oid in offered:
            if oid in repository and isinstance(repository[oid], pygit2.Commit):
                repository.references.create(f"{_LENT}{oid}", oid)

    def _fetch_again(self, home: Path, url: str) -> None:
        try:
            self._fetch(home, url)
        except pygit2.GitError as error:
            stamp = home / _FETCHED
            since = (stamp if stamp.exists() else home).stat().st_mtime
            self.note(
                f"{url} cannot be fetched ({error}): using the clone in the workspace as of "
                f"{datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M} UTC"
            )

    def _fetch(self, path: Path, url: str) -> None:
        """Fetch all branches and tags. Raises GitError."""
        remote = _remote(pygit2.Repository(str(path)), url, _SILENCE_MILLISECONDS)
        callbacks = _Callbacks(url, self.progress)
        # without pruning, as the user may have created branches in the clone
        remote.fetch(_REFS, callbacks=callbacks, prune=FetchPrune.NO_PRUNE, proxy=True)
        (path / _FETCHED).touch()


def _is_fresh(home: Path) -> bool:
    try:
        age = time.time() - (home / _FETCHED).stat().st_mtime
    except FileNotFoundError:
        return False
    return 0 <= age < _FRESH_SECONDS


def _remote(repository: pygit2.Repository, url: str, silence: int) -> pygit2.Remote:
    """*url* as a remote that may be silent for so many milliseconds.

    No password is ever asked for: libgit2 gives up where one is required.
    """
    pygit2.settings.server_connect_timeout = _CONNECT_MILLISECONDS
    pygit2.settings.server_timeout = silence
    return repository.remotes.create_anonymous(url)


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
