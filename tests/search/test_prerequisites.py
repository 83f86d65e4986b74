"""The smallest set of prerequisites of a fix, in simulated conflicts and in real histories."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from bisector.git.history import History
from bisector.jobs.backport.fix import Fix, Needs
from bisector.patch.cherry_pick import Picked, Picker
from bisector.patch.conflict import PickConflict, Span, changes
from bisector.patch.line_log import LineLog, spans_before
from bisector.search.prerequisites import Commits, Prerequisites, search
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

ORDER = ("a", "b", "c", "d", "e")


class World:
    """Simulated conflicts: *needs* has the prerequisites of each commit, '' being the fix itself.

    Each conflict reports the missing prerequisites together with the commits of *noise*, which
    touched the same lines but are not needed.
    """

    def __init__(self, needs: Mapping[str, str], noise: str = "") -> None:
        self.needs, self.noise = needs, noise
        self.attempts: list[Commits] = []

    def attempt(self, commits: Commits) -> Commits | None:
        self.attempts.append(commits)
        for commit in (*commits, ""):
            if missing := [c for c in self.needs.get(commit, "") if c not in commits]:
                return tuple(sorted({*missing, *self.noise} - {commit}, reverse=True))
        return None

    def search(
        self, fails: Collection[Commits] = (), *, budget: int = 300, trials: int = 6
    ) -> Prerequisites:
        return search(
            ORDER, self.attempt, lambda commits: commits not in fails, budget=budget, trials=trials
        )


def test_a_single_prerequisite_is_found() -> None:
    assert World({"": "c"}, noise="de").search().commits == ("c",)


def test_the_prerequisites_of_prerequisites_are_included_oldest_first() -> None:
    found = World({"": "d", "d": "b", "b": "a"}).search()
    assert found == Prerequisites(("a", "b", "d"), True, True, found.tried)


def test_commits_that_are_not_needed_are_left_out() -> None:
    assert World({"": "bd"}, noise="ace").search().commits == ("b", "d")


def test_sets_are_tried_by_size() -> None:
    world = World({"": "bd"}, noise="ace")
    world.search()
    sizes = [len(commits) for commits in world.attempts]
    assert sizes == sorted(sizes)


def test_the_search_is_deterministic() -> None:
    first, second = World({"": "bd"}, noise="ace"), World({"": "bd"}, noise="ace")
    assert first.search() == second.search()
    assert first.attempts == second.attempts


def test_a_set_that_applies_but_does_not_pass_is_skipped() -> None:
    class Either(World):
        def attempt(self, commits: Commits) -> Commits | None:
            self.attempts.append(commits)
            return None if set(commits) & {"b", "c"} else ("c", "b")

    found = Either({}).search(fails=[("c",)])
    assert (found.commits, found.passes) == (("b",), True)


def test_if_no_set_passes_the_first_that_applies_is_returned() -> None:
    found = World({"": "c"}).search(fails=[("c",)])
    assert (found.commits, found.passes) == (("c",), False)


def test_at_most_the_allowed_number_of_sets_is_built() -> None:
    built: list[Commits] = []

    def passes(commits: Commits) -> bool:
        built.append(commits)
        return False

    def attempt(commits: Commits) -> Commits | None:
        return None if commits else ORDER

    found = search(ORDER, attempt, passes, trials=3)
    assert built == [("a",), ("b",), ("c",)]
    assert (found.commits, found.passes) == (("a",), False)


def test_if_no_commit_touched_the_lines_there_is_no_set() -> None:
    assert search(ORDER, lambda _: (), lambda _: True) == Prerequisites(None, False, True, 1)


def test_after_the_budget_a_set_that_applies_is_reduced_and_marked_as_not_smallest() -> None:
    found = World({"": "bd", "d": "c"}, noise="ae").search(budget=3)
    assert (found.commits, found.passes, found.smallest) == (("b", "c", "d"), True, False)


def test_if_the_budget_ends_without_a_set_that_is_not_proof_of_none() -> None:
    def attempt(commits: Commits) -> Commits | None:
        return ORDER

    assert search(ORDER, attempt, lambda _: True, budget=4).smallest is False


# -- the commits that touched the lines -----------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "span", "touched", "moved"),
    [
        ("abcdef", "abcdef", Span(2, 3), False, Span(2, 3)),
        ("abcdef", "xabcdef", Span(3, 4), False, Span(2, 3)),
        ("abcdef", "abcdefx", Span(3, 4), False, Span(3, 4)),
        ("abcdef", "abXdef", Span(2, 3), True, Span(2, 3)),
        ("abcdef", "abXYdef", Span(3, 4), True, Span(2, 3)),
        ("abcdef", "abdef", Span(2, 2), True, Span(2, 3)),
        ("abcdef", "Xdef", Span(0, 1), True, Span(0, 3)),
    ],
)
def test_lines_are_followed_back_through_a_change(
    old: str, new: str, span: Span, touched: bool, moved: Span
) -> None:
    old_text, new_text = ("".join(f"{line}\n" for line in text).encode() for text in (old, new))
    assert spans_before(changes(old_text, new_text), [span]) == (touched, [moved])


C = "src/server.c"
BASE = "".join(f"line {number}\n" for number in range(1, 21))


def changed(text: str, *lines: int, to: str) -> str:
    for line in lines:
        text = text.replace(f"line {line}\n", f"line {line} {to}\n")
    return text


class BranchedClone:
    """A clone with a branch `old` at its first commit, and further commits on the mainline."""

    def __init__(self, clone: Clone, workspace: Workspace) -> None:
        self.clone, self.workspace = clone, workspace
        self.text = BASE
        self.root = clone.commit({C: BASE})
        clone.git.references.create("refs/heads/old", self.root)

    def change(self, *lines: int, to: str, also: Mapping[str, str] | None = None) -> str:
        """A commit on the mainline that changes *lines*."""
        self.text = changed(self.text, *lines, to=to)
        return self.clone.commit({C: self.text, **(also or {})}, subject=f"MINOR: x: {to}")

    def replace(self, text: str, to: str) -> str:
        """A commit on the mainline that replaces each occurrence of a text."""
        self.text = self.text.replace(text, to)
        return self.clone.commit({C: self.text}, subject=f"MINOR: x: {to}")

    def needs(self, fix: str, tip: str | None = None) -> tuple[Needs, Picked | PickConflict]:
        history = History.open(self.clone.path, self.workspace)
        picker, found = Picker(history.store, None), Fix.find(fix, history)
        onto = tip or self.root
        return Needs.of(history, picker, found, onto), found.onto(picker, (), onto)

    def found(self, fix: str, tip: str | None = None) -> Prerequisites:
        needs, alone = self.needs(fix, tip)
        assert isinstance(alone, PickConflict)
        return needs.search(lambda _: True)


@pytest.fixture
def branched(clone: Clone, workspace: Workspace) -> BranchedClone:
    return BranchedClone(clone, workspace)


def test_the_commit_that_wrote_the_lines_is_found_among_others(branched: BranchedClone) -> None:
    branched.change(2, to="elsewhere")
    needed = branched.change(10, to="first")
    branched.change(18, to="elsewhere, too")
    fix = branched.replace("line 10 first", "line 10 second")
    assert branched.found(fix).commits == (needed,)


def test_a_chain_of_prerequisites_is_found_in_order(branched: BranchedClone) -> None:
    first = branched.change(10, to="one")
    second = branched.replace("line 10 one", "line 10 two")
    branched.change(3, to="elsewhere")
    fix = branched.replace("line 10 two", "line 10 three")
    assert branched.found(fix).commits == (first, second)


def test_a_commit_that_only_removed_lines_is_found(branched: BranchedClone) -> None:
    needed = branched.replace("line 10\n", "")
    fix = branched.replace("line 9\nline 11\n", "line 9\nnew\nline 11\n")
    assert branched.found(fix).commits == (needed,)


def test_the_commit_that_added_the_file_is_found(branched: BranchedClone) -> None:
    needed = branched.clone.commit({"src/new.c": "one\ntwo\nthree\n"})
    fix = branched.clone.commit({"src/new.c": "one\nTWO\nthree\n"})
    assert branched.found(fix).commits == (needed,)


def test_with_the_prerequisites_the_fix_applies(branched: BranchedClone) -> None:
    branched.change(10, to="one")
    fix = branched.replace("line 10 one", "line 10 two")
    needs, _ = branched.needs(fix)
    result = needs.picked(needs.search(lambda _: True))
    assert isinstance(result, Picked)
    assert len(result.commits) == 2


def test_a_conflict_with_the_branch_s_own_change_has_none(branched: BranchedClone) -> None:
    own = branched.clone.commit(
        {C: changed(BASE, 10, to="own")}, parents=[branched.root], branch="old"
    )
    fix = branched.change(10, to="mainline")
    assert branched.found(fix, own).commits is None


def test_a_commit_already_picked_to_the_branch_is_no_prerequisite(branched: BranchedClone) -> None:
    original = branched.change(10, to="one")
    picked = branched.clone.commit(
        {C: changed(BASE, 10, to="one, adapted")},
        subject=f"MINOR: x: one\n\n(cherry picked from commit {original})",
        parents=[branched.root],
        branch="old",
    )
    fix = branched.replace("line 10 one", "line 10 two")
    assert branched.found(fix, picked).commits is None


def test_prerequisites_of_a_patch_file_are_found_from_its_base(
    branched: BranchedClone, tmp_path: Path
) -> None:
    from bisector.patch import format_patch

    needed = branched.change(10, to="one")
    fix = branched.replace("line 10 one", "line 10 two")
    commit = branched.clone.git[fix]
    patch = tmp_path / "fix.patch"
    patch.write_bytes(format_patch.mail(branched.clone.git, commit))  # type: ignore[arg-type]
    branched.replace("line 10 two", "line 10 three")
    assert branched.found(str(patch)).commits == (needed,)


def test_a_merge_is_no_prerequisite(branched: BranchedClone) -> None:
    side = branched.clone.commit({"f": "x\n"}, parents=[branched.root], branch="side")
    needed = branched.change(10, to="one")
    branched.clone.commit({}, parents=[needed, side], subject="MERGE")
    fix = branched.replace("line 10 one", "line 10 two")
    assert branched.found(fix).commits == (needed,)


def test_a_line_log_is_limited_to_its_commits(branched: BranchedClone) -> None:
    first = branched.change(10, to="one")
    second = branched.replace("line 10 one", "line 10 two")
    fix = branched.replace("line 10 two", "line 10 three")
    _, alone = branched.needs(fix)
    assert isinstance(alone, PickConflict)
    history = History.open(branched.clone.path, branched.workspace)
    (file_conflict,) = alone.files
    assert LineLog(history, [first, second]).commits_changing(file_conflict) == (second, first)
    assert LineLog(history, [second]).commits_changing(file_conflict) == (second,)
    assert LineLog(history, []).commits_changing(file_conflict) == ()
