"""The history of a clone: revisions, ranges, releases; and that the clone is not changed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pygit2
import pytest
from pygit2.enums import ObjectType

from bisector.errors import (
    BadRange,
    DamagedRepository,
    NoSuchRevision,
    NotARepository,
    ShallowClone,
)
from bisector.git import lines
from bisector.git.history import History
from bisector.patch import relevance
from bisector.search.graph import Graph
from bisector.system.workspace import Workspace
from tests.support.clone import AUTHOR, Clone
from tests.support.files import listing


@pytest.fixture
def line(clone: Clone) -> list[str]:
    """Ten commits with releases at 0 (v2.9.0), 4 (v3.0-dev1) and 8 (v3.0.0)."""
    commits = clone.line(10)
    for number, name in {0: "v2.9.0", 4: "v3.0-dev1", 8: "v3.0.0"}.items():
        clone.tag(name, commits[number])
    return commits


@pytest.fixture
def history(clone: Clone, line: list[str], workspace: Workspace) -> History:
    return History.open(clone.path, workspace)


def git(*words: str | Path) -> None:
    subprocess.run(["git", *map(str, words)], check=True, capture_output=True)


# --- opening --------------------------------------------------------------------------------------


def test_a_folder_without_a_repository_is_refused(tmp_path: Path, workspace: Workspace) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(NotARepository, match=r"is not a git repository: .*--repo"):
            History.open(folder, workspace)


@pytest.mark.parametrize("missing", ["Makefile", "include/haproxy/x.h", "src/haproxy.c"])
def test_a_repository_of_another_program_is_refused(
    clone: Clone, workspace: Workspace, missing: str
) -> None:
    clone.commit({})
    clone.commit({missing: None})
    with pytest.raises(NotARepository, match="but not HAProxy's"):
        History.open(clone.path, workspace)


def test_an_empty_repository_is_refused(clone: Clone, workspace: Workspace) -> None:
    with pytest.raises(NotARepository, match="but not HAProxy's"):
        History.open(clone.path, workspace)


def test_one_branch_that_looks_like_haproxy_is_enough(clone: Clone, workspace: Workspace) -> None:
    clone.commit({"Makefile": None, "README": "notes\n"}, parents=[clone.commit({})])
    clone.commit({}, parents=[], branch="upstream")
    assert History.open(clone.path, workspace).resolve("upstream")


def test_a_folder_inside_the_work_tree_is_accepted(
    clone: Clone, history: History, workspace: Workspace
) -> None:
    (clone.path / "src").mkdir()
    assert History.open(clone.path / "src", workspace).path == history.path


def test_a_bare_repository_is_accepted(tmp_path: Path, workspace: Workspace) -> None:
    bare = Clone(tmp_path / "bare.git", bare=True)
    commit = bare.commit({})
    assert History.open(bare.path, workspace).resolve("master").id == commit


def test_a_linked_work_tree_is_accepted(
    clone: Clone, line: list[str], tmp_path: Path, workspace: Workspace
) -> None:
    clone.git.add_worktree("linked", str(tmp_path / "linked"))
    history = History.open(tmp_path / "linked", workspace)
    assert history.range("v2.9..master").commits == tuple(line[1:])
    assert history.tree_id(line[3])


def test_a_clone_with_alternates_is_accepted(
    clone: Clone, line: list[str], tmp_path: Path, workspace: Workspace
) -> None:
    git("clone", "--quiet", "--shared", clone.path, tmp_path / "shared")
    history = History.open(tmp_path / "shared", workspace)
    assert history.range("v2.9..").commits == tuple(line[1:])
    assert line[3] in history.store


def test_uncommitted_changes_are_detected_without_writing_anything(
    clone: Clone, history: History
) -> None:
    git("-C", clone.path, "checkout", "--quiet", "--force", "master")
    assert not history.is_dirty()
    (clone.path / "untracked").write_text("x")
    (clone.path / "Makefile").touch()  # git status would write the index for that
    before = listing(clone.path)
    assert not history.is_dirty()
    assert listing(clone.path) == before
    (clone.path / "Makefile").write_text("changed\n")
    assert history.is_dirty()


def test_a_bare_repository_is_never_dirty(tmp_path: Path, workspace: Workspace) -> None:
    bare = Clone(tmp_path / "bare.git", bare=True)
    bare.commit({})
    assert not History.open(bare.path, workspace).is_dirty()


# --- odd refs -------------------------------------------------------------------------------------

NOWHERE = "1" * 40
ODD_REFS = {
    "dangling": "ref: refs/heads/gone",
    "in a circle": "ref: refs/heads/odd",
    "to a missing object": NOWHERE,
    "damaged": "junk",
    "empty": "",
    "of a name that is none": "ref: nowhere",
}
a_kind_of_odd_ref = pytest.mark.parametrize("content", ODD_REFS.values(), ids=ODD_REFS)


def write_ref(clone: Clone, name: str, content: str) -> None:
    (clone.path / ".git" / name).write_text(f"{content}\n" if content else "")


@a_kind_of_odd_ref
def test_a_broken_branch_or_tag_is_ignored(
    clone: Clone, line: list[str], workspace: Workspace, content: str
) -> None:
    write_ref(clone, "refs/heads/odd", content)
    write_ref(clone, "refs/tags/v3.1.0", content)
    history = History.open(clone.path, workspace)
    assert history.range("v2.9..").commits == tuple(line[1:])
    assert history.tags[line[8]] == ["v3.0.0"]
    for name in ("odd", "v3.1"):
        with pytest.raises(NoSuchRevision) as refused:
            history.resolve(name)
        assert f"did you mean {name}" not in str(refused.value)


def test_tags_of_trees_and_of_blobs_are_not_releases(
    clone: Clone, line: list[str], workspace: Workspace
) -> None:
    tree = clone.git[line[0]].peel(pygit2.Tree)
    clone.git.create_tag("v3.1.0", tree.id, ObjectType.TREE, AUTHOR, "a tree")
    clone.git.create_tag("v3.2.0", tree["Makefile"].id, ObjectType.BLOB, AUTHOR, "a file")
    write_ref(clone, "refs/heads/tree", str(tree.id))
    history = History.open(clone.path, workspace)
    assert not any(map(history.knows, ("v3.1", "v3.2.0", "tree")))


@a_kind_of_odd_ref
def test_with_a_broken_head_no_commit_is_checked_out(
    clone: Clone, line: list[str], workspace: Workspace, content: str
) -> None:
    write_ref(clone, "refs/heads/odd", content)
    for head in (content, "ref: refs/heads/odd"):
        write_ref(clone, "HEAD", head)
        history = History.open(clone.path, workspace)
        assert history.range("v2.9..master").commits == tuple(line[1:])
        assert not history.is_dirty()
        with pytest.raises(NoSuchRevision, match="no commit is checked out"):
            history.head()


@pytest.mark.parametrize("file", ["packed-refs", "config", "shallow"])
def test_a_repository_that_git_cannot_read_is_refused(
    clone: Clone, line: list[str], workspace: Workspace, file: str
) -> None:
    (clone.path / ".git" / file).write_text("[junk\n\n")
    with pytest.raises(DamagedRepository, match=r"cannot be read .*git fsck"):
        History.open(clone.path, workspace)


# --- names ----------------------------------------------------------------------------------------


def test_any_name_that_git_accepts_is_resolved(history: History, line: list[str]) -> None:
    names = {"master": 9, "HEAD": 9, "v3.0.0~2": 6, "v3.0.0^{commit}": 8, "master^": 8}
    names |= {line[5]: 5, line[5][:10]: 5}
    assert {name: line.index(history.resolve(name).id) for name in names} == names


@pytest.mark.parametrize("name", ["v2.9", "2.9", "v2.9.0"])
def test_a_series_is_resolved_to_its_first_release(
    history: History, line: list[str], name: str
) -> None:
    assert history.resolve(name).id == line[0]


def test_a_branch_named_like_a_series_takes_precedence(clone: Clone, history: History) -> None:
    own = clone.commit({"x": "1"}, branch="v2.9", parents=[history.resolve("v2.9").id])
    assert history.resolve("v2.9").id == own


def test_a_branch_of_a_remote_is_found(clone: Clone, history: History, line: list[str]) -> None:
    clone.git.references.create("refs/remotes/origin/stable", line[2])
    assert history.resolve("stable").id == line[2]
    assert history.resolve("stable~2").id == line[0]


def test_a_series_without_the_v_is_a_remotes_branch_rather_than_the_tag(
    clone: Clone, history: History, line: list[str]
) -> None:
    clone.git.references.create("refs/remotes/stable/3.0", line[3])
    clone.git.references.create("refs/remotes/origin/other/3.0", line[2])
    assert history.resolve("3.0").id == line[3]
    clone.git.references.create("refs/remotes/origin/3.0", line[9])
    assert history.resolve("3.0").id == line[9]
    assert history.resolve("v3.0").id == line[8], "the tag"
    own = clone.commit({"x": "1"}, branch="3.0", parents=[line[8]])
    assert history.resolve("3.0").id == own


def test_without_origin_the_remote_branch_with_the_newest_commit_counts(
    clone: Clone, history: History, line: list[str]
) -> None:
    who = pygit2.Signature("Jo Doe", "jo@example.org", 1_800_000_000, 0)
    tree = clone.tree({"x": "1"}, line[9])
    newer = str(clone.git.create_commit(None, who, who, "MINOR: x\n", tree, [line[9]]))
    for remote, commit in {"a": line[9], "b": newer, "c": line[8]}.items():
        clone.git.references.create(f"refs/remotes/{remote}/3.0", commit)
    assert history.resolve("3.0").id == newer


def test_an_annotated_tag_is_resolved_to_its_commit(
    clone: Clone, line: list[str], workspace: Workspace
) -> None:
    clone.tag("v3.1-dev1", line[9], annotated=True)
    history = History.open(clone.path, workspace)
    assert history.resolve("v3.1-dev1").id == line[9]
    assert history.tags[line[9]] == ["v3.1-dev1"]


@pytest.mark.parametrize(
    ("name", "near"), [("mastr", "master"), ("v3.0-dev01", "v3.0-dev1"), ("v2.9.00", "v2.9.0")]
)
def test_an_unknown_name_is_refused_with_similar_names(
    history: History, name: str, near: str
) -> None:
    with pytest.raises(NoSuchRevision, match=f"no revision '{name}' .*did you mean .*{near}"):
        history.resolve(name)


@pytest.mark.parametrize("name", ["", "xyzzy", "f" * 40, "HEAD:Makefile", "HEAD^9", "a b", "@{"])
def test_an_unknown_revision_is_refused(history: History, name: str) -> None:
    assert not history.knows(name)
    with pytest.raises(NoSuchRevision):
        history.resolve(name)


def test_a_commit_has_its_subject_and_its_parents(history: History, line: list[str]) -> None:
    commit = history.commit(line[3])
    assert (commit.id, commit.parents) == (line[3], (line[2],))
    assert commit.subject == "MINOR: x: change 3"
    assert commit.short == line[3][:10]


def test_the_head_is_what_is_checked_out(clone: Clone, line: list[str], history: History) -> None:
    assert history.head().id == line[9]
    clone.git.set_head(clone.git[line[4]].id)
    assert history.head().id == line[4]
    clone.git.set_head("refs/heads/unborn")
    with pytest.raises(NoSuchRevision, match="no commit is checked out"):
        history.head()


# --- ranges ---------------------------------------------------------------------------------------


def test_a_range_has_the_commits_of_its_end_that_its_start_lacks(
    history: History, line: list[str]
) -> None:
    span = history.range("v2.9..v3.0.0")
    assert (span.old.id, span.new.id) == (line[0], line[8])
    assert span.commits == tuple(line[1:9])
    assert span.text == "v2.9..v3.0.0"


def test_a_range_without_an_end_ends_at_the_head(history: History, line: list[str]) -> None:
    assert history.range("v2.9..").new.id == line[9]


@pytest.mark.parametrize("text", ["", "master", "..", "..master", "v2.9...master", "v2.9..."])
def test_a_malformed_range_is_refused_with_an_example(history: History, text: str) -> None:
    with pytest.raises(BadRange, match=r"is not a range: write A\.\.B"):
        history.range(text)


def test_an_empty_range_is_refused(history: History) -> None:
    with pytest.raises(BadRange, match="is empty"):
        history.range("v3.0..v3.0.0")


def test_a_reversed_range_is_refused_with_the_right_order(history: History) -> None:
    with pytest.raises(BadRange, match=r"is reversed: did you mean v2\.9\.\.master\?"):
        history.range("master..v2.9")


def test_a_reversed_range_without_an_end_is_refused_with_head_as_its_start(
    clone: Clone, history: History, line: list[str]
) -> None:
    clone.git.set_head(clone.git[line[2]].id)
    with pytest.raises(BadRange, match=r"is reversed: did you mean HEAD\.\.v3\.0\?"):
        history.range("v3.0..")


def test_ends_that_diverge_are_refused_with_their_merge_base(
    clone: Clone, history: History, line: list[str]
) -> None:
    clone.commit({"x": "1"}, parents=[line[2]], branch="side")
    with pytest.raises(BadRange, match=rf"is not an ancestor.*{line[2][:10]}\.\.master"):
        history.range("side..master")


def test_a_branch_that_is_not_there_is_not_taken_for_an_empty_range(
    clone: Clone, workspace: Workspace, line: list[str]
) -> None:
    clone.tag("v3.2.0", line[2])
    history = History.open(clone.path, workspace)
    with pytest.raises(BadRange, match=r"v3\.2\.0\.\.3\.2 is empty: .*add --with 3\.2"):
        history.range("v3.2.0..3.2")
    with pytest.raises(BadRange, match=r"is empty: both ends are [0-9a-f]+$"):
        history.range(f"v3.2.0..{line[2]}")


def test_ends_without_common_history_are_refused(clone: Clone, history: History) -> None:
    clone.commit({"x": "1"}, parents=[], branch="other")
    with pytest.raises(BadRange, match="no common history"):
        history.range("other..master")


def test_an_unknown_end_is_named(history: History) -> None:
    with pytest.raises(NoSuchRevision, match="xyzzy"):
        history.range("v2.9..xyzzy")


@pytest.fixture
def merged(clone: Clone) -> list[str]:
    """0 - 1 - 3 - 4 (a merge of 3 and 2) - 5, and 2 on a branch of 0."""
    a, b = clone.line(2)
    side = clone.commit({"src/side.c": "1\n"}, parents=[a], branch="side")
    c = clone.commit({"src/main.c": "1\n"})
    merge = clone.commit({"src/side.c": "1\n"}, parents=[c, side])
    end = clone.commit({"doc/x": "1\n"})
    return [a, b, side, c, merge, end]


def test_a_range_includes_merged_branches_parents_first(
    clone: Clone, merged: list[str], workspace: Workspace
) -> None:
    a, *rest = merged
    history = History.open(clone.path, workspace)
    commits = history.range(f"{a}..master").commits
    assert sorted(commits) == sorted(rest)
    graph = history.graph(commits)
    assert isinstance(graph, Graph), "the search accepts the order"
    merge = graph.index[merged[4]]
    assert {graph.revisions[parent] for parent in graph.parents[merge]} == {merged[3], merged[2]}


def test_a_range_that_a_shallow_clone_lacks_is_refused_with_the_command_to_run(
    clone: Clone, line: list[str], tmp_path: Path, workspace: Workspace
) -> None:
    url = f"file://{clone.path}"
    git("clone", "--quiet", "--depth=2", url, tmp_path / "shallow")
    git("-C", tmp_path / "shallow", "fetch", "--quiet", "--depth=1", "origin", "tag", "v2.9.0")
    history = History.open(tmp_path / "shallow", workspace)
    with pytest.raises(ShallowClone, match="git fetch --unshallow --tags"):
        history.range("v2.9..master")


def test_the_ancestry_of_a_commit_is_all_before_it_parents_first(
    history: History, line: list[str]
) -> None:
    assert [str(commit.id) for commit in history.ancestry(line[2])] == line[:3]


def test_the_ancestry_in_a_shallow_clone_starts_where_it_does(
    clone: Clone, line: list[str], tmp_path: Path, workspace: Workspace
) -> None:
    git("clone", "--quiet", "--depth=2", f"file://{clone.path}", tmp_path / "shallow")
    history = History.open(tmp_path / "shallow", workspace)
    assert [str(commit.id) for commit in history.ancestry(line[-1])] == line[-2:]


def test_a_tag_that_a_shallow_clone_lacks_is_refused_with_the_command_to_run(
    clone: Clone, line: list[str], tmp_path: Path, workspace: Workspace
) -> None:
    git("clone", "--quiet", "--depth=2", f"file://{clone.path}", tmp_path / "shallow")
    history = History.open(tmp_path / "shallow", workspace)
    with pytest.raises(ShallowClone, match="git fetch --unshallow --tags"):
        history.range("v2.9..master")


def test_a_shallow_clone_does_not_know_a_missing_commit(
    clone: Clone, line: list[str], tmp_path: Path, workspace: Workspace
) -> None:
    """A hunt looks up the scenario's suspect, which the clone may lack."""
    git("clone", "--quiet", "--depth=2", f"file://{clone.path}", tmp_path / "shallow")
    history = History.open(tmp_path / "shallow", workspace)
    assert history.knows("master")
    assert not history.knows("64c9c8ef39")


