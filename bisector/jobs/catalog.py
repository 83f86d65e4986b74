"""The jobs of a workspace: their names, their journals, and what these say of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bisector.errors import HuntBusy, NoSuchHunt
from bisector.git.history import History
from bisector.jobs.judge import Suite
from bisector.patch.model import Series
from bisector.probing.context import Bench
from bisector.record.journal import FORMAT, Journal, format_of, read
from bisector.record.summary import Summary, summarize
from bisector.record.words import Change, Job
from bisector.system.workspace import Workspace, digest, explained, is_locked, lock
from bisector.testing.scenario import Known

_LISTED = "'bisector hunts' lists them"


def job_id(job: Job, bench: Bench, series: Series, suites: Sequence[Suite], *more: object) -> str:
    """A name for a *job* about a patch, as hunt_id() is one for a hunt."""
    cases = (case.digest for suite in suites for case in suite.cases)
    return digest(
        *(job, str(bench.history.path), bench.identity),
        *(series.digest, *cases, *map(repr, more)),
    )[:12]


@contextmanager
def journal_of(workspace: Workspace, hunt: str, fresh: bool) -> Iterator[Journal]:
    """The journal of a hunt, for one process at a time.

    An older one is set aside if all is to be *fresh*, or if its format is not FORMAT; the one that
    was set aside before is removed. Raises HuntBusy when another process has the journal.
    """
    home = workspace.folder("hunts", hunt)
    with lock(home / "lock") as held:
        if held is None:
            raise HuntBusy("this hunt is under way in another process", "'bisector hunts' shows it")
        path = home / "journal"
        aside = home / "journal.before"
        outdated = not fresh and format_of(path) != FORMAT
        if outdated or (fresh and path.exists()):
            with explained(f"cannot set the journal {path} aside"):
                for older in home.glob("journal.*"):
                    older.unlink(missing_ok=True)
                path.replace(aside)
        yield Journal(path, replaced=aside if outdated else None)


def hunts(workspace: Workspace) -> Iterator[tuple[str, bool, Summary]]:
    """The hunts in the workspace, newest first: name, whether it is running, its summary."""
    found = []
    for path in (workspace.root / "hunts").glob("*/journal"):
        if summary := _summary(path):
            busy = is_locked(path.parent / "lock")
            found.append((path.parent.name, busy, summary))
    yield from sorted(found, key=lambda hunt: hunt[2].started.at, reverse=True)


def unreadable(workspace: Workspace) -> list[str]:
    """The names of the hunts of whose journals not even the Started can be read."""
    found = []
    for path in sorted((workspace.root / "hunts").glob("*/journal")):
        events, damaged = read(path)
        if damaged and summarize(events) is None and not is_locked(path.parent / "lock"):
            found.append(path.parent.name)
    return found


def _summary(path: Path) -> Summary | None:
    """What a journal says, with a note if it is of another format; None without a Started."""
    events, damaged = read(path)
    summary = summarize(events)
    if summary is None or format_of(path) == FORMAT:
        return summary
    lost = f"; {damaged} of its lines cannot be read" if damaged else ""
    note = f"the journal is of another version of bisector ({summary.started.version}){lost}"
    return replace(summary, notes=(note, *summary.notes))


def find_hunt(workspace: Workspace, name: str) -> tuple[Path, Summary]:
    """The journal of the one hunt whose name begins so, the newest one's for no name at all.

    Raises NoSuchHunt.
    """
    found = [hunt for hunt in hunts(workspace) if hunt[0].startswith(name)]
    if not found:
        raise _no_hunt(workspace, name)
    if name and len(found) > 1:
        raise NoSuchHunt(f"{len(found)} hunts begin with '{name}'", _LISTED)
    chosen, _, summary = found[0]
    return workspace.root / "hunts" / chosen / "journal", summary


def _no_hunt(workspace: Workspace, name: str) -> NoSuchHunt:
    """Why there is no hunt whose name begins so."""
    for lost in unreadable(workspace):
        if lost.startswith(name):
            what = f"the journal of hunt '{lost}' cannot be read"
            return NoSuchHunt(what, "it is damaged, or of another version of bisector")
    return NoSuchHunt(f"no hunt '{name}'" if name else "no hunts yet", _LISTED)


def find_claims(
    workspace: Workspace, history: History, scenario: str, known: Known
) -> tuple[str, str]:
    """The introducing commit and the fix, as the newest proven hunt in the workspace has them.

    What that hunt did not find is what an older one proved, else what the scenario has, unless it
    contradicts the newest: a bug that both ends of its range have began before the old one, and was
    not fixed by the new one. Empty where nobody knows.
    """
    asked = (scenario, str(history.path))
    proven = [
        summary
        for _, _, summary in hunts(workspace)
        if (summary.started.scenario, summary.started.repository) == asked
        and summary.findings
        and summary.proven
    ]
    claims = [{one.found.what: one.revision for one in hunt.findings} for hunt in proven]
    claims.append({Change.INTRODUCTION: known.suspect, Change.FIX: known.fix})
    introduced = [claim.get(Change.INTRODUCTION, "") for claim in claims]
    fixed = [claim.get(Change.FIX, "") for claim in claims]
    if proven:
        old, new = proven[0].started.old, proven[0].started.new
        introduced[1:] = [one for one in introduced[1:] if _has(history, old, one)]
        fixed[1:] = [one for one in fixed[1:] if not _has(history, new, one)]
    return next(filter(None, introduced), ""), next(filter(None, fixed), "")


def _has(history: History, revision: str, name: str) -> bool:
    """Whether the commit *name* is *revision* or one of its ancestors."""
    if not name or not all(map(history.knows, (revision, name))):
        return False
    commit = history.resolve(name).id
    return commit == revision or history.objects.descendant_of(revision, commit)
