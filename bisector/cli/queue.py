"""`bisector queue BRANCH… [COMMIT…]`"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from plumbum import cli

from bisector.cli.command import FAILURES, ClientCommand, ReportCommand
from bisector.cli.help import Group, option
from bisector.errors import UsageProblem
from bisector.system.files import write_whole

if TYPE_CHECKING:
    from bisector.jobs.queue.decisions import Decision
    from bisector.probing.setup import Asked
    from bisector.record.queue_events import Decided

_COMMIT = re.compile(r"[0-9a-f]{7,40}|.*[~^].*")
_STDIN = "-"


class Queue(ClientCommand, ReportCommand):
    """Decide which fixes a stable branch needs, and pick them"""

    DESCRIPTION_MORE = """
Each fix of the line above BRANCH gets a verdict and what it rests on: whether the branch has it or
the bug, what its message asks for, whether it applies, which commits it needs first, and what
repairs it later. What is wanted is picked in one series, each pick of which is built; the branch's
reg-tests that execute what it changes are run. Of several branches each takes from the one above
it. COMMITS, hashes, limit the fixes to these; see also --list.

A decision of yours, by --yes, --no or --wait, is kept and counts more than the rules."""
    EXIT_STATUS: ClassVar = {
        0: "each fix has a verdict that needs nobody",
        1: "people have to look at some",
        **FAILURES,
    }
    REFUSED = frozenset({"patch"})

    taken_from = option(
        "--from",
        "BRANCH",
        "the line to take fixes from (default: the next newer branch that is maintained and "
        "there, else master)",
        Group.REVISIONS,
        default="",
    )
    since = option(
        "--since",
        "COMMIT|DATE",
        "only what came after it (default: after the last one picked from there)",
        Group.REVISIONS,
        default="",
    )
    list = option(
        "--list",
        "FILE",
        "the commits, one a line or as cid_y=( … ); - reads stdin",
        Group.REVISIONS,
    )
    jobs = option(
        "--jobs",
        "N",
        "number of parallel builds (default: one for each four processors; with --cluster, one "
        "for each thread of its workers)",
        Group.BUILD,
    )
    plan = cli.Flag("--plan", group=Group.BUILD, help="build and test nothing")
    out = option(
        "--out", "DIR", "write patch files for 'git am', one folder per branch", Group.REVISIONS
    )
    create_branch = option(
        "--create-branch",
        "NAME",
        "create a branch with the series in the clone; {branch} in NAME stands for the branch's "
        "own name",
        Group.REVISIONS,
        default="",
    )
    yes = option("--yes", "COMMIT", "decide to pick it", Group.DECISIONS, repeatable=True)
    no = option("--no", "COMMIT", "decide not to pick it", Group.DECISIONS, repeatable=True)
    wait = option("--wait", "COMMIT", "decide to wait", Group.DECISIONS, repeatable=True)
    because = option("--because", "TEXT", "why you decided so", Group.DECISIONS, default="")
    decisions = option("--decisions", "FILE", "take over the decisions in a file", Group.DECISIONS)
    export_decisions = option(
        "--export-decisions", "FILE", "write all decisions to a file", Group.DECISIONS
    )

    def main(self, branch: str, *commits: str) -> int:
        from bisector.cli.answer import print_outcome
        from bisector.cli.options import asked_of, cluster_of, command_line
        from bisector.cli.test_command import job_count
        from bisector.jobs.queue.delivery import Delivery
        from bisector.jobs.queue.queue import Wishes, queue
        from bisector.jobs.runner import Execution
        from bisector.report.live import Live

        if self.patch:
            raise UsageProblem("--patch is not for this command", "name commits without it")
        branches = [branch, *(word for word in commits if not _COMMIT.fullmatch(word))]
        named = [word for word in commits if _COMMIT.fullmatch(word)]
        wishes = Wishes(
            tuple(dict.fromkeys(branches)),
            (*named, *self._listed()),
            str(self.taken_from),
            str(self.since),
            self.plan,
            Delivery(Path(self.out).absolute() if self.out else None, str(self.create_branch)),
        )
        files = self.files()
        with Live() as live:
            asked = asked_of(self, live)
            if self._decides():
                return self._decide(asked, branches)
            jobs, cluster = job_count(self.jobs), cluster_of(self)
            execution = Execution(command_line(), live, jobs=jobs, cluster=cluster)
            outcome = queue(asked, wishes, execution)
        return print_outcome(outcome, files)

    def _listed(self) -> Iterator[str]:
        """The commits of --list. Raises UsageProblem for what is no commit, WorkspaceProblem."""
        from bisector.jobs.queue import commit_list

        if self.list is None:
            return
        if self.list == _STDIN:
            found = commit_list.parse(sys.stdin.read(), "stdin")
        else:
            try:
                text = Path(self.list).read_text(encoding="utf-8", errors="replace")
            except OSError as error:
                raise UsageProblem(f"--list {self.list}", error.strerror or str(error)) from None
            found = commit_list.parse(text, self.list)
        if not found:
            raise UsageProblem(f"--list {self.list} names no commit", "write one on each line")
        yield from found

    # -- decisions -----------------------------------------------------------------------------

    def _decides(self) -> bool:
        given = (self.yes, self.no, self.wait, self.decisions, self.export_decisions)
        if self.because and not any(given[:3]):
            raise UsageProblem("--because without a decision", "add --yes, --no or --wait COMMIT")
        return any(given)

    def _decide(self, asked: Asked, branches: Sequence[str]) -> int:
        """Keep the decisions that were given, and write them out if that was asked for."""
        from bisector.jobs.queue.decisions import Decisions, decided

        history = asked.history
        for branch in branches:
            history.resolve(branch)
        kept = Decisions(asked.workspace, history)
        new = [
            one
            for branch in branches
            for one in decided(history, branch, self._given(), str(self.because))
        ]
        if self.decisions:
            taken = kept.take(Path(self.decisions))
            print(f"{taken} decisions taken from {self.decisions}")
        kept.add(new)
        print("".join(f"{_said(one)}\n" for one in new), end="")
        if self.export_decisions:
            write_whole(Path(self.export_decisions), kept.text().encode())
            print(f"written: {self.export_decisions}")
        return 0

    def _given(self) -> Iterator[tuple[Decided, str]]:
        from bisector.record.queue_events import Decided

        for word, names in ((Decided.YES, self.yes), (Decided.NO, self.no)):
            yield from ((word, name) for name in names)
        yield from ((Decided.WAIT, name) for name in self.wait)


def _said(one: Decision) -> str:
    return f"kept: {one.line}"
