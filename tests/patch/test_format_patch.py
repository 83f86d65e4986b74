"""`git am` creates the same commit from a mail, byte by byte."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pygit2
import pytest
from pygit2.enums import FileMode

from bisector.errors import PatchProblem
from bisector.patch import format_patch
from tests.support.made import FIXED, MESSAGE, TEN, C, Files, Repo

BODY = "BUG/MINOR: server: count right\n\n"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo.git")


class Am:
    """A work tree in which patches are applied."""

    def __init__(self, path: Path, repo: Repo, base: str) -> None:
        self.path = path
        repo.git.references.create("refs/heads/master", base)
        subprocess.run(["git", "clone", "-q", str(repo.path), str(path)], check=True)

    def git(self, *words: str, data: bytes = b"") -> bytes:
        who = ("-c", "user.name=Jo", "-c", "user.email=jo@example.org")
        done = subprocess.run(
            ["git", *who, *words], cwd=self.path, input=data, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def head(self) -> pygit2.Commit:
        return pygit2.Repository(str(self.path)).head.peel(pygit2.Commit)


def sent(repo: Repo, tmp_path: Path, commit: str) -> pygit2.Commit:
    """The commit that `git am` creates from the mail for *commit*, on its parent."""
    found = repo.read(commit)
    work = Am(tmp_path / "work", repo, str(found.parent_ids[0]))
    work.git("am", "-q", "--keep-cr", data=format_patch.mail(repo.git, found))
    return work.head()


def change(repo: Repo, message: str | bytes = MESSAGE, *, base: Files, fixed: Files) -> str:
    return repo.commit(fixed, repo.commit(base), message=message)


@pytest.mark.parametrize(
    "message",
    [
        MESSAGE,
        "BUG/MINOR: nothing but a subject\n",
        f"{BODY}Größe — naïve\n",
        "BUG/MINOR: größer ist ein sehr langer Betreff, für den eine Zeile nicht ausreicht, nein\n",
        "BUG/MINOR: a subject that is longer than a line of a mail may be, and has no end at all\n",
        "BUG/MINOR: a subject =?UTF-8?q?in_disguise?=\n",
        f"{BODY}From here on, it is good.\n",
        f"{BODY}----\nno end\n----\n",
        f"{BODY}  indented first\n\n\ttabs\n\nparagraphs\n",
        f"{BODY}(cherry picked from commit {'1' * 40})\nSigned-off-by: Jo <jo@example.org>\n",
    ],
)
def test_git_am_creates_the_same_commit(repo: Repo, tmp_path: Path, message: str) -> None:
    commit = repo.read(change(repo, message, base={C: TEN}, fixed={C: FIXED}))
    made = sent(repo, tmp_path, str(commit.id))
    assert made.tree_id == commit.tree_id
    assert made.author == commit.author
    assert made.author.offset == commit.author.offset
    assert made.message == message


@pytest.mark.parametrize(
    ("base", "fixed"),
    [
        ({C: b"int x; // \xe9\n"}, {C: b"int y; // \xe9\xff\n"}),
        ({C: "a\nb"}, {C: "a\nc"}),
        ({C: TEN}, {C: TEN, "new/file.c": "new\n"}),
        ({C: TEN, "old.c": "old\n"}, {C: TEN}),
        ({C: TEN}, {"src/moved.c": FIXED}),
        ({C: "a\r\nb\r\n"}, {C: "a\r\nc\r\n"}),
        ({C: "-- \n--- a\n+++ b\nx\n"}, {C: "-- \n--- b\n+++ b\ny\n"}),
        ({"doc/a file.txt": "a\n"}, {"doc/a file.txt": "b\n"}),
        ({"doc/größe.txt": "a\n"}, {"doc/größe.txt": "b\n"}),
    ],
    ids=["latin1", "no newline", "new", "gone", "moved", "crlf", "dashes", "space", "utf8 name"],
)
def test_any_text_is_preserved(repo: Repo, tmp_path: Path, base: Files, fixed: Files) -> None:
    commit = repo.read(change(repo, base=base, fixed=fixed))
    assert sent(repo, tmp_path, str(commit.id)).tree_id == commit.tree_id


def test_symbolic_links_are_preserved(repo: Repo, tmp_path: Path) -> None:
    base = repo.commit({"a": "x.pem", "b": "x.pem"}, mode=FileMode.LINK)
    linked: Files = {"a": "../y.pem", "c": "z.pem"}
    commit = repo.read(repo.commit(linked, base, mode=FileMode.LINK))
    assert sent(repo, tmp_path, str(commit.id)).tree_id == commit.tree_id


@pytest.mark.parametrize("name", ["Zoë Doe", "J. R. Doe", 'Jo "J" Doe', "Doe, Jo", "山田"])
def test_any_author_name_is_preserved(repo: Repo, tmp_path: Path, name: str) -> None:
    base = repo.commit({C: TEN})
    who = pygit2.Signature(name, "who@example.org", 1_600_000_000, -210)
    tree = repo.read(repo.commit({C: FIXED})).tree_id
    commit = str(repo.git.create_commit(None, who, who, MESSAGE, tree, [base]))
    assert sent(repo, tmp_path, commit).author == who


def test_it_names_the_commit_and_the_whole_ids_of_the_blobs(repo: Repo) -> None:
    commit = repo.read(change(repo, base={C: TEN}, fixed={C: FIXED}))
    text = format_patch.mail(repo.git, commit).decode()
    before, after = (str(repo.git.create_blob(side.encode())) for side in (TEN, FIXED))
    assert text.startswith(f"From {commit.id} Mon Sep 17 00:00:00 2001\n")
    assert f"\nindex {before}..{after}\n" in text
    assert "\nSubject: [PATCH] BUG/MINOR: server: count right\n" in text


def test_mails_of_a_series_are_numbered(repo: Repo) -> None:
    commit = repo.read(change(repo, base={C: TEN}, fixed={C: FIXED}))
    assert b"\nSubject: [PATCH 2/3] BUG" in format_patch.mail(repo.git, commit, 2, 3)


def test_a_message_in_another_encoding_is_converted(repo: Repo, tmp_path: Path) -> None:
    base = repo.commit({C: TEN})
    tree = repo.read(repo.commit({C: FIXED})).tree_id
    who = repo.read(base).author
    message = f"{BODY}größer\n".encode("latin-1")
    commit = str(repo.git.create_commit(None, who, who, message, tree, [base], "latin-1"))
    assert sent(repo, tmp_path, commit).message == f"{BODY}größer\n"


@pytest.mark.parametrize(
    ("base", "fixed"),
    [
        ({"x": b"\0a"}, {"x": b"\0b", C: TEN}),
        ({C: TEN}, {"x": bytes(range(256)) * 50, C: FIXED}),
        ({C: TEN, "x": b"\0a"}, {C: TEN}),
    ],
    ids=["changed", "added", "removed"],
)
def test_git_am_takes_binary_files(repo: Repo, tmp_path: Path, base: Files, fixed: Files) -> None:
    commit = repo.read(change(repo, base=base, fixed=fixed))
    assert sent(repo, tmp_path, str(commit.id)).tree_id == commit.tree_id


def test_a_first_commit_is_refused(repo: Repo) -> None:
    with pytest.raises(PatchProblem, match="ordinary"):
        format_patch.mail(repo.git, repo.read(repo.commit({C: TEN})))


@pytest.mark.parametrize(
    "subject",
    [
        "BUG/MINOR: server: count right",
        "DOC: config: what's new in 3.0...",
        "BUG/MEDIUM: server/dns: prevent DOWN/UP flap upon resolution timeout or error",
        "größer [x] (y)",
        "BUG/MINOR: a subject that has a space exactly where it is cut off",
    ],
)
def test_the_file_name_is_the_one_that_git_gives(repo: Repo, tmp_path: Path, subject: str) -> None:
    commit = change(repo, f"{subject}\n", base={C: TEN}, fixed={C: FIXED})
    work = Am(tmp_path / "work", repo, commit)
    written = work.git("format-patch", "-1").decode().strip()
    assert format_patch.file_name(subject) == written
