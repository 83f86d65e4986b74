"""Reading patches: mails, plain diffs, folders, commits, and those that come with bisector."""

from __future__ import annotations

import base64
import quopri
import subprocess
from pathlib import Path

import pygit2
import pytest

from bisector.errors import PatchProblem
from bisector.patch import load, model
from bisector.patch.model import Patch
from tests.support.patches import CURED, OLD, C, Repo

BUNDLED = Path(__file__).parents[2] / "patches"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


# --- loading

DIFF = f"""\
diff --git a/{C} b/{C}
index 1111111..2222222 100644
--- a/{C}
+++ b/{C}
@@ -8,7 +8,8 @@ int down(struct server *s)
 \tstruct addr addr;
 
 \tlog(s);
-\tclear(&addr);
+\tload(s, &addr);
+\tclear(&addr.ip);
 \tset(s, &addr);
 \treturn 1;
 }}
"""


def mail(subject: str, text: str = DIFF, extra: str = "") -> str:
    return f"""\
From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001
From: =?UTF-8?q?J=C3=B6?= <jo@example.org>
Date: Fri, 24 May 2024 13:55:41 +0200
Subject: {subject}
{extra}
Since --- yesterday, ports get lost.

From now on they don't.
---
 {C} | 3 ++-
 1 file changed

{text}-- 
2.39.5

"""


def read_patches(tmp_path: Path, content: str | bytes) -> tuple[Patch, ...]:
    source = tmp_path / "fix.patch"
    source.write_bytes(content.encode() if isinstance(content, str) else content)
    return load.load(source).patches


def test_a_mail_is_read(tmp_path: Path, repo: Repo) -> None:
    (patch,) = read_patches(tmp_path, mail("[PATCH 1/2] BUG/MEDIUM: server: keep\n the port"))
    assert patch.name == "fix"
    assert patch.subject == "BUG/MEDIUM: server: keep the port"
    assert patch.message.splitlines()[0] == patch.subject
    assert patch.message.endswith("\n\nFrom now on they don't.")
    assert patch.touched == {C}
    assert patch.functions == {"down"}
    assert repo.after({C: OLD}, patch) == ("exact", None, {C: CURED})


def test_a_mailbox_of_three_is_read(tmp_path: Path) -> None:
    cover = mail("[PATCH 0/3] keep ports", text="")
    box = cover + "".join(mail(f"[PATCH v2 {n}/3] MINOR: part {n}") for n in (1, 2, 3))
    found = read_patches(tmp_path, box)
    assert [patch.subject for patch in found] == [f"MINOR: part {n}" for n in (1, 2, 3)]
    assert [patch.name for patch in found] == ["fix#2", "fix#3", "fix#4"]


def test_a_mail_of_a_discussion_is_not_a_patch(tmp_path: Path) -> None:
    quoted = "".join(f"> {line}\n" for line in DIFF.splitlines())
    found = read_patches(
        tmp_path, mail("[PATCH] MINOR: it") + mail("Re: [PATCH] MINOR: it", quoted)
    )
    assert [patch.subject for patch in found] == ["MINOR: it"]


def test_a_mail_that_lost_its_diff_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PatchProblem, match="'MINOR: two' has no diff"):
        read_patches(tmp_path, mail("[PATCH 1/2] MINOR: one") + mail("[PATCH 2/2] MINOR: two", ""))


def test_the_transfer_encodings_of_mail_are_decoded(tmp_path: Path) -> None:
    (plain,) = read_patches(tmp_path, mail("[PATCH] BUG: x"))
    head, _, body = mail("[PATCH] BUG: x").partition("\n\n")
    coded = {
        "quoted-printable": quopri.encodestring(body.encode()),
        "base64": base64.encodebytes(body.replace("\n", "\r\n").encode()),
    }
    for encoding, text in coded.items():
        header = f"{head}\nContent-Type: text/plain; charset=utf-8\n"
        header += f"Content-Transfer-Encoding: {encoding}\n\n"
        assert read_patches(tmp_path, header.encode() + text) == (plain,)
    assert read_patches(tmp_path, mail("[PATCH] BUG: x").replace("\n", "\r\n")) == (plain,)


def test_an_attachment_is_read(tmp_path: Path) -> None:
    parts = f"""\
Subject: please apply
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="xx"

--xx
Content-Type: text/plain

Hello.
--xx
Content-Type: application/octet-stream
Content-Disposition: attachment; filename="0001-fix.patch"

{DIFF}
--xx--
"""
    (patch,) = read_patches(tmp_path, parts)
    assert patch.subject == "please apply"
    assert len(patch.hunks) == 1


def test_a_plain_diff_is_read(tmp_path: Path) -> None:
    (patch,) = read_patches(tmp_path, DIFF)
    assert (patch.name, patch.subject, patch.message) == ("fix", "fix", "")
    (patch,) = read_patches(
        tmp_path, f"commit 1234\nAuthor: Jo\n\n    BUG: x\n    \n    Why.\n\n{DIFF}"
    )
    assert (patch.subject, patch.message) == ("BUG: x", "BUG: x\n\nWhy.")


def test_a_file_that_is_listed_twice_is_changed_twice(tmp_path: Path, repo: Repo) -> None:
    again = (
        DIFF.split("@@", 1)[0]
        + """\
@@ -9,7 +9,7 @@ int down(struct server *s)
 
 \tlog(s);
 \tload(s, &addr);
-\tclear(&addr.ip);
+\twipe(&addr.ip);
 \tset(s, &addr);
 \treturn 1;
 }
"""
    )
    (patch,) = read_patches(tmp_path, DIFF + again)
    wiped = {C: CURED.replace(b"clear", b"wipe")}
    assert repo.after({C: OLD}, patch) == ("exact", None, wiped)
    assert repo.after(wiped, model.reverse(patch)) == ("exact", None, {C: OLD})


