"""Which hunks of the culprit bring the bug; a stand-in for builds reads the trees themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pygit2
import pytest
from pygit2.enums import FileMode

from bisector.build.toolchain import Toolchains
from bisector.build.toolchains.dev import Dev
from bisector.build.toolchains.fast import Fast
from bisector.jobs.hunt import culprit
from bisector.jobs.hunt.hunt import Hunt
from bisector.jobs.hunt.question import HuntQuestion
from bisector.probing.probe import Probe
from bisector.record.events import Confirmed, Ended, Found, Noted, Probed, Reduced
from bisector.record.verdict import Result, Ruling, Verdict
from bisector.record.words import Change
from bisector.system.workspace import Workspace
from tests.support.clone import AUTHOR, Clone
from tests.support.hunting import BAD, GOOD, Machine, Scripted, World, bad_in
from tests.support.toolchains import AUTO, GCC

pytestmark = pytest.mark.usefixtures("no_clock")

WORDS = ("one", "two", "three", "four")
"""What the culprit's four hunks bring into src/a.c, far from each other."""

Judge = Callable[[frozenset[str], int, str], Verdict]
"""The verdict on the words in a tree, by the run's number and the toolchain's name."""


def code(*words: str) -> dict[str, str | None]:
    """src/a.c with some of the WORDS."""
    lines = [f"line {n}" for n in range(40)]
    for word in words:
        lines[10 * WORDS.index(word) + 5] = word
    return {"src/a.c": "".join(f"{line}\n" for line in lines)}


def bad_with(*words: str) -> Judge:
    return lambda present, run, toolchain: BAD if present >= {*words} else GOOD


class Reader(Machine):
    """Answers by what is in the tree; has what it read."""

    def __init__(self, prober: Scripted, judge: Judge) -> None:
        super().__init__(prober.context.history, prober.commits, bad_in(range(0)))
        self._store, self._judge = prober.context.history.store, judge
        self.read: list[frozenset[str]] = []
        self.by_tree: Callable[[pygit2.Tree], Verdict] | None = None

    def _answer(self, request: Probe) -> Result:
        tree = self._store[request.tree].peel(pygit2.Tree)
        text = tree["src/a.c"].peel(pygit2.Blob).data
        words = frozenset(text.decode().split()) & set(WORDS)
        self.read.append(words)
        judged = self._judge(words, request.run, request.toolchain.name)
        verdict = self.by_tree(tree) if self.by_tree else judged
        ruling = Ruling(verdict, f"{verdict}, as it is")
        return Result(
            ruling, self._key(request), f"{request.tree} {request.toolchain.name}", 1.0, 1.0
        )


class Lab(World):
    """A history in which one commit brings all the words, each in a hunk of its own."""

    def __init__(self, clone: Clone, workspace: Workspace, path: Path) -> None:
        super().__init__(clone, workspace, path)
        before = clone.commit(code())
        self.culprit = clone.commit(code(*WORDS))
        self.commits += [before, self.culprit, *clone.line(2)]
        self.range = f"{before}..master"

    def reduce(self, judge: Judge, *, hunks: bool = True, flaky: bool = False) -> Reader:
        """One session of a hunt, over the journal of those before; the machine that it used."""
        prober = self.prober(bad_in(range(0)))
        prober.executor = reader = Reader(prober, judge)
        question = HuntQuestion(prober.context.history.range(self.range), flaky=flaky, hunks=hunks)
        Hunt(question, prober).run()
        return reader

    def reduced(self) -> Reduced:
        (event,) = (event for event in self.events if isinstance(event, Reduced))
        return event

    def words(self) -> set[str]:
        """The words that the reduced culprit brings."""
        diff = self.reduced().diff
        return {word for word in WORDS if f"\n+{word}\n" in diff}

    def notes(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Noted)]


@pytest.fixture
def lab(clone: Clone, workspace: Workspace, tmp_path: Path) -> Lab:
    return Lab(clone, workspace, tmp_path / "journal")


