"""Read patches from files, folders, mails, mailboxes and commits."""

from __future__ import annotations

import email
import email.policy
import email.utils
import re
from dataclasses import replace
from datetime import UTC, timedelta
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path

import pygit2

from bisector.errors import PatchProblem
from bisector.git import commit_text
from bisector.patch import unified_diff
from bisector.patch.hunks import FileDiff
from bisector.patch.model import Author, Patch, Series

MAX_BYTES = 64 << 20  # of a patch file; all of HAProxy's source is smaller
MAX_HEADERS = 256 << 10  # bytes of a mail before its body
MAX_HEADER = 1000  # characters of one header; RFC 5322 allows 998 in a line
_CONTENT = re.compile(rb"(?im)^content-[a-z-]+:(?:.*\n[ \t])*.*")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f<>]+")  # not allowed in an author of a git commit

_NUMBERED = re.compile(r"(\d{4})-.*\.patch")
_MBOX_FROM = re.compile(rb"^From \S.{1,200}\d\d:\d\d.{1,40} \d{4}\r?$", re.MULTILINE)
_MAIL_START = re.compile(rb"(?i)^(from |(from|subject|date|message-id|mime-version|received):)")
_TAG = re.compile(r"(?i)\[[^\]]{0,100}\bpatch\b[^\]]{0,100}?(?:\b(\d{1,4})/\d+)?\s*\]\s*")
_DIFF = re.compile(rb"^(---\r?\n|(?=diff --|--- .*\n\+\+\+ ))", re.MULTILINE)


def load(source: Path) -> Series:
    """The patches in the file or folder *source*, with their variants.

    A file is a diff, a mail or a mailbox. In a folder, ``0001-*.patch``, ``0002-*.patch`` … are
    the series, and ``variants/LABEL/0001-*.patch`` is a variant of the patch with that number; it
    is also found if that patch is loaded alone. Raises PatchProblem.
    """
    if not source.is_dir():
        number = _NUMBERED.fullmatch(source.name)
        patches = _read(source)
        if number is None or len(patches) > 1:
            return Series(patches)
        variants_of_number = _variants(source.parent).get(number[1], ())
        return Series((replace(patches[0], variants=variants_of_number),))
    numbered = _numbered(source)
    if not numbered:
        raise PatchProblem(f"no patch in the folder {source}", "name them 0001-….patch and so on")
    variants = _variants(source)
    if unknown := [number for number in variants if number not in numbered]:
        stray = variants[unknown[0]][0]
        raise PatchProblem(
            f"{source}/variants/{stray.variant}: {stray.name} is not a variant of any patch",
            f"give it the number of a patch in {source}",
        )
    return Series(
        tuple(replace(p, variants=variants.get(number, ())) for number, p in numbered.items())
    )


def from_commit(repo: pygit2.Repository, commit: pygit2.Commit) -> Patch:
    """The change of *commit* against its parent, or against an empty tree.

    Raises PatchProblem for a merge, for a commit without changes, and as unified_diff.parse does.
    """
    name = str(commit.id)[:12]
    if len(commit.parents) > 1:
        raise PatchProblem(f"{name} is a merge", "name the commit that it brought in")
    if commit.parents:
        diff = repo.diff(commit.parents[0], commit)
    else:
        diff = commit.tree.diff_to_tree(swap=True)
    diff.find_similar()
    files = [file for entry in filter(None, diff) for file in read_entry(entry, name)]
    if not files:
        raise PatchProblem(f"{name} changes nothing", "name a commit that changes files")
    message = commit.raw_message.decode("utf-8", "replace").strip()
    by = commit.author
    author = Author(
        commit_text.decoded(by.raw_name, commit),
        commit_text.decoded(by.raw_email, commit),
        by.time,
        by.offset,
    )
    return Patch(name, message.partition("\n")[0], message, tuple(files), author=author)


def read_entry(entry: pygit2.Patch, name: str) -> list[FileDiff]:
    """What the *entry* of a diff changes, with whole ids; *name* is for messages.

    Raises as unified_diff.parse does.
    """
    old, new = str(entry.delta.old_file.id), str(entry.delta.new_file.id)
    return [replace(file, old_id=old, new_id=new) for file in unified_diff.parse(entry.data, name)]


def _variants(folder: Path) -> dict[str, tuple[Patch, ...]]:
    """The variants of the patches in *folder* by their numbers."""
    variants: dict[str, tuple[Patch, ...]] = {}
    for place in sorted(path for path in folder.glob("variants/*") if path.is_dir()):
        for number, patch in _numbered(place).items():
            patch = replace(patch, variant=place.name)
            variants[number] = (*variants.get(number, ()), patch)
    return variants


def _numbered(folder: Path) -> dict[str, Patch]:
    """The patches in *folder* by the numbers that begin their file names, in order."""
    found: dict[str, Patch] = {}
    for path in sorted(folder.glob("*.patch")):
        number = _NUMBERED.fullmatch(path.name)
        if not number:
            raise PatchProblem(f"{path} has no number", "name it 0001-….patch, in order")
        if number[1] in found:
            raise PatchProblem(f"{path}: {number[1]} is there twice", "number them anew")
        patches = _read(path)
        if len(patches) > 1:
            raise PatchProblem(f"{path} holds {len(patches)} patches", "make it a file for each")
        found[number[1]] = patches[0]
    return found


