"""What is known of the commits of a source line without building anything, for one branch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache, cached_property

from bisector.git import commit_text
from bisector.git.history import History
from bisector.git.picks import PickedBy, Picks
from bisector.jobs.backport import advice
from bisector.jobs.queue import by_lines
from bisector.jobs.queue.by_lines import ByLines
from bisector.jobs.queue.mentions import Mention, Relation, mentions
from bisector.jobs.queue.source import Source
from bisector.patch import line_origins
from bisector.patch.line_origins import LineHistory
from bisector.record.queue_events import Evidence, Queued, Says, Statement, Word
from bisector.search import commit_subject

_FIXES = frozenset({"BUG", "BUILD"})
_BY = {
    PickedBy.TRAILER: "picked as {} by its message",
    PickedBy.PATCH: "{} is the same change",
    PickedBy.SUBJECT: "{} has the same author and subject",
}


class Known:
    """What the messages, trailers and lines of a source line say; each is read once."""

    def __init__(self, history: History, source: Source) -> None:
        self.history, self.source = history, source
        self._picks = Picks(history.objects, source.own)
        self._range = frozenset(source.before)
        self.is_there = cache(self._is_there)
        self.says = cache(self._says)

    # -- commits -------------------------------------------------------------------------------

    def subject(self, commit: str) -> str:
        return commit_text.subject(self.history.read(commit))

    def message(self, commit: str) -> str:
        read = self.history.read(commit)
        return commit_text.decoded(read.raw_message, read)

    def is_bug(self, commit: str) -> bool:
        """Whether the subject says that *commit* fixes a bug."""
        return "BUG" in commit_subject.parse(self.subject(commit)).kind

    def is_fix(self, commit: str) -> bool:
        """Whether the subject says that *commit* fixes a bug or the build."""
        return bool(_FIXES & commit_subject.parse(self.subject(commit)).kind)

    def _is_there(self, commit: str) -> Statement | None:
        """How one knows that the branch has *commit*; None if it does not seem to."""
        if commit not in self._range:
            return Statement("it is older than the branch", Evidence.HISTORY)
        pick = self._picks.of(commit)
        if pick is None:
            return None
        return Statement(_BY[pick.by].format(pick.commit[:10]), Evidence.HISTORY)

    @cached_property
    def picked(self) -> frozenset[str]:
        """The commits of the source line that the branch's messages say were picked to it."""
        return self._range & self._picks.by_trailer.keys()

    def row(self, commit: str) -> Queued:
        """The row of *commit* before anything is decided."""
        read = self.history.read(commit)
        says, said = self.says(commit)
        return Queued(
            branch=self.source.branch.name,
            revision=commit,
            subject=self.subject(commit),
            author=read.author.name,
            at=read.commit_time,
            word=Word.UNCLEAR,
            why="",
            says=says,
            said=said,
        )

    # -- messages ------------------------------------------------------------------------------

    def _says(self, commit: str) -> tuple[Says, str]:
        """What the message of *commit* says about the branch, and the sentence."""
        message = self.message(commit)
        advised = advice.read(message)
        version = self.source.branch.version
        wanted = advised.says(version) if advised and version else None
        if advised and wanted is False:
            return Says.NO, advised.text
        if waits := advice.asks_to_wait(message):
            return Says.WAIT, waits
        if advised and wanted:
            return Says.YES, advised.text
        for one in self.named_by(commit):
            if one.relation is not Relation.MENTIONS and advice.mentions_backport(one.text):
                return Says.FOLLOWS, one.text
        if text := advice.asks_anywhere(message):
            return Says.ANYWHERE, text
        return Says.NOTHING, ""

    @cached_property
    def _mentions(self) -> Sequence[Mention]:
        return mentions(self.history, self.source.before)

    @cached_property
    def _by_commit(self) -> Mapping[str, Sequence[Mention]]:
        found = defaultdict[str, list[Mention]](list)
        for one in self._mentions:
            found[one.commit].append(one)
        return found

    @cached_property
    def _by_named(self) -> Mapping[str, Sequence[Mention]]:
        found = defaultdict[str, list[Mention]](list)
        for one in self._mentions:
            found[one.named].append(one)
        return found

    def named_by(self, commit: str) -> Sequence[Mention]:
        """What the message of *commit* says of earlier commits."""
        return self._by_commit.get(commit, ())

    def naming(self, commit: str) -> Sequence[Mention]:
        """What later messages say of *commit*."""
        return self._by_named.get(commit, ())

    def reverted_by(self, commit: str) -> str:
        """The later commit that reverts *commit* and is not reverted itself; '' without."""
        for one in self.naming(commit):
            if one.relation is Relation.REVERTS and not self.reverted_by(one.commit):
                return one.commit
        return ""

    # -- lines ---------------------------------------------------------------------------------

    @cached_property
    def _lines(self) -> Mapping[str, LineHistory]:
        return dict(line_origins.histories(self.history, self.source.before))

    def by_lines(self, commit: str, there: frozenset[str] | set[str]) -> ByLines:
        """Whether a branch that has the commits *there* has the lines that *commit* changes."""
        return by_lines.judge(self._lines[commit], there)
