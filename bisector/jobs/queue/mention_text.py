"""What a message says of the commits that it names, told by its words; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bisector.jobs.queue.named_commits import MARK, Name, NamedCommits, Sentence
from bisector.search import commit_subject


class Relation(StrEnum):
    """What a commit is to an earlier one that it names, the strongest first."""

    REVERTS = "reverts"
    REPAIRS = "repairs"  # a bug that the earlier one brought, or left
    NEEDS = "needs"  # it must be backported with the earlier one or after it
    MENTIONS = "mentions"  # anything else


@dataclass(frozen=True)
class Said:
    """What the sentence ``text`` says of the commit ``named``."""

    named: Name
    relation: Relation
    text: str


# what may stand between a word and the commit: "introduced by the recent patch ⟦0⟧"
_SKIP = (
    r"(?:(?:the|this|that|these|those|latest|recent|previous|commits?|patch(?:es)?|fix(?:es)?|series"
    r"|one|of|in|by|from|below|following|v?\d\.[\w.-]{1,12})\W{1,9}){0,5}"
)
_REF = rf"(?:{MARK}|\b(?:above|previous|preceding)\b)"
_PORT = r"\b(?:(?:be)?back-?port\w*|pick\w*|appl(?:y|ied)|merged)\b"


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.I)


_FIXES = _words(rf"^Fixes: *(?:commit )?{MARK}")
_REVERTS = _words(
    rf"\breverts?\W+{_SKIP}{MARK}",
    rf"^Revert\W+{MARK}",
    r"^(?:This|The) (?:patch|commit) (?:\w+ )?reverts\b",
)
_NOT_REVERTED = _words(r"\b(?:unless|until|if|was|were|been|be|is|are)\b.{0,60}\brevert")

# the commit right after them is the culprit, whoever says so
_CULPRIT = _words(
    r"\b(?:introduced?|introduces|appeared|brought|caused|came|broken?|arrived"
    r"|regressions?|bug|issue|problem)\b"
    r"(?:\W{1,4}v?\d\.[\w.-]{1,12}"
    r"|\W{1,4}(?!fix|solve|address|correct|describ|explain|mention|report|reveal|expos|unveil)\w[\w'-]{0,30}){0,4}?"
    rf"\W{{1,4}}(?:in|by|with|from|since|is|after|of)\W+{_SKIP}{_REF}",
    rf"\b(?:fixes|fix for)\W+(?:the |recent |latest )?(?:commit|patch)\W+{MARK}",
    rf"\bintroduced (?:with|by|in)(?: (?!and|fixed|solved)[\w-]+){{0,9}} {MARK}",
)
# what is introduced must be one of these, if no fix says it
_HARM = _words(
    r"\b(?:bugs?|issues?|problems?|regress\w*|typos?|errors?|warnings?|mistakes?|leaks?|unused)\b",
    r"\b(?:br(?:oke|oken|eaks)|wrong\w*|fail\w*|forgot\w*|cosmetic|left ?overs?)\b",
)
_USES = _words(r"\bthanks to\b|\b(?:mak|tak)(?:e|es|ing) (?:use|advantage) of\b|\bas was\b")
# a fix that uses them blames the commits in the sentence
_BLAME = _words(
    r"\bregress\w*|\bside[ -]effects?\b|\bincomplete\b|\binsufficient\w*",
    r"\bnot (?:\w+ )?(?:enough|sufficient)\b|\b(?:not|no) (?:\w+ )?(?:correct|right|valid)\b",
    r"\bnever (?:added|ported)\b|\b(?:tried|attempted) to\b",
    r"\b(?:was|were) wrong\b|\bwrongly\b|\bincorrectly\b|\binverted\b",
    r"\b(?:missed|forgot|forgotten|overlooked|omitted|mangled|flawed|too restrictive|left out)\b",
    r"\bleft (?:a|an|the|one|some)\b",
    r"\b(?:accidental|accident|mistaken)ly\b|\bby (?:mistake|error|accident)\b",
    r"\btypo\b|\bcomplementary\b|\bfoll?ow[ -]?up\b|\b(?:second|2nd|first) attempt\b",
    r"\balso needed\b|\bbr(?:oke|oken|eaks|eaking)\b|\brefined?\b|\bshould have\b",
    r"\breverses?\b|\bno longer works?\b|\bmostly reverts?\b|\b(?:doesn't|does not) work\b",
    r"\b(?:introduced|contains|contained|caused|brought) (?:an?|some|another|\d|two|several)"
    r" (?:\w+ )?(?:bugs?|issues?|problems?|leaks?|crash|race)\b",
)
# the same, unless other words explain the mention
_HINT = _words(
    r"\bstill\b|\bmissing\b|\blost\b|\bcompletes?\b|\btr(?:ies|y) to\b|\battempts?\b",
    r"\bincorrect\b|\binvalid\b|\brevert\w*|\bstopped\b|\bcrash\w*|\bdouble[ -]free\b",
    rf"{MARK}.*\b(?:but|however|unfortunately|except)\b",
    rf"\b(?:since|after|as of|due to|because of|consequence of)\W+{_SKIP}{_REF}",
    rf"\bwith the (?:fix|change) in\W+{_SKIP}{_REF}|\w\W{{1,2}}with (?:\w+ )?commit {MARK}",
)
_EXPLAINS = _words(
    r"\b(?:thanks to|similar\w*|like|same|cf|possible|allows?|allowed|available|supported)\b",
    r"\bas (?:was |is |it was )?(?:already )?(?:done|did|explained|mentioned|said|described)\b",
    rf"\bsee\W+{_SKIP}{MARK}|\bnext (?:commit|patch)",
    r"\b(?:fixed|addressed|solved|removed|done|visible|revealed|exposed|unveiled)"
    rf"(?: \w+)? (?:by|in|with|since|thanks)\W+{_SKIP}{_REF}",
)
_CONTRAST = _words(r"^(?:However|Unfortunately|But|Yet|Sadly|Except|Nevertheless|Problem)\b")
_INNER_CONTRAST = _words(r"\b(?:however|unfortunately|but)\b")
# a fix that is to go where another one went belongs to it
_WHERE = _words(
    rf"{_PORT}.{{0,80}}\b(?:where(?:ver)?|whenever|anywhere|everywhere|when|unless|if|containing"
    rf"|having)\b.{{0,60}}{_REF}",
    rf"{_PORT}.{{0,80}}{_REF}.{{0,20}}\bsame (?:version|branch|release)",
    rf"{_PORT}.{{0,80}}\b(?:like|as)\W+{_SKIP}{_REF}",
    rf"{_REF}.{{0,120}}\b(?:was|were|is|are|been)\b.{{0,20}}\bback-?ported\b",
    rf"\b(?:unless|except|if)\W+{_SKIP}{_REF}.{{0,20}}\b(?:is|are)\b",
)
_NEEDS = _words(
    r"\b(?:depends?|rel(?:y|ies)|based)\b.{0,30}\bon\b|\brequire[sd]?\b",
    r"\bprerequisite|\bpreliminary\b",
    rf"\bneed(?:s|ed)?\b.{{0,40}}{_REF}|{_REF}.{{0,60}}\b(?:needed|required|first)\b",
    rf"{_PORT}.{{0,80}}\b(?:with|along|together|after|alongside)\b.{{0,60}}{_REF}",
    rf"\bgo(?:es)? with\W+{_SKIP}{_REF}",
)
_AGAIN = _words(r"\((?:try|v|take) ?\d\)$|\battempt\)$")
_REACH = 3  # sentences that may lie between a name and "However, …"


def read(names: NamedCommits) -> Iterator[Said]:
    """For each commit that a message names, the strongest of what its sentences say."""
    found: dict[int, Said] = {}
    order = list(Relation)
    for number, relation, text in _all(names):
        known = found.get(number)
        if known is None or order.index(relation) < order.index(known.relation):
            found[number] = Said(names.names[number], relation, text)
    yield from found.values()


def _all(names: NamedCommits) -> Iterator[tuple[int, Relation, str]]:
    """The number of each commit named, with what one sentence says of it."""
    is_fix = bool({"BUG", "BUILD"} & commit_subject.parse(names.subject).kind)
    is_again = bool(_AGAIN.search(names.subject))
    since, explained = 0, False
    for sentence in names.sentences():
        if sentence.here:
            relation = _relation(sentence, is_fix)
            for number in sentence.here:
                again = is_again and names.is_fix(number) and relation is not Relation.REVERTS
                yield number, Relation.REPAIRS if again else relation, sentence.text
            since, explained = 0, bool(_EXPLAINS.search(sentence.marked))
        elif sentence.before:
            since += 1
            if is_fix and since <= _REACH and _objects(sentence.text, explained):
                for number in sentence.before:
                    yield number, Relation.REPAIRS, sentence.text


def _objects(text: str, explained: bool) -> bool:
    """Whether the sentence *text* says what is wrong with the commits named before it."""
    blames = bool(_BLAME.search(text))
    if _CONTRAST.match(text):
        return blames or not explained
    return blames and bool(_INNER_CONTRAST.search(text))


def _is_culprit(text: str, is_fix: bool) -> bool:
    """Whether the sentence *text* says that the commits in it brought a bug."""
    if not _CULPRIT.search(text) or _USES.search(text):
        return False
    return is_fix or bool(_HARM.search(text))


def _relation(sentence: Sentence, is_fix: bool) -> Relation:
    """What *sentence* says of the commits in it; *is_fix*: by its subject, it is that of a fix."""
    text = sentence.marked
    if _REVERTS.search(text) and not _NOT_REVERTED.search(text):
        return Relation.REVERTS
    if _FIXES.match(text) or _is_culprit(text, is_fix):
        return Relation.REPAIRS
    if is_fix and (_BLAME.search(text) or _WHERE.search(text)):
        return Relation.REPAIRS
    if _NEEDS.search(text):
        return Relation.NEEDS
    if is_fix and _HINT.search(text) and not _EXPLAINS.search(text):
        return Relation.REPAIRS
    return Relation.MENTIONS
