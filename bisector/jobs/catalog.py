"""The jobs of a workspace: their names, their journals and the summaries of these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bisector.errors import HuntBusy, NoSuchHunt
from bisector.git.history import History
from bisector.jobs.judge import Suite
from bisector.patch.model import Series
from bisector.probing.context import Context
from bisector.record.journal import FORMAT, Journal, format_of, read
from bisector.record.summary import Summary, summarize
from bisector.record.words import Change, Job
from bisector.system.files import digest, explained
from bisector.system.locks import is_locked, lock
from bisector.system.workspace import Workspace
from bisector.testing.scenario import Known

_LISTED = "'bisector hunts' lists them"


def job_id(
    job: Job, context: Context, series: Series, suites: Sequence[Suite], *more: object
) -> str:
    """The name of a *job* about a patch: 12 hex digits, equal for equal arguments."""
    cases = (case.digest for suite in suites for case in suite.cases)
    return digest(
        *(job, str(context.history.path), context.identity),
        *(series.digest, *cases, *map(repr, more)),
    )[:12]


@contextmanager
def journal_of(workspace: Workspace, hunt: str, fresh: bool) -> Iterator[Journal]:
    """Open the journal of a hunt and lock it against other processes.

    If *fresh* is set, or if the format is not FORMAT, an existing journal is set aside and replaces
    the one that was set aside before. Raises HuntBusy if another process has the journal open.
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
    listed = []
    for path in (workspace.root / "hunts").glob("*/journal"):
        if summary := _summary(path):
            busy = is_locked(path.parent / "lock")
            listed.append((path.parent.name, busy, summary))
    yield from sorted(listed, key=lambda hunt: hunt[2].started.at, reverse=True)


def unreadable(workspace: Workspace) -> list[str]:
    """The names of the hunts whose journals lack a readable Started event."""
    names = []
    for path in sorted((workspace.root / "hunts").glob("*/journal")):
        events, damaged = read(path)
        if damaged and summarize(events) is None and not is_locked(path.parent / "lock"):
            names.append(path.parent.name)
    return names


def _summary(path: Path) -> Summary | None:
    """A journal's summary, with a note if its format is not FORMAT; None without a Started."""
    events, damaged = read(path)
    summary = summarize(events)
    if summary is None or format_of(path) == FORMAT:
        return summary
    lost = f"; {damaged} of its lines cannot be read" if damaged else ""
    note = f"the journal is of another version of bisector ({summary.started.version}){lost}"
    return replace(summary, notes=(note, *summary.notes))


def find_hunt(workspace: Workspace, name: str) -> tuple[Path, Summary]:
    """The path and summary of the journal of the hunt whose name begins with *name*.

    An empty name stands for the newest hunt that is no part of another job. Raises NoSuchHunt if
    none or several match.
    """
    listed = hunts(workspace)
    matching = [one for one in listed if one[0].startswith(name) and (name or _is_whole(one[2]))]
    if not matching:
        raise _no_hunt(workspace, name)
    if name and len(matching) > 1:
        raise NoSuchHunt(f"{len(matching)} hunts begin with '{name}'", _LISTED)
    chosen, _, summary = matching[0]
    return workspace.root / "hunts" / chosen / "journal", summary


def _is_whole(summary: Summary) -> bool:
    """Whether a job is no part of another one."""
    return not summary.started.part_of


def _no_hunt(workspace: Workspace, name: str) -> NoSuchHunt:
    """The error for a *name* that no hunt with a readable journal begins with."""
    for lost in unreadable(workspace):
        if lost.startswith(name):
            what = f"the journal of hunt '{lost}' cannot be read"
            return NoSuchHunt(what, "it is damaged, or of another version of bisector")
    return NoSuchHunt(f"no hunt '{name}'" if name else "no hunts yet", _LISTED)


def find_claims(
    workspace: Workspace, history: History, scenario: str, known: Known, own_test: str = ""
) -> tuple[str, str]:
    """The introducing commit and the fix of a scenario's bug, '' for an unknown one.

    *own_test* is the digest of a test of the user's own, of which *scenario* is the name.

    They are taken from the newest proven hunt in the workspace. A change that it did not find is
    taken from older hunts, then from what the scenario knows, unless it contradicts the newest
    hunt: an introduction must be in the history of the old end of its range, a fix must not be in
    that of the new end.
    """
    subject = (scenario, own_test, str(history.path))
    proven = [
        summary
        for _, _, summary in hunts(workspace)
        if (summary.started.scenario, summary.started.test, summary.started.repository) == subject
        and summary.findings
        and summary.proven
    ]
    claims = [{item.found.what: item.revision for item in hunt.findings} for hunt in proven]
    claims.append({Change.INTRODUCTION: known.suspect, Change.FIX: known.fix})
    introduced = [claim.get(Change.INTRODUCTION, "") for claim in claims]
    fixed = [claim.get(Change.FIX, "") for claim in claims]
    if proven:
        old, new = proven[0].started.old, proven[0].started.new
        introduced[1:] = [name for name in introduced[1:] if _has(history, old, name)]
        fixed[1:] = [name for name in fixed[1:] if not _has(history, new, name)]
    return next(filter(None, introduced), ""), next(filter(None, fixed), "")


def _has(history: History, revision: str, name: str) -> bool:
    """Whether the commit *name* is *revision* or one of its ancestors."""
    if not name or not all(map(history.knows, (revision, name))):
        return False
    return history.contains(revision, history.resolve(name).id)
