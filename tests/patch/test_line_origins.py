"""Who last touched the lines that commits change, without a blame; compared with one."""

from __future__ import annotations

import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pygit2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bisector.git.history import History
from bisector.patch.line_origins import OLDER, LineHistory, histories
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

TEXT = "".join(f"\tline({n});\n" for n in range(10))


def text(**lines: str) -> str:
    """TEXT with the lines l0 to l9 changed."""
    return "".join(
        lines.get(f"l{n}", line) for n, line in enumerate(TEXT.splitlines(keepends=True))
    )


@pytest.fixture
def first(clone: Clone) -> str:
    """The last commit before the range: the file is there."""
    return clone.commit({"src/a.c": TEXT})


def line_histories(
    clone: Clone, workspace: Workspace, commits: Sequence[str]
) -> dict[str, LineHistory]:
    return dict(histories(History.open(clone.path, workspace), commits))


def last(clone: Clone, workspace: Workspace, commits: Sequence[str]) -> LineHistory:
    """The line history of the last one of *commits*."""
    return line_histories(clone, workspace, commits)[commits[-1]]


def test_a_changed_line_goes_back_to_the_commit_that_touched_it_last(
    clone: Clone, workspace: Workspace, first: str
) -> None:
    one = clone.commit({"src/a.c": text(l3="3\n", l4="4\n")})
    two = clone.commit({"src/a.c": text(l0="more\n0\n", l3="3\n", l4="4\n")})  # moves the others
    fix = clone.commit({"src/a.c": text(l0="more\n0\n", l3="3\n", l4="fixed\n")})
    found = line_histories(clone, workspace, [one, two, fix])
    assert found[one] == LineHistory({OLDER: 2}, {OLDER: 6})
    assert found[two] == LineHistory({OLDER: 1}, {OLDER: 3})
    assert found[fix] == LineHistory({one: 1}, {one: 2, OLDER: 3})


def test_the_newest_commit_comes_first(clone: Clone, workspace: Workspace, first: str) -> None:
    one = clone.commit({"src/a.c": text(l1="1\n", l2="2\n")})
    two = clone.commit({"src/a.c": text(l1="1\n", l2="3\n")})
    found = last(clone, workspace, [one, two, clone.commit({"src/a.c": ""})])
    assert list(found.removed) == list(found.around) == [two, one, OLDER]


def test_a_commit_that_only_adds_lines_has_those_around(
    clone: Clone, workspace: Workspace, first: str
) -> None:
    one = clone.commit({"src/a.c": text(l3="3\n")})
    fix = clone.commit({"src/a.c": text(l3="3\nadded\n")})
    assert last(clone, workspace, [one, fix]) == LineHistory({}, {one: 1, OLDER: 3})


def test_lines_between_two_changes_count_once(
    clone: Clone, workspace: Workspace, first: str
) -> None:
    fix = clone.commit({"src/a.c": text(l3="3\n", l6="6\n")})
    assert last(clone, workspace, [fix]) == LineHistory({OLDER: 2}, {OLDER: 8})


def test_a_file_that_is_added_counts_as_its_commits_and_one_that_goes_as_removed(
    clone: Clone, workspace: Workspace, first: str
) -> None:
    added = clone.commit({"src/b.c": "1\n2\n"})
    empty = clone.commit({"src/b.c": ""})
    again = clone.commit({"src/b.c": "1\n2\n3"})
    gone = clone.commit({"src/b.c": None})
    found = line_histories(clone, workspace, [added, empty, again, gone])
    assert found[added] == found[again] == LineHistory()
    assert found[empty] == LineHistory({added: 2}, {added: 2})
    assert found[gone] == LineHistory({again: 3}, {again: 3})


def test_a_renamed_file_keeps_its_lines(clone: Clone, workspace: Workspace, first: str) -> None:
    one = clone.commit({"src/a.c": text(l3="3\n")})
    moved = clone.commit({"src/a.c": None, "src/b.c": text(l3="3\n", l9="9\n")})
    fix = clone.commit({"src/b.c": text(l3="fixed\n", l9="fixed\n")})
    found = line_histories(clone, workspace, [one, moved, fix])
    assert found[moved].removed == {OLDER: 1}
    assert found[fix].removed == {one: 1, moved: 1}


def test_lines_that_are_only_moved_or_indented_keep_their_origins(
    clone: Clone, workspace: Workspace, first: str
) -> None:
    body = "\tif (something_is(wrong))\n\t\treturn a_value_that_says_so;\n"
    one = clone.commit({"src/a.c": text(l3=body)})
    moved = clone.commit(
        {"src/a.c": TEXT, "src/b.c": "{\n" + body.replace("\t", "\t\t") + "\tnew();\n}\n"}
    )
    fix = clone.commit({"src/b.c": "{\n}\n"})
    found = line_histories(clone, workspace, [one, moved, fix])
    assert found[moved].removed == {one: 2}
    assert found[fix].removed == {one: 2, moved: 1}


