"""The change of a metric as JUnit's cases."""

from __future__ import annotations

from collections.abc import Iterator

from bisector.record.summary import Summary
from bisector.report import metric_text
from bisector.report.junit_case import FAILURE, Case
from bisector.report.proof import commit


def cases(summary: Summary) -> Iterator[Case]:
    """A case for each change, which fails if it is not proven, and one for the rest of the range.

    None for other jobs.
    """
    ended, found = summary.searched, metric_text.changes(summary)
    if ended is None:
        return
    for one in found:
        said = "\n".join(metric_text.proof(one, ended.unit))
        name = f"change: {commit(one.shifted, -1)}"
        yield Case("metric", name, "" if one.proven else FAILURE, "not proven", output=said)
    said = metric_text.no_other(ended, bool(found))
    if found or ended.probability >= metric_text.SURE:
        yield Case("metric", "no other change" if found else "no change", output=said)
    else:
        yield Case("metric", "no change", FAILURE, f"not settled: {said}")