# --- which hunks ----------------------------------------------------------------------------------


def test_the_hunk_that_brings_the_bug_is_named_and_shown(lab: Lab) -> None:
    lab.reduce(bad_with("two"))
    found = lab.reduced()
    assert (found.revision, found.total) == (lab.culprit, len(WORDS))
    assert found.kept == ("src/a.c @@ -13,7 +13,7 @@ line 11",)
    assert found.problem == ""
    assert lab.words() == {"two"}


@pytest.mark.parametrize("words", [("one", "four"), ("two", "three"), WORDS])
def test_hunks_that_bring_it_only_together_are_kept_together(
    lab: Lab, words: tuple[str, ...]
) -> None:
    lab.reduce(bad_with(*words))
    assert lab.words() == set(words)
    assert len(lab.reduced().kept) == len(words)
    assert lab.reduced().problem == ""


def test_a_hunk_that_does_not_compile_without_another_keeps_it_and_that_is_said(lab: Lab) -> None:
    def judge(present: frozenset[str], run: int, toolchain: str) -> Verdict:
        if ("one" in present) != ("three" in present):
            return Verdict.UNBUILDABLE
        return BAD if "one" in present else GOOD

    lab.reduce(judge)
    assert lab.words() == {"one", "three"}
    assert lab.reduced().problem.startswith("fewer may suffice: without one of 2 the others")


def test_what_is_only_good_or_bad_leaves_no_doubt_however_it_depends(lab: Lab) -> None:
    """Two ways to the bug: either of them is an answer."""
    lab.reduce(lambda words, run, toolchain: BAD if words & {"two", "four"} else GOOD)
    assert lab.words() in ({"two"}, {"four"})
    assert lab.reduced().problem == ""