def test_only_sources_that_a_build_reads_count(
    clone: Clone, workspace: Workspace, first: str
) -> None:
    names = ("doc/a.txt", "dev/a.c", "src/a.map", "Makefile")
    one = clone.commit(dict.fromkeys(names, TEXT))
    fix = clone.commit({**dict.fromkeys(names, "other\n"), "include/haproxy/x.h": ""})
    assert last(clone, workspace, [one, fix]) == LineHistory({OLDER: 1}, {OLDER: 1})


def test_a_file_with_zero_bytes_has_lines_too(
    clone: Clone, workspace: Workspace, first: str
) -> None:
    one = clone.commit({"src/a.c": "\0\n" + TEXT})
    fix = clone.commit({"src/a.c": "\0\0\n" + TEXT})
    assert last(clone, workspace, [one, fix]).removed == {one: 1}


def test_lines_that_a_merge_brings_go_back_to_the_commits_of_its_branch(
    clone: Clone, workspace: Workspace, first: str
) -> None:
    ours = clone.commit({"src/a.c": text(l1="1\n")})
    theirs = clone.commit({"src/a.c": text(l8="8\n")}, parents=[first], branch="topic")
    both = {"src/a.c": text(l1="1\n", l5="5\n", l8="8\n")}
    merge = clone.commit(both, parents=[ours, theirs])
    fix = clone.commit({"src/a.c": text(l1="", l5="", l8="")})
    found = line_histories(clone, workspace, [ours, theirs, merge, fix])
    assert found[merge].removed == {OLDER: 2}
    assert found[fix].removed == {ours: 1, merge: 1, theirs: 1}


def test_the_first_commit_of_all_has_no_history(clone: Clone, workspace: Workspace) -> None:
    first = clone.commit({"src/a.c": TEXT})
    fix = clone.commit({"src/a.c": text(l3="")})
    found = line_histories(clone, workspace, [first, fix])
    assert found == {first: LineHistory(), fix: LineHistory({first: 1}, {first: 5})}


def test_lines_of_a_version_that_the_clone_lacks_are_not_known(
    clone: Clone, workspace: Workspace, first: str
) -> None:
    lost = clone.commit({"src/a.c": text(l3="lost\n")})
    back = clone.commit({"src/a.c": text(l3="back\n")})
    fix = clone.commit({"src/a.c": text(l3="fixed\n")})
    blob = str(clone.git[lost].peel(pygit2.Tree)["src/a.c"].id)
    (clone.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    found = line_histories(clone, workspace, [lost, back, fix])
    assert found == {
        lost: LineHistory(),
        back: LineHistory(),
        fix: LineHistory({OLDER: 1}, {OLDER: 5}),
    }


def test_only_the_wanted_ones_are_given(clone: Clone, workspace: Workspace, first: str) -> None:
    one = clone.commit({"src/a.c": text(l3="3\n")})
    fix = clone.commit({"src/a.c": TEXT})
    history = History.open(clone.path, workspace)
    assert [name for name, _ in histories(history, [one, fix], {fix})] == [fix]


# without letters and digits, so that no block counts as moved
LINES = st.lists(st.sampled_from([f"{'-' * n}\n" for n in range(30)]), unique=True, max_size=20)


def blamed(clone: Clone, commit: str, since: str) -> Counter[str]:
    """The lines of src/a.c by the commit that git blames for them; OLDER for *since*."""
    words = ["git", "blame", "--root", "--porcelain", f"{commit}", "--", "src/a.c"]
    out = subprocess.run(words, cwd=clone.path, check=True, capture_output=True, text=True).stdout
    hashes = (line.split()[0] for line in out.splitlines() if line[:1] != "\t")
    names = Counter(name for name in hashes if len(name) == 40)
    return Counter({OLDER if name == since else name: n for name, n in names.items()})


@settings(max_examples=25)
@given(
    st.lists(LINES, min_size=2, max_size=6),
    st.sampled_from(["", "long comment\n" * 300]),
    st.sampled_from(["", "\n", "/* no newline */"]),
)
def test_it_says_what_git_blame_says(contents: list[list[str]], before: str, after: str) -> None:
    texts = [before + "".join(content) + after for content in contents]
    with tempfile.TemporaryDirectory() as folder:
        clone = Clone(Path(folder, "clone"))
        first = clone.commit({"src/a.c": texts[0]})
        commits, without = [], {}
        for content in texts[1:]:
            commits.append(clone.commit({"src/a.c": content}))
            without[commits[-1]] = clone.commit(
                {"src/a.c": None}, parents=[commits[-1]], branch=f"without-{len(commits)}"
            )
        workspace = Workspace(Path(folder, "workspace"))
        found = line_histories(clone, workspace, [*commits, *without.values()])
        for commit, removal in without.items():
            assert found[removal].removed == blamed(clone, commit, first)