def test_a_complete_range_of_a_shallow_clone_is_accepted(
    clone: Clone, line: list[str], tmp_path: Path, workspace: Workspace
) -> None:
    git("clone", "--quiet", "--depth=4", f"file://{clone.path}", tmp_path / "shallow")
    history = History.open(tmp_path / "shallow", workspace)
    assert history.range(f"{line[6]}..master").commits == tuple(line[7:])
    with pytest.raises(ShallowClone):
        history.commit(line[1])


# --- releases -------------------------------------------------------------------------------------


def test_only_release_tags_count(clone: Clone, line: list[str], workspace: Workspace) -> None:
    for name in ("v2.9.0", "v3.0-dev1", "v3.0.0", "v10.11.12", "v3.0-dev12"):
        clone.tag(name, line[1])
    for name in ("mine", "v3.0", "v3.0-rc1", "v3.0.0-fixed", "xv3.0.0"):
        clone.tag(name, line[2])
    clone.git.references.create("refs/tags/v9.9.9", clone.git[clone.tree({})].id)
    tags = History.open(clone.path, workspace).tags
    assert {commit: sorted(names) for commit, names in tags.items()} == {
        line[1]: ["v10.11.12", "v2.9.0", "v3.0-dev1", "v3.0-dev12", "v3.0.0"]
    }


