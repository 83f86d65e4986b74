"""The choice of the repository and of those beside it, and where HAProxy publishes its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pygit2

from bisector.errors import NotARepository
from bisector.git.history import History
from bisector.git.mirrors import Mirrors, Origin
from bisector.git.repositories import open_beside
from bisector.git.stable_branches import number_of
from bisector.system.files import digest

URL = "https://github.com/haproxy/haproxy.git"
# HAProxy's own site has a repository for each stable branch, with the branch as its master
STABLE_URL = "https://git.haproxy.org/git/haproxy-{name}.git"

_ADDRESS = re.compile(r"\w[\w+.-]*://\S|[^/\s:]+@[^/\s:]+:\S")  # the second is ssh's short form


def find(
    named: str | None,
    beside: Sequence[str],
    environ: Mapping[str, str],
    mirrors: Mirrors,
    url: str = URL,
    stable_url: str = STABLE_URL,
) -> History:
    """Open the repository to work on, with those *beside* it.

    It is the one at *named*, else at $BISECTOR_REPO, else the clone of HAProxy that contains the
    current folder, else the workspace's clone of *url*. Beside it are folders, URLs and, as X.Y,
    HAProxy's own repositories of stable branches at *stable_url*.

    Raises NotARepository for a path without HAProxy's repository or one that has another history,
    DamagedRepository, ShallowClone, and NoUpstream for what cannot be cloned.
    """
    history = _main(named, environ, mirrors, url)
    if not beside:
        return history
    others = {
        one.path: one
        for name in beside
        for one in [_beside(name, history.clone, mirrors, stable_url)]
        if one.path != history.clone.path
    }
    return history.beside(list(others.values()), mirrors.workspace)


def _main(named: str | None, environ: Mapping[str, str], mirrors: Mirrors, url: str) -> History:
    if chosen := named or environ.get("BISECTOR_REPO"):
        return History.open(Path(chosen), mirrors.workspace)
    try:
        return History.open(Path.cwd(), mirrors.workspace)
    except NotARepository:
        return History.open(mirrors.path(_upstream(url)), mirrors.workspace)


def _upstream(url: str) -> Origin:
    return Origin(
        url,
        "haproxy.git",
        f"no repository was named: {url} is cloned into the workspace",
        "no HAProxy repository here, and upstream's cannot be cloned",
        "name a clone with --repo or BISECTOR_REPO; 'bisector demo' needs none",
    )


def _beside(
    name: str, clone: pygit2.Repository, mirrors: Mirrors, stable_url: str
) -> pygit2.Repository:
    """The repository that --with *name* means."""
    if Path(name).exists():
        return open_beside(Path(name), clone)
    if not number_of(name) and not _ADDRESS.match(name):
        raise NotARepository(
            f"--with {name} is no folder and no URL", "name a repository, or a stable branch as 3.2"
        )
    url = stable_url.format(name=name) if number_of(name) else name
    stem = re.sub(r"[^\w.-]", "-", re.split(r"[/:]", url.rstrip("/"))[-1].removesuffix(".git"))
    origin = Origin(
        url,
        f"{digest(url)[:12]}/{stem.strip('.') or 'repository'}.git",
        f"{url} is cloned into the workspace",
        f"--with {name}{'' if url == name else f': {url}'} cannot be cloned",
        "try later, or name a folder with a clone of it; bisector asks for no password",
        partial(_require_known, url, clone),
    )
    return open_beside(mirrors.path(origin), clone, url)


def _require_known(url: str, clone: pygit2.Repository, offered: frozenset[pygit2.Oid]) -> None:
    """Raise NotARepository unless *clone* has one of the *offered* commits and tags.

    So a repository of something else is refused before it is fetched.
    """
    if not any(oid in clone for oid in offered):
        raise NotARepository(
            f"--with {url}: none of its branches and tags is in {clone.path}",
            "name a repository of HAProxy, or a folder with a clone of it",
        )