@pytest.mark.parametrize("content", ["", "\n", "Hello,\nplease fix it.\n", "From: me\n\nhello\n"])
def test_a_file_without_a_patch_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(PatchProblem, match="holds no patch: give a file that 'git format-patch'"):
        read_patches(tmp_path, content)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PatchProblem, match=r"cannot read the patch .*/none.patch: No such file"):
        load.load(tmp_path / "none.patch")


def test_a_broken_patch_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(PatchProblem, match=r"^fix, line"):
        read_patches(tmp_path, DIFF.replace("-8,7", "-8,9"))


def folder(path: Path, *names: str) -> Path:
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(mail(f"[PATCH] MINOR: {Path(name).stem}"))
    return path


def test_a_folder_is_a_series_with_variants(tmp_path: Path) -> None:
    folder(tmp_path, "0002-b.patch", "0001-a.patch", "README")
    folder(tmp_path, "variants/old/0002-b2.patch", "variants/ancient/0002-b1.patch")
    series = load.load(tmp_path)
    assert [patch.name for patch in series.patches] == ["0001-a", "0002-b"]
    assert series.patches[0].variants == ()
    assert [form.variant for form in series.patches[1].forms] == [None, "ancient", "old"]


def test_a_patch_of_a_series_keeps_its_variants_when_it_comes_alone(tmp_path: Path) -> None:
    folder(tmp_path, "0001-a.patch", "0002-b.patch", "variants/old/0002-b1.patch")
    (second,) = load.load(tmp_path / "0002-b.patch").patches
    assert [form.variant for form in second.forms] == [None, "old"]
    (first,) = load.load(tmp_path / "0001-a.patch").patches
    assert first.variants == ()


@pytest.mark.parametrize(
    ("names", "what"),
    [
        ([], "no patch in the folder"),
        (["README"], "no patch in the folder"),
        (["fix.patch"], "has no number"),
        (["0001-a.patch", "0001-b.patch"], "0001 is there twice"),
        (["0001-a.patch", "variants/old/0002-b.patch"], "is not a variant of any patch"),
    ],
)
def test_a_folder_with_wrong_names_is_refused(tmp_path: Path, names: list[str], what: str) -> None:
    with pytest.raises(PatchProblem, match=what):
        load.load(folder(tmp_path, *names))


def test_a_numbered_file_holds_one_patch(tmp_path: Path) -> None:
    (tmp_path / "0001-a.patch").write_text(mail("[PATCH] one") + mail("[PATCH] two"))
    with pytest.raises(PatchProblem, match="holds 2 patches"):
        load.load(tmp_path)


def test_a_commit_is_a_patch(repo: Repo) -> None:
    first = repo.commit({C: OLD})
    commit = repo.commit({C: CURED}, first, message="BUG: server: x\n\nWhy.\n")
    patch = load.from_commit(repo.git, commit)
    assert (patch.subject, patch.message) == ("BUG: server: x", "BUG: server: x\n\nWhy.")
    assert patch.files[0].new_id == str(pygit2.hash(CURED))
    assert repo.after({}, load.from_commit(repo.git, first)) == ("exact", None, {C: OLD})


def test_merges_and_empty_and_binary_commits_are_refused(repo: Repo) -> None:
    first, other = repo.commit({C: OLD}), repo.commit({C: CURED})
    for files, parents, what in (
        ({C: OLD}, (first, other), "is a merge"),
        ({C: OLD}, (first,), "changes nothing"),
        ({C: OLD, "x": b"\0\1"}, (first,), "a binary change"),
    ):
        with pytest.raises(PatchProblem, match=what):
            load.from_commit(repo.git, repo.commit(files, *parents))


# --- the patches that come with bisector


@pytest.mark.parametrize("case", sorted(path.name for path in BUNDLED.iterdir()))
def test_bundled_patches_are_well_formed(case: str) -> None:
    series = load.load(BUNDLED / case)
    assert series.patches
    for patch in series.patches:
        for form in patch.forms:
            assert form.subject.startswith(("BUG/", "BUILD: ", "MINOR: ")), form.subject
            assert form.subject == patch.subject
            assert len(form.hunks) == len(patch.hunks)
            assert all(hunk.function for hunk in form.hunks)
            assert all(len(file.old_id) == len(file.new_id) == 40 for file in form.files)
        assert model.reverse(model.reverse(patch)).digest == patch.digest


def test_the_dns_flap_series_changes_the_dns_callbacks() -> None:
    first, second = load.load(BUNDLED / "dns-flap").patches
    callbacks = {"snr_resolution_cb", "snr_resolution_error_cb"}
    assert first.functions == {*callbacks, "resolv_srvrq_cleanup_srv"}
    assert second.functions == callbacks
    for patch, added in ((first, b"server_get_inetaddr(s, &"), (second, b".family = AF_UNSPEC;")):
        for form in patch.forms:
            in_server = [hunk for hunk in form.hunks if hunk.function in callbacks]
            assert [sum(added in line for line in hunk.new) for hunk in in_server] == [1, 1, 1]


def test_git_reads_the_bundled_patches_as_bisector_does() -> None:
    for path in sorted(BUNDLED.rglob("*.patch")):
        (patch,) = load.load(path).patches
        said = subprocess.run(
            ["git", "apply", "--numstat", str(path)], capture_output=True, text=True, check=True
        ).stdout.split("\n")
        for file, line in zip(patch.files, said, strict=False):
            added = sum(line.startswith(b"+") for hunk in file.hunks for line in hunk.lines)
            assert line.split("\t")[::2] == [str(added), file.path]
