"""The texts of commits are decoded, whatever encoding their header names."""

from __future__ import annotations

from pathlib import Path

import pygit2
import pytest
from pygit2.enums import ObjectType

from bisector.git import commit_text


@pytest.mark.parametrize(
    ("encoding", "message", "encoded", "subject"),
    [
        ("", "BUG: Größe".encode(), "utf-8", "BUG: Größe"),
        ("iso-8859-1", "BUG: Größe".encode("latin-1"), "iso-8859-1", "BUG: Größe"),
        ("nonesuch", "BUG: Größe".encode(), "utf-8", "BUG: Größe"),
        ("hex", b"BUG: a", "utf-8", "BUG: a"),
        ("utf-8", b"BUG: \xff\n\nbody", "utf-8", "BUG: \N{REPLACEMENT CHARACTER}"),
    ],
)
def test_a_subject_is_read_in_its_encoding(
    tmp_path: Path, encoding: str, message: bytes, encoded: str, subject: str
) -> None:
    store = pygit2.init_repository(str(tmp_path), bare=True)
    tree = store.TreeBuilder().write()
    who = b"J <j@example.org> 1 +0000"
    lines = [b"tree %s" % str(tree).encode(), b"author " + who, b"committer " + who]
    lines += [b"encoding " + encoding.encode()] if encoding else []
    made = store.write(ObjectType.COMMIT, b"\n".join([*lines, b"", message]))
    commit = store[made].peel(pygit2.Commit)
    assert (commit_text.encoding(commit), commit_text.subject(commit)) == (encoded, subject)


def test_a_text_is_split_into_paragraphs_and_sentences() -> None:
    one, other = commit_text.paragraphs("It is\n3.0. So\nit goes.\n \nDone; (or not). [jo: no]")
    assert commit_text.sentences(one) == ["It is 3.0.", "So it goes."]
    assert commit_text.sentences(other) == ["Done;", "(or not).", "[jo: no]"]
