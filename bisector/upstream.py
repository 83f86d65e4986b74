"""Which repository is meant when none, or one, was named."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pygit2

from bisector.errors import NotARepository, NoUpstream
from bisector.history import History
from bisector.workspace import Workspace, lock, publish

URL = "https://github.com/haproxy/haproxy.git"


def find(
    named: str | None,
    workspace: Workspace,
    environ: Mapping[str, str],
    progress: Callable[[str], None],
) -> History:
    """*named*, else $BISECTOR_REPO, else the clone of HAProxy around the current folder, else
    upstream's, cloned into the workspace at the first use.

    Raises NotARepository for a wrong name, NoUpstream when upstream cannot be had.
    """
    if chosen := named or environ.get("BISECTOR_REPO"):
        return History.open(Path(chosen), workspace)
    try:
        return History.open(Path.cwd(), workspace)
    except NotARepository:
        return History.open(_cached_clone(workspace, progress), workspace)


def _cached_clone(workspace: Workspace, progress: Callable[[str], None]) -> Path:
    """Upstream's repository in the workspace: looked for, locked, looked for again, then made."""
    home = workspace.folder("upstream") / "haproxy.git"
    if home.exists():
        return home
    with lock(home.with_suffix(".lock")) as held:
        if held is None:
            raise NoUpstream("another bisector is cloning HAProxy", "wait for it, or name --repo")
        draft = home.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        try:
            pygit2.clone_repository(URL, str(draft), bare=True, callbacks=_Callbacks(progress))
        except pygit2.GitError as error:
            shutil.rmtree(draft, ignore_errors=True)
            raise NoUpstream(
                f"no HAProxy repository here, and upstream's cannot be cloned ({error})",
                "name a clone with --repo or BISECTOR_REPO; 'bisector demo' needs none",
            ) from error
        publish(draft, home)
    return home


class _Callbacks(pygit2.RemoteCallbacks):
    """Tells how far the clone is."""

    def __init__(self, progress: Callable[[str], None]) -> None:
        super().__init__()
        self._progress = progress

    def transfer_progress(self, stats: pygit2.remotes.TransferProgress) -> None:
        got, total = stats.received_objects, stats.total_objects
        if total:
            self._progress(f"cloning {URL}: {100 * got // total} % of {total} objects")
