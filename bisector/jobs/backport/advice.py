"""Parse from a commit's message where to backport it and which commit introduced its bug; pure.

HAProxy's authors write this as prose: "This should be backported as far as 2.6.", "No backport is
needed.", "Must be backported to all stable versions." A named version stands for itself and all
newer ones, since a bug is never fixed in an older branch only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bisector.git import commit_text

Version = tuple[int, int]

# Limits in characters. The patterns examine the text around each match, so a very long line of
# matching words would take hours.
MAX_MESSAGE, MAX_SENTENCE = 20_000, 2_000

_NUMBER = r"(?<![\w./-])v?([1-9]\.\d{1,2})(?:\.\d+|-dev\d*|-maint)?(?![\w.]*\d)"
_QUOTED = re.compile(r'"[^"]*"')  # the subjects of other commits
_VERSION = re.compile(_NUMBER)
_TREE_VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})(?!\d)")
_BRANCH_VERSION = re.compile(r"(?:^|[/v-])(\d{1,4})\.(\d{1,4})(?:\.\d+|-\w+)*$")

_WORD = re.compile(r"\b(?:be)?back-?port\w*", re.I)
# these mention a backport of another commit, or a possible one: no advice about this commit
_OTHERS = re.compile(
    r"\b(?:was|were|been|got|gets?|already|once|when|if|is|are|ever|being|will be|would be"
    r"|scheduled|wherever|this|that|the|each|previous|latest|wrong|bad|failed|of|partial|after|for|during)\s+$",
    re.I,
)
_REFUSED_BEFORE = re.compile(
    r"(?:\b(?:no|not|never|without|cannot|nothing|nor)\b|n't\b)(?:[^\w']+[\w']+){0,4}?\W*$", re.I
)
_REFUSED_AFTER = re.compile(
    r"^(?:\W+\w+){0,3}?\W+(?:not (?:be )?(?:needed|necessary|required|desired|worth\w*)|unneeded"
    r"|unnecessary|useless|needless)",
    re.I,
)
_PLACE = re.compile(r"(?: \w+)? (?:to|in|into|on|past|before|beyond|further)\b.* " + _NUMBER, re.I)
_UNSURE = re.compile(
    r"\b(?:maybe|ideally|possibly|perhaps|eventually|and probably|or even)\b", re.I
)
_AT_LEAST = re.compile(r"\bat least\b", re.I)
_REASON = re.compile(
    r"\b(?:because|since(?! v?\d)|introduced|though|although|but|however|if|depending|once"
    r"|(?<!far )as(?! far)|when|where (?:it|the \w+) was (?:introduced|added)|unless|so that)\b",
    re.I,
)
_AND_OLDER = re.compile(r"\b(?:and|or) (?:below|older|earlier|before|lower|previous)\b", re.I)
_EVERYWHERE = re.compile(
    r"\beverywhere\b|\bwhere(?:ver)? (?:it applies|applicable|relevant|possible|needed)"
    r"|\b(?:all|any|every|each|older|previous|earlier|stable|supported|maintained)\b(?: \w+){0,4}? "
    r"?(?:versions?|branch(?:es)?|releases?)\b|\ball the way\b|\bto stable\b",
    re.I,
)
_CONTAINING = re.compile(
    r"(?:versions?|branch(?:es)?|releases?)\W+(?:that |which )?"
    r"(?:containing|contain|having|have|has|with|where|which|that|using|affected)\b",
    re.I,
)
_LIMITED = re.compile(r"\b(?:older|previous|earlier|before|below|prior|beyond|further)\b", re.I)
_ASKED = re.compile(r"\b(?:should|must|can|may|has to|needs? to|to)\s+$", re.I)
_CONDITION = re.compile(r"\bif\b|\bunlikely\b", re.I)
_BE = re.compile(r"\bbe\s+$", re.I)
_WAITS = re.compile(
    r"\bback-?port\w*\b.{0,80}\b(?:after|once) (?:a |an |some |the |enough )?(?:\w+ )?"
    r"(?:while|time|period|weeks?|days?|months?|observation|exposure)\b"
    r"|\b(?:wait|let it (?:cook|settle)|observation period)\b.{0,80}\bback-?port"
    r"|\bback-?port\w*\b.{0,80}\bobservation period\b",
    re.I,
)
_HASH = r"([0-9a-f]{7,40})\b"
_ORIGIN = re.compile(
    r"(?:\b(?:introduced|appeared|brought|caused|broken|broke|came|starting|regressions?)\b"
    r"(?: \w+| v?\d\.\d+){0,3}? (?:in|by|with|from|since)|\bsince(?: v?\d[\w.-]*,?)?(?: with)?"
    r"|^Fixes:)(?: the| this| recent)?(?: commit| patch)? " + _HASH,
    re.I,
)


@dataclass(frozen=True)
class Advice:
    """The advice of a message: backport to every version from ``since`` on; None for no version.

    ``since`` is (0, 0) for "everywhere". ``silent_below``: nothing is said about older versions, so
    they are not excluded. ``text`` is the sentence.
    """

    since: Version | None
    silent_below: bool
    text: str

    def says(self, version: Version) -> bool | None:
        """Whether the fix is to go into *version*; None if that is left open."""
        if self.since is None:
            return False
        if version >= self.since:
            return True
        return None if self.silent_below else False


def read(message: str) -> Advice | None:
    """The advice in a commit's message; None if there is none that names versions.

    Of several, the last one that names versions counts, unless a later one excludes any backport.
    """
    advice: Advice | None = None
    for sentence in _sentences(message):
        for word in _WORD.finditer(sentence):
            before, after = sentence[: word.start()], sentence[word.end() :]
            clause = _clause(before, after, sentence)
            if clause and not (advice and clause.since is None and _LIMITED.search(after)):
                advice = clause
    return advice


def asks_anywhere(message: str) -> str:
    """The sentence that asks for a backport but names no version: "It can be backported."; or ''.

    What asks to wait, makes a condition, or only says that another commit was backported, does not
    count.
    """
    for sentence in _sentences(message):
        if _CONDITION.search(sentence) or _VERSION.search(sentence):
            continue
        for word in _WORD.finditer(sentence):
            before, after = sentence[: word.start()], sentence[word.end() :]
            refused = _REFUSED_BEFORE.search(before) or _REFUSED_AFTER.match(after)
            before = _BE.sub("", before)
            if not refused and _ASKED.search(before) and not _OTHERS.search(before):
                return sentence
    return ""


def mentions_backport(text: str) -> bool:
    """Whether *text* speaks of a backport at all."""
    return _WORD.search(text) is not None


def asks_to_wait(message: str) -> str:
    """The sentence that asks to backport later, after some time on the main branch; '' without."""
    return next((one for one in _sentences(message) if _WAITS.search(one)), "")


def origin(message: str) -> str:
    """The commit to which the message attributes the bug, abbreviated as written there, or ''."""
    _, _, body = message[:MAX_MESSAGE].partition("\n")
    for paragraph in re.split(r"\n\s*\n|\n(?=Fixes:)", body):
        if match := _ORIGIN.search(" ".join(paragraph.split())):
            return match[1]
    return ""


def version_of(tree_version: str, name: str) -> Version | None:
    """The series of a branch, from the text of its VERSION file or else from its *name*."""
    match = _TREE_VERSION.match(tree_version.strip()) or _BRANCH_VERSION.search(name)
    return (int(match[1]), int(match[2])) if match else None


def _sentences(message: str) -> Iterator[str]:
    """The sentences of the message's body, each as one line; `3.0` does not end a sentence."""
    body = message[:MAX_MESSAGE].partition("\n")[2]
    for paragraph in commit_text.paragraphs(body):
        for sentence in commit_text.sentences(_QUOTED.sub('"…"', paragraph)):
            yield sentence[:MAX_SENTENCE]


def _clause(before: str, after: str, sentence: str) -> Advice | None:
    """The advice in one mention of backporting, from the text *before* and *after* it, if any."""
    if _REFUSED_BEFORE.search(before) or _REFUSED_AFTER.match(after):
        return None if _PLACE.match(after) else Advice(None, False, sentence)
    if _OTHERS.search(before):
        return None
    aim = _aim(after)
    unsure = _UNSURE.search(aim)
    if named := _versions(aim[: unsure.start()] if unsure else aim):
        if _AND_OLDER.search(aim):
            return Advice((0, 0), False, sentence)
        return Advice(min(named), bool(unsure or _AT_LEAST.search(aim)), sentence)
    if _EVERYWHERE.search(aim) and not _CONTAINING.search(aim):
        return Advice((0, 0), False, sentence)
    return None


def _aim(after: str) -> str:
    """The words that name the target versions, without the reasons that follow them."""
    reason = _REASON.search(after)
    return after[: reason.start()] if reason else after


def _versions(text: str) -> list[Version]:
    versions = []
    for match in _VERSION.finditer(text):
        major, minor = match[1].split(".")
        versions.append((int(major), int(minor)))
    return versions