def test_a_place_is_the_nearest_later_tag_and_the_number_of_commits_to_it(
    history: History, line: list[str]
) -> None:
    commits = history.range("v2.9..master").commits
    places = [history.place(commit, commits) for commit in line]
    assert places[1:5] == ["v3.0-dev1~3", "v3.0-dev1~2", "v3.0-dev1~1", "v3.0-dev1"]
    assert places[5:9] == ["v3.0.0~3", "v3.0.0~2", "v3.0.0~1", "v3.0.0"]
    assert places[9] == "", "no release has it yet"
    assert places[0] == "", "it is not in the range"


def test_a_place_is_a_revision_that_git_resolves(history: History, line: list[str]) -> None:
    commits = history.range("v2.9..master").commits
    for commit in commits[:8]:
        assert history.resolve(history.place(commit, commits)).id == commit


def test_a_place_on_a_merged_branch_is_right_or_empty(
    clone: Clone, merged: list[str], workspace: Workspace
) -> None:
    clone.tag("v3.0.0", merged[5])
    history = History.open(clone.path, workspace)
    commits = history.range(f"{merged[0]}..master").commits
    assert history.place(merged[3], commits) == "v3.0.0~2"
    assert history.place(merged[2], commits) == ""


def test_a_release_is_named_by_its_tag_and_another_commit_by_its_hash(
    history: History, line: list[str]
) -> None:
    assert history.release(line[4]) == "v3.0-dev1"
    assert history.release(line[5]) == line[5][:10]


