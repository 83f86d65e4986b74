"""Bugs with a test and a proven culprit: fixes that bring a reg-test, and runs of it in history."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pygit2

from bench.pairs import WINDOW
from bisector.errors import BisectorError
from bisector.git.history import History
from bisector.jobs.hunt.ends import EndsFinder
from bisector.jobs.hunt.learning import may_be_the_bug
from bisector.jobs.hunt.transition import Finder, SearchRange, TestIsFlaky
from bisector.jobs.reg_test_files import FOLDER, exported
from bisector.patch import relevance
from bisector.patch.load import from_commit
from bisector.patch.model import Series
from bisector.probing.executors import Local
from bisector.probing.options import Options
from bisector.probing.prober import Prober
from bisector.probing.setup import find_context, find_test
from bisector.record.journal import Journal
from bisector.record.verdict import Verdict
from bisector.record.words import Change, Purpose
from bisector.system.workspace import Workspace
from bisector.testing import config_words

_HASH = re.compile(r"\b[0-9a-f]{8,40}\b")
FOLLOWING = 4  # commits after a fix, of the same author, that may bring its test
MOST_CASES = 4  # of one commit; those that touch more change them all alike


@dataclass(frozen=True)
class Case:
    """A fix, and a reg-test that came with it: in commit ``source``, at ``path``."""

    fix: str
    source: str
    path: str


@dataclass(frozen=True)
class Proven:
    """What became of a case: its ``culprit``, or the ``problem``; '' for none.

    The test is bad at ``new``, the parent of the fix, and good at ``old``; the culprit lies between
    them. ``named``: the fix's message names it.
    """

    case: Case
    culprit: str = ""
    old: str = ""
    new: str = ""
    named: bool = False
    problem: str = ""

    @property
    def held_out(self) -> bool:
        """Whether it is in the half that no constant was fitted to."""
        return int(self.case.fix[:8], 16) % 2 == 1


def cases(history: History, commits: Sequence[str]) -> Iterator[Case]:
    """The cases whose fix is one of *commits* (in their order), the latest first."""
    for place in range(len(commits) - 1, -1, -1):
        fix = history.read(commits[place])
        if not _is_fix(fix.message) or len(fix.parents) != 1:
            continue
        for source in commits[place : place + 1 + FOLLOWING]:
            commit = history.read(source)
            same = source == commits[place]
            if same or (commit.author.email == fix.author.email and "REG" in commit.message[:9]):
                for path in _changed_cases(commit):
                    yield Case(commits[place], source, path)


def named(history: History, fix: str) -> list[str]:
    """The commits whose hashes are in the message of *fix*, as full hashes."""
    found = []
    for name in _HASH.findall(history.read(fix).message.partition("\n")[2]):
        try:
            found.append(str(history.objects.revparse_single(name).peel(pygit2.Commit).id))
        except (KeyError, ValueError, pygit2.GitError):
            continue
    return found


def _is_fix(message: str) -> bool:
    return message.startswith("BUG/") and not message.split(": ")[1].startswith("reg")


def _changed_cases(commit: pygit2.Commit) -> list[str]:
    if len(commit.parents) != 1:
        return []
    trees = [one.tree for one in (commit.parents[0], commit)]
    if any(FOLDER not in tree for tree in trees) or trees[0][FOLDER].id == trees[1][FOLDER].id:
        return []
    before, after = (tree[FOLDER].peel(pygit2.Tree) for tree in trees)
    deltas = before.diff_to_tree(after).deltas
    paths = [d.new_file.path for d in deltas if d.status_char() != "D"]
    found = [path for path in paths if path.endswith(".vtc")]
    return found if len(found) <= MOST_CASES else []


class Prover:
    """Proves culprits by probes; what became of each case is kept in the file *kept*."""

    def __init__(
        self,
        history: History,
        workspace: Workspace,
        options: Options,
        line: Sequence[str],
        kept: Path,
    ) -> None:
        """*line* are the commits of history to search, parents first, the first one good or so."""
        self._history = history
        self.workspace = workspace
        self._options = options
        self._line = line
        self._places = {commit: place for place, commit in enumerate(line)}
        self._kept = kept
        self._known = {proven.case: proven for proven in read(kept)}

    def prove(self, case: Case) -> Proven:
        """The culprit of *case*, from the file or by probes."""
        if case in self._known:
            return self._known[case]
        try:
            proven = self._by_probes(case)
        except (BisectorError, TestIsFlaky) as error:
            proven = Proven(case, problem=str(error) or type(error).__name__)
        with self._kept.open("a") as sink:
            sink.write(json.dumps(asdict(proven)) + "\n")
        return proven

    def _by_probes(self, case: Case) -> Proven:
        place = self._places[case.fix]
        new = self._line[place - 1]
        with self.prober(case) as prober:
            after = prober.ask(case.fix, Purpose.QUALIFY)
            if after.verdict is not Verdict.GOOD:
                return Proven(case, problem=f"{after.verdict} with the fix: {after.reason}")
            before = prober.ask(new, Purpose.QUALIFY)
            if before.verdict is not Verdict.BAD and not may_be_the_bug(before):
                return Proven(case, problem=f"{before.verdict} before it: {before.reason}")
            oldest = self._line[max(0, place - 1 - WINDOW)]
            span = self._history.range(f"{oldest}..{new}")
            ends = EndsFinder(prober, span, False).find()
            if (ends.old.verdict, ends.new.verdict) != (Verdict.GOOD, Verdict.BAD):
                return Proven(case, problem="as old as what the test needs")
            span = ends.within(span, self._history)
            suspects = [c for c in named(self._history, case.fix) if c in span.commits]
            fix = from_commit(self._history.objects, self._history.read(case.fix))
            evidence = relevance.of(self._history, span.commits, series=Series((fix,)))
            where = SearchRange(Change.INTRODUCTION, span.old.id, span.new.id)
            found = Finder(prober, span.commits, evidence).find(where, (*suspects, "")[0], False)
            if len(found.revisions) > 1:
                return Proven(case, problem=f"one of {len(found.revisions)} commits")
            (culprit,) = found.revisions
            return Proven(case, culprit, span.old.id, span.new.id, culprit in suspects)

    def words(self, case: Case) -> frozenset[str]:
        """The words of the configurations in the test of *case*."""
        tree = self._history.read(case.source).tree[FOLDER].peel(pygit2.Tree)
        return config_words.of(tree[case.path].peel(pygit2.Blob).data.decode("utf-8", "replace"))

    @contextmanager
    def prober(self, case: Case) -> Iterator[Prober]:
        """A prober for the test of *case*, with a journal that is not kept."""
        tree = self._history.tree_id(case.source)
        with exported(self.workspace, self._history.store, tree) as home:
            options = replace(self._options, own_test=("vtc", str(home / FOLDER / case.path)))
            test = find_test(options)
            context = find_context(options, self.workspace, self._history, test)
            with self.workspace.scratch() as scratch, Local(self.workspace, 1, 1) as executor:
                journal = Journal(scratch / "journal")
                yield Prober(context, journal, executor, None, fresh=False)


def read(kept: Path) -> list[Proven]:
    """What the file *kept* has of earlier runs; a line that was cut off is left out."""
    if not kept.exists():
        return []
    found = []
    for line in kept.read_text().splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        found.append(Proven(Case(**entry.pop("case")), **entry))
    return found
