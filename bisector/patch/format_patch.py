"""A commit as a mail for `git am`, in the format of `git format-patch`."""

from __future__ import annotations

import email.utils
import re
from datetime import UTC, datetime, timedelta, timezone
from email.header import Header

import pygit2
from pygit2.enums import DiffOption

from bisector import __version__
from bisector.errors import PatchProblem
from bisector.git import commit_text
from bisector.patch import load

_UNSAFE = re.compile(r"[^A-Za-z0-9_.]+")
_MAX_NAME = 63  # bytes of a file's name, as git cuts it


def mail(store: pygit2.Repository, commit: pygit2.Commit, number: int = 1, of: int = 1) -> bytes:
    """The mail for *commit*, patch *number* of a series of *of* patches, from 1.

    As with git's own mails, `git am` ends the message at a line that begins a diff (`---`,
    `diff -`). A binary file is in base 85, as `git format-patch` has it. Raises PatchProblem for a
    merge and for a commit without a parent.
    """
    diff = _diff(store, commit)
    message = commit_text.decoded(commit.raw_message, commit)
    subject, _, body = message.strip("\n").partition("\n\n")
    count = f" {number}/{of}" if of > 1 else ""
    head = [
        f"From {commit.id} Mon Sep 17 00:00:00 2001",
        f"From: {_sender(commit)}",
        f"Date: {_date(commit.author)}",
        f"Subject: [PATCH{count}] {_encoded(' '.join(subject.split(chr(10))), 'Subject')}",
    ]
    if not body.isascii() or not diff.isascii():
        head += [
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=UTF-8",
            "Content-Transfer-Encoding: 8bit",
        ]
    text = "\n".join([*head, "", *([body.strip("\n")] if body.strip() else []), "---", "", ""])
    return text.encode() + diff + f"-- \nbisector {__version__}\n\n".encode()


def _diff(store: pygit2.Repository, commit: pygit2.Commit) -> bytes:
    """What *commit* changes."""
    name = str(commit.id)[:12]
    if len(commit.parents) != 1:
        raise PatchProblem(f"{name} is no ordinary commit", "name another")
    diff = store.diff(commit.parents[0], commit, flags=DiffOption.SHOW_BINARY)
    diff.find_similar()
    parts: list[bytes] = []
    for entry in filter(None, diff):
        if entry.delta.is_binary:
            parts.append(entry.data)
        else:
            parts += (file.text for file in load.read_entry(entry, name))
    return b"".join(parts)


def file_name(subject: str, number: int = 1) -> str:
    """The file name that `git format-patch` gives to a commit with this *subject*."""
    name = _UNSAFE.sub("-", subject).strip("-.")
    return f"{number:04}-{name[: _MAX_NAME - len('0001-.patch')]}.patch"


def _sender(commit: pygit2.Commit) -> str:
    raw = (commit.author.raw_name, commit.author.raw_email)
    name, address = (commit_text.decoded(text, commit) for text in raw)
    if name.isascii() and address.isascii():
        return email.utils.formataddr((name, address))
    return f"{_encoded(name, 'From')} <{address}>"


def _encoded(text: str, header: str) -> str:
    """*text* encoded for a mail's header (RFC 2047), with continuation lines folded."""
    if text.isascii() and "=?" not in text:
        return text
    return Header(text, "utf-8", header_name=header).encode(linesep="\n")


def _date(author: pygit2.Signature) -> str:
    try:
        zone = timezone(timedelta(minutes=author.offset))
        return email.utils.format_datetime(datetime.fromtimestamp(author.time, zone))
    except (ValueError, OverflowError, OSError):  # outside the years 1 to 9999
        return email.utils.format_datetime(datetime.fromtimestamp(0, UTC))
