"""Reading unified diffs, and refusing what is malformed or leads elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from bisector.errors import PatchProblem
from bisector.patch.hunks import FileDiff
from bisector.patch.unified_diff import parse
from tests.support.diffs import CHANGED, GIT, HEAD, TEN, diff, only, texts


@given(texts, texts)
def test_a_written_diff_parses_to_the_same_change(old: bytes, new: bytes) -> None:
    for file in parse(diff(old, new), "fix"):
        for change in (file, file.reversed):
            assert parse(change.text, "fix") == (change,)


def test_the_function_of_a_hunk_is_known() -> None:
    section = b"int snr_resolution_cb(struct server *s, int n)"
    (hunk,) = only(HEAD + b"@@ -1 +1 @@ " + section + b"\n-a\n+b\n").hunks
    assert hunk.function == "snr_resolution_cb"
    assert hunk.header == "@@ -1,1 +1,1 @@ int snr_resolution_cb(struct server *s, int n)"
    assert replace(hunk, section="struct server {").function == ""


def test_text_around_the_diff_is_skipped() -> None:
    change = diff(TEN, CHANGED)
    around = (
        b" f.c | 2 +-\n 1 file changed\n\n"
        + change
        + b"-- \n2.39.5\n\n"
        + change
        + b"\n_____\nlist\n"
    )
    assert parse(around, "fix") == parse(change, "fix") * 2


def test_an_empty_patch_has_no_change() -> None:
    assert parse(b"", "fix") == parse(b"Dear all,\n\nplease see below.\n", "fix") == ()


def test_stripped_trailing_spaces_of_empty_context_are_restored() -> None:
    old = b"a\n\nb\n"
    text = diff(old, b"a\n\nc\n")
    assert b"\n \n" in text
    assert parse(text.replace(b"\n \n", b"\n\n"), "fix") == parse(text, "fix")


def test_cr_lf_in_all_lines_is_converted() -> None:
    text = diff(TEN, CHANGED)
    assert parse(text.replace(b"\n", b"\r\n"), "fix") == parse(text, "fix")


def test_mixed_line_ends_are_refused() -> None:
    text = diff(TEN, CHANGED).replace(b"f.c\n", b"f.c\r\n")
    with pytest.raises(PatchProblem, match=r"some lines end in CR LF, others do not: .*dos2unix"):
        parse(text, "fix")


LINK = GIT + b"index 1234567..89abcde 120000\n--- a/f.c\n+++ b/f.c\n"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (HEAD + b"@@ -1,3 +1,3 @@\n a\n-b\n+B\n", "line 7: the hunk has fewer lines"),
        (HEAD + b"@@ -1,2 +1,2 @@\n a\n-b\n+B\n c\n", "line 7: the hunk has more lines"),
        (HEAD + b"@@ -1,2 +1,2 @@\n a\n-b\n+B\n-c\n", "line 7: the hunk has more lines"),
        (HEAD + b"@@ -1,2 +1 @@\n a\n b\n", "do not match its header"),
        (HEAD + b"@@ -1 +1 @@\n a\n", "changes nothing"),
        (HEAD + b"@@ -1,2 +1,2 @@\n-a\n\\ No newline\n-b\n+A\n+B\n", "do not match its header"),
        (HEAD + b"@@ -1 +1 @@\n-a\n+b", "fewer lines"),
        (HEAD + b"@@ -x +1 @@\n-a\n+b\n", "not the header of a hunk"),
        (HEAD + b"oops\n", "has no hunk"),
        (b"@@ -1 +1 @@\n-a\n+b\n", "line 1: a hunk without the name of its file"),
        (b"--- a/f.c\n+++ b/g.c\n@@ -1 +1 @@\n-a\n+b\n", "two names of the file: f.c and g.c"),
        (GIT + b"--- a/f.c\n+++ b/g.c\n@@ -1 +1 @@\n-a\n+b\n", "two names of the file: f.c"),
        (GIT, "nothing is changed in f.c"),
        (GIT + b"old mode 100644\n", "only one of the file's two modes"),
        (GIT + b"new file mode 160000\n", "neither a file nor a symbolic link"),
        (LINK + b"@@ -1 +1 @@\n-a\n+b\n", "becomes a malformed symbolic link"),
        (LINK + b"@@ -1 +1 @@\n-a\n\\ No\n+b\0\n\\ No\n", "a malformed symbolic link"),
        (LINK + b"@@ -1 +1 @@\n-a\n\\ No\n+\xff\n\\ No\n", "a malformed symbolic link"),
        (GIT + b"new file mode 120000\n", "a malformed symbolic link"),
        (GIT + b"old mode 100644\nnew mode 120000\n", "a malformed symbolic link"),
        (GIT + b"index 123..456\nBinary files a/f.c and b/f.c differ\n", "a binary change"),
        (GIT + b"GIT binary patch\nliteral 1\n", "a binary change"),
        (b"Binary files a/x and b/x differ\n", "a binary change"),
        (b"diff --cc f.c\n", "a merge's combined diff"),
        (b"diff --git a/f.c b/g.c\ncopy from f.c\ncopy to g.c\n", "a copied file"),
    ],
)
def test_a_malformed_patch_is_refused_with_its_place(text: bytes, what: str) -> None:
    with pytest.raises(PatchProblem, match=f"^fix, .*{what}.*: .+") as caught:
        parse(text, "fix")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        b"a/../../etc/passwd",
        b"../f.c",
        b"/etc/passwd",
        b"a//etc/passwd",
        b"a/src/./f.c",
        b"a/.git/config",
        b"a/sub/.GIT/hooks/pre-commit",
        b'"a/\\056\\056/f.c"',
        b'"a/f\\n.c"',
        b"f.c",
        b"a/\xff.c",
    ],
)
def test_a_path_outside_the_tree_is_refused(name: bytes) -> None:
    for text in (
        b"--- " + name + b"\n+++ " + name + b"\n@@ -1 +1 @@\n-a\n+b\n",
        b"--- /dev/null\n+++ " + name + b"\n@@ -0,0 +1 @@\n+b\n",
        GIT + b"rename from f.c\nrename to " + name.removeprefix(b"a/") + b"\n",
    ):
        if name == b"f.c" and text.startswith(GIT):
            continue  # names in these lines have no a/
        with pytest.raises(PatchProblem, match="fix, line"):
            parse(text, "fix")


def test_the_names_of_files_are_right() -> None:
    hunk = b"@@ -1 +1 @@\n-a\n+b\n"
    assert (
        only(b"--- old/src/f.c\t2024-05-01\n+++ new/src/f.c\t2024-05-02\n" + hunk).path == "src/f.c"
    )
    assert only(b"--- a/my file.c\t\n+++ b/my file.c\t\n" + hunk).path == "my file.c"
    assert only(b'--- "a/\\303\\251.c"\n+++ "b/\\303\\251.c"\n' + hunk).path == "é.c"
    assert only(b"diff --git src/f.c src/f.c\n--- src/f.c\n+++ src/f.c\n" + hunk).path == "src/f.c"
    mode = b"diff --git a/my a b/my a\nold mode 100644\nnew mode 100755\n"
    assert only(mode) == FileDiff("my a", "my a", 0o100644, 0o100755)


def test_creation_deletion_and_rename_are_read() -> None:
    created = (
        GIT + b"new file mode 100755\nindex 0000000..1234567\n" + b"--- /dev/null\n+++ b/f.c\n"
    )
    assert only(created + b"@@ -0,0 +1 @@\n+b\n").old_path is None
    assert only(created + b"@@ -0,0 +1 @@\n+b\n").old_id == ""
    deleted = GIT + b"deleted file mode 100644\n--- a/f.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-b\n"
    assert only(deleted).new_path is None
    renamed = b"diff --git a/f.c b/g.c\nsimilarity index 100%\nrename from f.c\nrename to g.c\n"
    assert only(renamed) == FileDiff("f.c", "g.c")
    # diff -N names a file on both sides
    assert only(HEAD + b"@@ -0,0 +1 @@\n+b\n").old_path is None
    assert only(HEAD + b"@@ -1 +0,0 @@\n-b\n").new_path is None