# --- the clone is never written -------------------------------------------------------------------


def test_reading_the_history_writes_nothing_to_the_clone(
    clone: Clone, merged: list[str], workspace: Workspace
) -> None:
    clone.tag("v3.0.0", merged[4])
    git("-C", clone.path, "checkout", "--quiet", "--force", "master")
    before = listing(clone.path)

    history = History.open(clone.path, workspace)
    span = history.range(f"{merged[0]}..")
    history.graph(span.commits)
    relevance.of(history, span.commits, tags=["x"], hint="src/main.c")
    list(lines.older_releases(history, merged[5]))
    for commit in span.commits:
        history.place(commit, span.commits)
        history.release(commit)
        history.store.create_blob(commit.encode())
        history.store[history.tree_id(commit)]
    assert not history.knows("nonesuch")
    assert not history.is_dirty()

    assert listing(clone.path) == before


def test_the_identity_is_the_one_configured_in_the_clone(clone: Clone, history: History) -> None:
    config = clone.git.config
    config["user.name"], config["user.email"] = "Jo Doe", "jo@example.org"
    who = history.identity
    assert who is not None
    assert (who.name, who.email) == ("Jo Doe", "jo@example.org")


def test_a_tip_contains_itself_and_its_ancestors_alone(clone: Clone, history: History) -> None:
    first, second, third = clone.line(3)
    assert history.contains(third, first)
    assert history.contains(second, second)
    assert not history.contains(first, second)
