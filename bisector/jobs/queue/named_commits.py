"""Find the commits that a message names, and split it into sentences around these; pure.

Messages name a commit by its hash, by its subject, quoted or on a line of its own and wrapped at
any word, by both, or by its place: "the previous commit", "the commit above". In a sentence a mark
such as ⟦0⟧ replaces each name, so that no word of a subject is taken for one of the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bisector.git import commit_text

MAX_MESSAGE, MAX_SENTENCE = 20_000, 2_000  # characters, since patterns look around each match

MARK = r"⟦\d+⟧"
_MARK = re.compile(r"⟦(\d+)⟧")
_HASH = re.compile(r"\b[0-9a-f]{7,40}\b")  # shorter than elsewhere: it must be that of a commit
# `KIND: ` or `[KIND] `
_CLASS = re.compile(r"[A-Z\[][A-Z]{1,15}(?:/[A-Z]{1,15}){0,3}(?:\s?:|\])\s")
_REVERT = re.compile(r'Revert\s{1,9}"$')
_SUBJECT_LENGTH, _REVERT_LENGTH, _FIXES_LENGTH = 200, 20, 20  # characters
_WORD = re.compile(r"\S+")
_AFTER = "\"'.,;:)]"  # may follow a subject
_PICKED = re.compile(r"^\(cherry picked from commit [0-9a-f]{40}\)$", re.M)
_UNKNOWN = re.compile(r'"(?:Revert |[A-Z]{2,}[/:])[^"⟦⟧]{0,200}"')  # a subject of no known commit
_TWICE = re.compile(r"⟦(\d+)⟧[\s(\"':,]{1,9}⟦\1⟧[\"')]*")
# a name that stands on a line of its own belongs to the sentence before it
_OWN_LINE = re.compile(
    rf"[.:]?((?:[ \t]{{0,9}}\n\s{{0,9}}(?:[-*]\s)?(?:commit\s)?[\"'(]?{MARK}[\"')]*)+)"
    r"[.,]?[ \t]{0,9}(?:\n{1,9}(?=[ \t]{0,9}((?-i:[a-z]))?)|$)",
    re.I,
)
_NOUN = r"(?:commits?|patch(?:es)?|fix(?:es)?|change|one|attempt)\b"
_ABOVE = re.compile(
    rf"\babove(?:[ -]mention+ed)? {_NOUN}|\b{_NOUN}(?: mention+ed)? above\b"
    rf"|\b(?:mentioned|aforementioned|original|faulty|offending|culprit) {_NOUN}"
    r"|\brevert(?:s|ing)? (?:the|that) (?:commit|patch|fix)\b",
    re.I,
)
_PREVIOUS = re.compile(  # "a previous fix" is any
    rf"(?<!\ba )(?<!\bsome )\b(this )?(?:previous|preceding|prior) (?:bug ?)?({_NOUN})"
    r"(?!\W{1,3}[0-9a-f]{7,40}\b)(?:[^,;⟦]{0,40}?⟦(\d+)⟧)?",
    re.I,
)
_ON_ONE = re.compile(r"\b(?:depends?|rel(?:y|ies)) on the previous one\b", re.I)
_FIXES = re.compile(r"(?:^|\n)Fixes: *(?:commit )?$", re.I)


class NamedBy(StrEnum):
    """How a message names a commit."""

    HASH = "its hash"
    SUBJECT = "its subject"
    PREVIOUS = "as the previous commit"
    FIXES = "a Fixes: line"
    REVERT = "the subject of a revert"


class Known(Protocol):
    """The commits that may be named, all as full hashes."""

    def by_hash(self, digits: str) -> str:
        """The one whose hash starts with *digits*; '' for none or several."""

    def by_subject(self, words: list[str]) -> tuple[str, int]:
        """The one whose subject *words* start with, and the number of its words; '' for none."""

    def is_fix(self, commit: str) -> bool:
        """Whether *commit* is a fix by its subject."""


@dataclass(frozen=True)
class Name:
    """One commit (full hash) that a message names."""

    commit: str
    by: NamedBy


@dataclass(frozen=True)
class Sentence:
    """A sentence as it is written, the same with marks, and the commits that it names.

    ``here`` are the numbers of its marks and of what "above" and "previous" stand for; ``before``
    are the commits that the sentences before it named last.
    """

    text: str
    marked: str
    here: tuple[int, ...]
    before: tuple[int, ...]


class NamedCommits:
    """The names in a *message*; ``previous`` is the commit before it on its line, '' for none."""

    def __init__(self, message: str, known: Known, previous: str = "") -> None:
        self._known = known
        self._previous = previous
        self.names: list[Name] = []
        self._written: list[str] = []
        text = message.strip()[:MAX_MESSAGE].replace("⟦", "[").replace("⟧", "]")
        subject, _, body = text.partition("\n")
        # another commit of the same subject is not meant
        self.subject = self._mark(subject) if '"' in subject else subject
        self._body = _TWICE.sub(r"⟦\1⟧", self._mark(_PICKED.sub("", body)))

    def sentences(self) -> Iterator[Sentence]:
        """The sentences of the message, the first one is its subject; none if nothing is named."""
        if not self.names and not _PREVIOUS.search(self._body):
            return
        before: tuple[int, ...] = ()
        for marked in (self.subject, *self._split()):
            here = tuple(dict.fromkeys((*_numbers(marked), *self._placed(marked, before))))
            yield Sentence(self._unmarked(marked), marked, here, before)
            before = here or before

    def _split(self) -> Iterator[str]:
        text = _UNKNOWN.sub('"…"', _OWN_LINE.sub(_joined, "\n" + self._body))
        for paragraph in commit_text.paragraphs(text):
            for sentence in commit_text.sentences(paragraph):
                yield sentence[:MAX_SENTENCE]

    # -- names ---------------------------------------------------------------------------------

    def _mark(self, text: str) -> str:
        """*text* with a mark for each commit that it names by hash or subject."""
        pieces: list[str] = []
        end = 0
        for start, stop, name in sorted(self._found(text), key=lambda found: found[:2]):
            if start < end:
                continue
            pieces += [text[end:start], f"⟦{self._number(name, text[start:stop])}⟧"]
            end = stop
        return "".join((*pieces, text[end:]))

    def _found(self, text: str) -> Iterator[tuple[int, int, Name]]:
        for match in _HASH.finditer(text):
            if commit := self._known.by_hash(match[0]):
                fixes = _FIXES.search(text, max(match.start() - _FIXES_LENGTH, 0), match.start())
                by = NamedBy.FIXES if fixes else NamedBy.HASH
                yield match.start(), match.end(), Name(commit, by)
        for match in _CLASS.finditer(text):
            start = match.start()
            if revert := _REVERT.search(text, max(start - _REVERT_LENGTH, 0), start):
                commit, end = self._subject(text, revert.start())
                if commit:  # the revert itself is named
                    yield revert.start(), end, Name(commit, NamedBy.SUBJECT)
            commit, end = self._subject(text, start)
            if commit:
                yield start, end, Name(commit, NamedBy.REVERT if revert else NamedBy.SUBJECT)

    def _subject(self, text: str, start: int) -> tuple[str, int]:
        """The commit whose subject is at *start* of *text*, '' for none, and where that ends."""
        words = list(_WORD.finditer(text, start, start + _SUBJECT_LENGTH))
        commit, count = self._known.by_subject([word[0] for word in words])
        if not commit:
            return "", start
        last = words[count - 1]
        return commit, last.start() + len(last[0].rstrip(_AFTER))

    def _number(self, name: Name, written: str) -> int:
        """The number of *name*, the same one for all names of its commit."""
        for number, other in enumerate(self.names):
            if other.commit == name.commit:
                if name.by is NamedBy.FIXES:  # says more than the same hash in a sentence
                    self.names[number] = name
                return number
        self.names.append(name)
        self._written.append(" ".join(written.split()))
        return len(self.names) - 1

    def _placed(self, marked: str, before: tuple[int, ...]) -> tuple[int, ...]:
        """What "above" and "previous" stand for in a sentence."""
        found = before if _ABOVE.search(marked) else ()
        for this, noun, number in _PREVIOUS.findall(marked):
            if number:  # "the previous fix ⟦0⟧": from now on that one is meant
                self._previous = self.names[int(number)].commit
            elif this:  # one that was spoken of
                found += before
            elif noun.lower() != "one" or _ON_ONE.search(marked):  # else it may be one of anything
                found += self._before(noun.lower())
        return found

    def _before(self, noun: str) -> tuple[int, ...]:
        """What "the previous" *noun* stands for: the previous commit, or a fix named elsewhere."""
        if noun.startswith("fix"):
            if fixes := [n for n in range(len(self.names)) if self.is_fix(n)]:
                return tuple(fixes)
            if not self._known.is_fix(self._previous):
                return ()
        if not self._previous:
            return ()
        return (self._number(Name(self._previous, NamedBy.PREVIOUS), "the previous commit"),)

    def is_fix(self, number: int) -> bool:
        """Whether the commit with this number is a fix, by its subject."""
        return self._known.is_fix(self.names[number].commit)

    def _unmarked(self, marked: str) -> str:
        return _MARK.sub(lambda match: self._written[int(match[1])], marked)


def _numbers(marked: str) -> tuple[int, ...]:
    return tuple(int(number) for number in _MARK.findall(marked))


def _joined(match: re.Match[str]) -> str:
    marks = " ".join(re.findall(MARK, match[1]))
    return f" {marks}\n" if match[2] else f" {marks}.\n\n"  # "which was …" goes on
