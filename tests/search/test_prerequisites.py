"""What a fix needs first: the smallest set, in made histories and in made-up ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from bisector.git.history import History
from bisector.jobs.backport.fix import Fix, Needs
from bisector.patch.cherry_pick import Picked, Picker
from bisector.patch.conflict import Conflict, Span, changes
from bisector.patch.line_log import LineLog, before
from bisector.search.prerequisites import Commits, Prerequisites, search
from bisector.system.workspace import Workspace
from tests.conftest import Clone

ORDER = ("a", "b", "c", "d", "e")


class World:
    """A fix, *needs* by commit ('' is the fix itself), and what touches the lines of each clash.

    A clash on a commit that is needed shows that commit, and *noise* that only looks like it.
    """

    def __init__(self, needs: Mapping[str, str], noise: str = "") -> None:
        self.needs, self.noise = needs, noise
        self.asked: list[Commits] = []

    def attempt(self, commits: Commits) -> Commits | None:
        self.asked.append(commits)
        for commit in (*commits, ""):
            if lacking := [c for c in self.needs.get(commit, "") if c not in commits]:
                return tuple(sorted({*lacking, *self.noise} - {commit}, reverse=True))
        return None

    def search(
        self, fails: Collection[Commits] = (), *, budget: int = 300, trials: int = 6
    ) -> Prerequisites:
        return search(
            ORDER, self.attempt, lambda done: done not in fails, budget=budget, trials=trials
        )


def test_one_commit_is_enough_where_one_is() -> None:
    assert World({"": "c"}, noise="de").search().commits == ("c",)


def test_what_a_prerequisite_needs_itself_comes_along_oldest_first() -> None:
    found = World({"": "d", "d": "b", "b": "a"}).search()
    assert found == Prerequisites(("a", "b", "d"), True, True, found.tried)


def test_noise_is_left_out() -> None:
    assert World({"": "bd"}, noise="ace").search().commits == ("b", "d")


def test_sets_are_tried_by_size() -> None:
    world = World({"": "bd"}, noise="ace")
    world.search()
    sizes = [len(commits) for commits in world.asked]
    assert sizes == sorted(sizes)


def test_the_same_question_is_answered_in_the_same_way() -> None:
    first, second = World({"": "bd"}, noise="ace"), World({"": "bd"}, noise="ace")
    assert first.search() == second.search()
    assert first.asked == second.asked


def test_a_set_that_applies_but_does_not_pass_is_passed_over() -> None:
    class Either(World):
        def attempt(self, commits: Commits) -> Commits | None:
            self.asked.append(commits)
            return None if set(commits) & {"b", "c"} else ("c", "b")

    found = Either({}).search(fails=[("c",)])
    assert (found.commits, found.passes) == (("b",), True)


def test_where_none_passes_the_first_that_applies_is_told() -> None:
    found = World({"": "c"}).search(fails=[("c",)])
    assert (found.commits, found.passes) == (("c",), False)


def test_no_more_sets_are_built_than_allowed() -> None:
    built: list[Commits] = []

    def passes(commits: Commits) -> bool:
        built.append(commits)
        return False

    def attempt(commits: Commits) -> Commits | None:
        return None if commits else ORDER

    found = search(ORDER, attempt, passes, trials=3)
    assert built == [("a",), ("b",), ("c",)]
    assert (found.commits, found.passes) == (("a",), False)


def test_where_nobody_touched_the_lines_there_is_no_set() -> None:
    assert search(ORDER, lambda _: (), lambda _: True) == Prerequisites(None, False, True, 1)


def test_when_the_budget_ends_a_set_that_does_is_thinned_out_and_that_is_said() -> None:
    found = World({"": "bd", "d": "c"}, noise="ae").search(budget=3)
    assert (found.commits, found.passes, found.smallest) == (("b", "c", "d"), True, False)


def test_when_the_budget_ends_without_one_that_is_not_taken_for_none() -> None:
    def attempt(commits: Commits) -> Commits | None:
        return ORDER

    assert search(ORDER, attempt, lambda _: True, budget=4).smallest is False


# -- whose lines they are -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "span", "met", "moved"),
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
    old: str, new: str, span: Span, met: bool, moved: Span
) -> None:
    was, now = ("".join(f"{line}\n" for line in text).encode() for text in (old, new))
    assert before(changes(was, now), [span]) == (met, [moved])


C = "src/server.c"
BASE = "".join(f"line {number}\n" for number in range(1, 21))


def changed(text: str, *lines: int, to: str) -> str:
    for line in lines:
        text = text.replace(f"line {line}\n", f"line {line} {to}\n")
    return text


class Ground:
    """A clone with a branch `old` at its first commit, and a mainline that goes on."""

    def __init__(self, clone: Clone, workspace: Workspace) -> None:
        self.clone, self.workspace = clone, workspace
        self.text = BASE
        self.root = clone.commit({C: BASE})
        clone.git.references.create("refs/heads/old", self.root)

    def step(self, *lines: int, to: str, also: Mapping[str, str] | None = None) -> str:
        """A commit on the mainline that changes *lines*."""
        self.text = changed(self.text, *lines, to=to)
        return self.clone.commit({C: self.text, **(also or {})}, subject=f"MINOR: x: {to}")

    def over(self, was: str, to: str) -> str:
        """A commit that changes a word wherever it is."""
        self.text = self.text.replace(was, to)
        return self.clone.commit({C: self.text}, subject=f"MINOR: x: {to}")

    def needs(self, fix: str, tip: str | None = None) -> tuple[Needs, Picked | Conflict]:
        history = History.open(self.clone.path, self.workspace)
        picker, what = Picker(history.store, None), Fix.find(fix, history)
        onto = tip or self.root
        return Needs(history, picker, what, onto), what.onto(picker, (), onto)

    def found(self, fix: str, tip: str | None = None) -> Prerequisites:
        needs, alone = self.needs(fix, tip)
        assert isinstance(alone, Conflict)
        return needs.search(lambda _: True)


@pytest.fixture
def ground(clone: Clone, workspace: Workspace) -> Ground:
    return Ground(clone, workspace)


def test_the_commit_that_made_the_lines_is_found_among_others(ground: Ground) -> None:
    ground.step(2, to="elsewhere")
    needed = ground.step(10, to="first")
    ground.step(18, to="elsewhere, too")
    fix = ground.over("line 10 first", "line 10 second")
    assert ground.found(fix).commits == (needed,)


def test_a_chain_is_found_in_order(ground: Ground) -> None:
    one = ground.step(10, to="one")
    two = ground.over("line 10 one", "line 10 two")
    ground.step(3, to="elsewhere")
    fix = ground.over("line 10 two", "line 10 three")
    assert ground.found(fix).commits == (one, two)


def test_a_commit_that_only_removed_lines_is_found(ground: Ground) -> None:
    needed = ground.over("line 10\n", "")
    fix = ground.over("line 9\nline 11\n", "line 9\nnew\nline 11\n")
    assert ground.found(fix).commits == (needed,)


def test_the_commit_that_brought_the_file_is_found(ground: Ground) -> None:
    needed = ground.clone.commit({"src/new.c": "one\ntwo\nthree\n"})
    fix = ground.clone.commit({"src/new.c": "one\nTWO\nthree\n"})
    assert ground.found(fix).commits == (needed,)


def test_with_what_was_found_the_fix_applies(ground: Ground) -> None:
    ground.step(10, to="one")
    fix = ground.over("line 10 one", "line 10 two")
    needs, _ = ground.needs(fix)
    done = needs.picked(needs.search(lambda _: True))
    assert isinstance(done, Picked)
    assert len(done.commits) == 2


def test_what_the_branch_changed_by_itself_has_no_prerequisite(ground: Ground) -> None:
    mine = ground.clone.commit(
        {C: changed(BASE, 10, to="mine")}, parents=[ground.root], branch="old"
    )
    fix = ground.step(10, to="theirs")
    assert ground.found(fix, mine).commits is None


def test_what_was_picked_to_the_branch_already_is_not_asked_for_again(ground: Ground) -> None:
    one = ground.step(10, to="one")
    picked = ground.clone.commit(
        {C: changed(BASE, 10, to="one, adapted")},
        subject=f"MINOR: x: one\n\n(cherry picked from commit {one})",
        parents=[ground.root],
        branch="old",
    )
    fix = ground.over("line 10 one", "line 10 two")
    assert ground.found(fix, picked).commits is None


def test_a_patch_file_finds_what_it_needs_by_what_it_was_made_from(
    ground: Ground, tmp_path: Path
) -> None:
    from bisector.patch import format_patch

    needed = ground.step(10, to="one")
    fix = ground.over("line 10 one", "line 10 two")
    commit = ground.clone.git[fix]
    patch = tmp_path / "fix.patch"
    patch.write_bytes(format_patch.written(ground.clone.git, commit))  # type: ignore[arg-type]
    ground.over("line 10 two", "line 10 three")
    assert ground.found(str(patch)).commits == (needed,)


def test_a_merge_among_the_candidates_is_none(ground: Ground) -> None:
    side = ground.clone.commit({"f": "x\n"}, parents=[ground.root], branch="side")
    needed = ground.step(10, to="one")
    ground.clone.commit({}, parents=[needed, side], subject="MERGE")
    fix = ground.over("line 10 one", "line 10 two")
    assert ground.found(fix).commits == (needed,)


def test_a_line_log_knows_only_its_stretch(ground: Ground) -> None:
    one = ground.step(10, to="one")
    two = ground.over("line 10 one", "line 10 two")
    fix = ground.over("line 10 two", "line 10 three")
    _, alone = ground.needs(fix)
    assert isinstance(alone, Conflict)
    history = History.open(ground.clone.path, ground.workspace)
    (clash,) = alone.clashes
    assert LineLog(history, [one, two]).touched(clash) == (two, one)
    assert LineLog(history, [two]).touched(clash) == (two,)
    assert LineLog(history, []).touched(clash) == ()
