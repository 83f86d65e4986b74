"""Name the commits of a queue as others know them.

A branch takes its fixes from the picks for the branch above it, which are in the private store
alone until they are delivered. Reports name what these are picks of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from bisector.git.history import History
from bisector.jobs.queue.decisions import original
from bisector.record.codec import from_dict, to_dict
from bisector.record.queue_events import Queued

_SHORT = 10  # digits of an abbreviated hash
_HASH = re.compile(rf"\b[0-9a-f]{{{_SHORT},40}}\b")


def named_publicly(history: History, rows: Iterable[Queued]) -> list[Queued]:
    """*rows*, in which each commit that only the store has is named by its original."""
    rows = list(rows)
    names = dict(_names(history, rows))
    return [_renamed(row, names) for row in rows] if names else rows


def _names(history: History, rows: Iterable[Queued]) -> Iterable[tuple[str, str]]:
    """The whole and the abbreviated hash of each such commit, with those of its original."""
    for row in rows:
        needs = [one.revision for one in row.needs]
        repairs = [one.revision for one in row.repairs]
        named = [row.revision, *row.needed_by, *needs, *repairs]
        for commit in named:
            if not history.is_published(commit):
                known = original(history, commit)
                yield commit, known
                yield commit[:_SHORT], known[:_SHORT]


def _renamed(row: Queued, names: Mapping[str, str]) -> Queued:
    made = from_dict(_replaced(to_dict(row), names))
    assert isinstance(made, Queued)
    return made


def _replaced(value: Any, names: Mapping[str, str]) -> Any:
    """*value*, as JSON has it, with other hashes in its texts."""
    if isinstance(value, str):
        return _HASH.sub(lambda match: names.get(match[0], match[0]), value)
    if isinstance(value, list | tuple):
        return [_replaced(one, names) for one in value]
    if isinstance(value, dict):
        return {key: _replaced(one, names) for key, one in value.items()}
    return value