def _read(path: Path) -> tuple[Patch, ...]:
    """The patches in one file: one for each mail with a diff, or one for a bare diff."""
    try:
        with path.open("rb") as source:
            raw = source.read(MAX_BYTES + 1)
    except OSError as error:
        raise PatchProblem(f"cannot read the patch {path}: {error.strerror}") from error
    if len(raw) > MAX_BYTES:
        raise PatchProblem(f"{path} has more than {MAX_BYTES >> 20} MiB", "no patch is as large")
    if _MAIL_START.match(raw):
        starts = [match.start() for match in _MBOX_FROM.finditer(raw)]
        mails = [raw[a:b] for a, b in zip([0, *starts[1:]], [*starts[1:], len(raw)], strict=True)]
        names = [
            path.stem if len(mails) == 1 else f"{path.stem}#{n + 1}" for n in range(len(mails))
        ]
        parsed = [_from_mail(mail, name) for mail, name in zip(mails, names, strict=True)]
    else:
        head, diff = _split(raw)
        # 'git show' indents the message
        message = "\n".join(re.findall(r"^    (.*)$", head, re.MULTILINE)) or head
        parsed = [_patch(path.stem, message.strip(), diff)]
    patches = tuple(patch for patch in parsed if patch)
    if not patches:
        raise PatchProblem(
            f"{path} holds no patch", "give a file that 'git format-patch' or 'git diff' wrote"
        )
    return patches


def _from_mail(raw: bytes, name: str) -> Patch | None:
    """The patch in a mail; None for a cover letter and for a mail of a discussion."""
    subject, author, body = _parsed(raw, name)
    message, diff = _split(body)
    subject = subject or name
    tag = _TAG.match(subject)
    subject = subject[tag.end() :] if tag else subject
    patch = _patch(name, f"{subject}\n\n{message}".strip(), diff)
    if not patch and tag and int(tag[1] or 1):
        raise PatchProblem(f"{name}: the mail {subject!r} has no diff", "get the whole mail")
    return replace(patch, author=author) if patch else None


def _parsed(raw: bytes, name: str) -> tuple[str, Author | None, bytes]:
    """A mail's subject, author and text, attached patches included."""
    head = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0]
    longest = max((len(header[0]) for header in _CONTENT.finditer(raw)), default=0)
    if len(head) > MAX_HEADERS or longest > MAX_HEADER:
        raise PatchProblem(f"{name}: the mail's headers are too long", "save it again")
    try:
        mail = email.message_from_bytes(raw, policy=email.policy.compat32)
        body = b""
        for part in mail.walk():
            attached = (part.get_filename() or "").endswith((".patch", ".diff"))
            if attached or part.get_content_type() in ("text/plain", "text/x-patch", "text/x-diff"):
                body += bytes(part.get_payload(decode=True) or b"")
        return _decoded(_header(mail, "subject")), _author(mail), body
    except Exception as error:  # `email` raises many kinds on malformed mails, also RecursionError
        raise PatchProblem(f"{name} is not a readable mail", str(error)) from error


def _header(mail: Message, name: str) -> str:
    """The undecoded header *name* in one line, at most MAX_HEADER characters; '' if absent."""
    raw = next((str(text) for key, text in mail.raw_items() if key.lower() == name), "")
    text = raw[:MAX_HEADER].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return " ".join(text.split())


def _decoded(header: str) -> str:
    return " ".join(str(make_header(decode_header(header))).split())


def _author(mail: Message) -> Author | None:
    """The sender and the date of a mail; None if it lacks one of them."""
    parsed = email.utils.parseaddr(_header(mail, "from"))
    name, address = (_UNPRINTABLE.sub(" ", _decoded(part)).strip() for part in parsed)
    try:
        sent = email.utils.parsedate_to_datetime(_header(mail, "date"))
    except (ValueError, OverflowError):
        return None
    if not address:
        return None
    offset = sent.utcoffset() or timedelta()
    if sent.tzinfo is None:  # -0000, which RFC 5322 defines as UTC
        sent = sent.replace(tzinfo=UTC)
    return Author(name or address, address, int(sent.timestamp()), offset // timedelta(minutes=1))


def _patch(name: str, message: str, diff: bytes) -> Patch | None:
    files = unified_diff.parse(diff, name)
    subject = message.partition("\n")[0].strip() or name
    return Patch(name, subject, message, files) if files else None


def _split(body: bytes) -> tuple[str, bytes]:
    """The message before the diff, and the diff; everything is the diff if none begins."""
    start = _DIFF.search(body)
    if not start:
        return "", body
    message = body[: start.start()].decode("utf-8", "replace").replace("\r\n", "\n")
    return message.strip("\n"), body[start.end() :]