def test_after_too_many_trials_it_keeps_what_it_has(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(culprit, "BUDGET", 3)
    lab.reduce(bad_with("three", "four"))
    assert lab.words() >= {"three", "four"}
    assert lab.reduced().problem == "fewer may suffice: the search ended after 3 trials"


def test_what_is_not_in_hunks_is_no_answer_of_theirs(lab: Lab) -> None:
    """The commit also made a file executable, and that was it."""
    git, path = lab.clone.git, "src/haproxy.c"
    before = lab.clone.commit({"src/b.c": "1\n"})
    tree = git[lab.clone.tree({"src/b.c": "2\n"}, before)].peel(pygit2.Tree)
    index = pygit2.Index()
    index.read_tree(tree)
    index.add(pygit2.IndexEntry(path, index[path].id, FileMode.BLOB_EXECUTABLE))
    made = git.create_commit(None, AUTHOR, AUTHOR, "MINOR: x\n", index.write_tree(git), [before])
    git.references.create("refs/heads/master", made, force=True)
    prober = lab.prober(bad_in(range(0)))
    prober.executor = reader = Reader(prober, bad_with())
    reader.by_tree = lambda tree: BAD if tree[path].filemode != FileMode.BLOB else GOOD
    lab.range = f"{before}..master"
    Hunt(HuntQuestion(prober.context.history.range(lab.range), hunks=True), prober).run()
    assert (lab.reduced().total, lab.reduced().kept) == (1, ())
    assert lab.reduced().problem == "all of its hunks together do not bring the bug"


# --- toolchains and chance ------------------------------------------------------------------------


def test_fast_tries_the_hunks_and_the_real_one_has_the_last_word(lab: Lab) -> None:
    lab.toolchains = AUTO
    lab.reduce(bad_with("four"))
    tried = [e for e in lab.events if isinstance(e, Probed) and e.patched]
    assert {e.toolchain for e in tried[:-1]} == {Fast.name}
    assert (tried[-1].purpose, tried[-1].toolchain) == ("confirm the hunks", Dev.name)
    assert lab.reduced().problem == ""


def test_a_real_toolchain_that_contradicts_is_told(lab: Lab) -> None:
    lab.toolchains = AUTO
    lab.reduce(
        lambda words, run, toolchain: (
            BAD if words >= ({"two"} if toolchain == Fast.name else {*WORDS}) else GOOD
        )
    )
    assert lab.words() == {"two"}
    assert lab.reduced().problem == "with dev they are good: good, as it is"


def test_a_flaky_test_is_run_several_times_before_a_part_passes(lab: Lab) -> None:
    lab.reduce(
        lambda words, run, toolchain: BAD if "one" in words and run % 3 == 2 else GOOD, flaky=True
    )
    assert lab.words() == {"one"}
    assert lab.reduced().problem == "fewer may suffice: the test is flaky"


# --- when there is nothing to reduce --------------------------------------------------------------


def found(what: Change, *revisions: str, parent: str = "p" * 40) -> Found:
    several = ("",) * len(revisions)
    return Found(what, revisions, several, several, (parent,))


def proof(proven: bool) -> Confirmed:
    return Confirmed(Change.INTRODUCTION, proven, 5, "" if proven else "a doubt")


@pytest.mark.parametrize(
    ("answers", "proofs", "said"),
    [
        ([found(Change.FIX, "f")], [proof(True)], "introduced the bug is not in the range"),
        ([found(Change.INTRODUCTION, "a", "b")], [proof(True)], "it is one of 2"),
        ([found(Change.INTRODUCTION, "a")], [], "it is not proven"),
        ([found(Change.INTRODUCTION, "a")], [proof(True), proof(False)], "it is not proven"),
    ],
)
def test_without_one_proven_culprit_the_reason_is_told(
    lab: Lab, answers: list[Found], proofs: list[Confirmed], said: str
) -> None:
    prober = lab.prober(bad_in(range(0)))
    for event in proofs:
        prober.journal.append(event)
    told = culprit.reduce(prober, answers, False)
    assert isinstance(told, Noted) and said in told.text


def test_a_merge_is_not_reduced(lab: Lab) -> None:
    main, side = lab.clone.commit({"src/m.c": "1\n"}), lab.commits[-1]
    side = lab.clone.commit({"src/s.c": "1\n"}, parents=[side], branch="side")
    merge = lab.clone.commit({"src/s.c": "1\n"}, parents=[main, side])
    prober = lab.prober(bad_in(range(0)))
    prober.journal.append(proof(True))
    told = culprit.reduce(prober, [found(Change.INTRODUCTION, merge, parent=main)], False)
    assert isinstance(told, Noted) and "is a merge" in told.text


def test_without_being_asked_nothing_is_reduced(lab: Lab) -> None:
    lab.reduce(bad_with("two"), hunks=False)
    assert not [
        e for e in lab.events if isinstance(e, Reduced) or (isinstance(e, Probed) and e.patched)
    ]


# --- resuming -------------------------------------------------------------------------------------


def test_after_the_same_hunt_without_it_only_the_reduction_is_made(lab: Lab) -> None:
    lab.reduce(bad_with("two"), hunks=False)
    before = lab.path.read_bytes()
    reader = lab.reduce(bad_with("two"))
    assert all(0 < len(words) < len(WORDS) for words in reader.read), "no whole commit again"
    assert lab.path.read_bytes().startswith(before)
    assert lab.words() == {"two"}
    assert len([e for e in lab.events if isinstance(e, Ended)]) == 1


@pytest.mark.slow
def test_killed_at_any_time_it_goes_on_and_ends_the_same(lab: Lab) -> None:
    lab.toolchains, judge = Toolchains(GCC, GCC), bad_with("one", "three")
    lab.reduce(judge)
    whole, answer = lab.path.read_bytes(), lab.reduced()
    lines = whole.splitlines(keepends=True)
    for kept in range(0, len(lines), 2):
        lab.path.write_bytes(b"".join(lines[:kept]) + lines[kept][:20])
        lab.reduce(judge)
        assert lab.reduced() == answer
        asked = [(e.key, e.run) for e in lab.events if isinstance(e, Probed) and not e.known]
        assert len(asked) == len(set(asked))
    assert lab.reduce(judge).read == []
