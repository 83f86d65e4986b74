"""The formats in which a report can be written to a file, by name.

The command line makes an option of each, so this module imports none of them before it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from bisector.record.words import Job

if TYPE_CHECKING:
    from bisector.record.summary import Summary


@dataclass(frozen=True)
class Format:
    """A format that ``render(summary)`` in ``bisector.report.<module>`` produces.

    ``help`` describes its option. Reports of one kind of job are ``only`` in it, if that is set.
    """

    module: str
    help: str
    only: Job | None = None

    def render(self, summary: Summary) -> str:
        """The report in this format. Raises OutputProblem if it cannot express such a job."""
        text: str = import_module(f"bisector.report.{self.module}").render(summary)
        return text


FORMATS: Mapping[str, Format] = {
    "json": Format("as_json", "write the report as JSON"),
    "junit": Format("junit", "write the report as JUnit XML, for CI systems"),
    "markdown": Format(
        "markdown", "write the report as Markdown, for a pull request or a CI summary"
    ),
    "html": Format("html", "write the report as one HTML page"),
    "git-bisect-log": Format(
        "bisect_log", "write the search for 'git bisect replay'", only=Job.RUN
    ),
    "osv": Format(
        "osv", "write the affected releases and commits in OSV's schema, as JSON", only=Job.AFFECTED
    ),
}
