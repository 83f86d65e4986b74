"""Fetching a source package of Debian's archive into the workspace, with apt."""

from __future__ import annotations

import re
from pathlib import Path

from bisector.errors import SourceProblem
from bisector.system.apt import AptProblem, open_index
from bisector.system.files import publish
from bisector.system.workspace import Workspace

PREFIX = "debian:"
_NAME = re.compile(r"debian:([a-z0-9][a-z0-9+.-]+)/([a-z0-9][a-z0-9.-]*)")


def fetch(workspace: Workspace, name: str, *, offline: bool = False) -> Path:
    """The .dsc file of the source package *name*, as in `debian:haproxy/trixie`.

    Its archives are beside it. apt is asked for the suite's version each time; *offline*, the last
    one that was fetched is taken. Raises SourceProblem for a name of another form, AptProblem.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        hint = "write debian:PACKAGE/SUITE, e.g. debian:haproxy/trixie"
        raise SourceProblem(f"'{name}' names no package", hint)
    package, suite = match.groups()
    home = workspace.folder("sources", "debian", suite)
    if offline:
        fetched = sorted(home.glob(f"{package}_*/*.dsc"), key=lambda dsc: dsc.stat().st_mtime)
        if not fetched:
            raise SourceProblem(f"{name} was not fetched yet", "leave --offline out")
        return fetched[-1]
    try:
        with open_index(workspace, suite, "deb-src") as index, workspace.scratch() as scratch:
            plan = index.apt("apt-get", "source", "--download-only", "--print-uris", package)
            listed = re.search(r" (\S+)\.dsc ", plan)
            if listed is None:
                raise AptProblem(f"apt-get source {package} ({suite})", "it names no .dsc file")
            final = home / listed[1]
            if not final.is_dir():
                draft = scratch / final.name
                draft.mkdir()
                index.apt("apt-get", "source", "--download-only", package, cwd=draft)
                publish(draft, final)
    except AptProblem as problem:
        what = f"{name} cannot be fetched: {problem.what}"
        hint = "check the suite and the network, or name the .dsc file of the package"
        raise AptProblem(what, problem.reason, hint) from problem
    return next(final.glob("*.dsc"))
