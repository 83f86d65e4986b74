"""`bisector build REVISION`"""

from __future__ import annotations

from typing import ClassVar

from bisector.cli.command import FAILURES, RepoCommand


class Build(RepoCommand):
    """Build one revision and print the path of the binary"""

    DESCRIPTION_MORE = """
REVISION is a commit, tag or branch, or a source tree: a folder, an archive, a .dsc file, or
debian:haproxy/trixie. The patches of --patch are applied."""
    EXIT_STATUS: ClassVar = {
        0: "built",
        2: "no such revision, or it does not build",
        3: FAILURES[3],
    }

    def main(self, revision: str) -> int:
        from bisector.cli.options import asked_of
        from bisector.jobs.single import build_once
        from bisector.report.live import Live

        with Live() as live:
            binary = build_once(asked_of(self, live), revision, live.progress)
        print(binary)
        return 0
