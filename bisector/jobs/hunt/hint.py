"""The user's guess at what the culprit changed."""

from __future__ import annotations

from bisector.errors import UselessHint
from bisector.git.history import Range
from bisector.record.events import Ended
from bisector.record.journal import Journal
from bisector.search.priors import Evidence


def check_hint(journal: Journal, hint: str, span: Range, evidence: Evidence) -> None:
    """Record the end of the job and raise UselessHint if there is a *hint* without a match."""
    if hint and not evidence.hinted:
        reason = f"--hint {hint} matches no commit of {span.text}"
        journal.note(Ended(reason, ()))
        raise UselessHint(
            reason, "give a path, a function or a subsystem as the subject lines name it"
        )
