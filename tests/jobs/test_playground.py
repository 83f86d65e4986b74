"""The playground's history, from a tiny release: what is planted where, and that it heals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pygit2
import pytest

from bisector.errors import EnvironmentProblem
from bisector.git.history import History
from bisector.jobs.playground import DEMO, Playground, PlaygroundPlan, make
from bisector.patch import relevance
from bisector.patch.load import load
from bisector.patch.model import Series
from bisector.system.workspace import Workspace
from tests.support.clone import HAPROXY
from tests.support.grounds import SMALL

FIXED = "int set_down(void)\n{\n\tint port = 1;\n\n\treturn port;\n}\n"
BROKEN = FIXED.replace("\tint port = 1;\n", "\tint port = 0;\n")
FIX = """\
--- a/src/server.c
+++ b/src/server.c
@@ -1,6 +1,6 @@
 int set_down(void)
 {
-\tint port = 0;
+\tint port = 1;
 
 \treturn port;
 }
"""
RESOLVERS = """\
static int resolv_validate_dns_response(unsigned char *resp,
                                        int max_answer_records)
{
\treturn 0;
}
"""
UNITS = ("base64", "hash", "lru", "freq_ctr", "uri_normalizer", "dynbuf", "shctx", "pipe")
RELEASE = {
    **HAPROXY,
    "doc/intro.txt": "Introduction\n",
    "src/server.c": FIXED,
    "src/resolvers.c": RESOLVERS,
    **{f"src/{unit}.c": f"int {unit};\n" for unit in UNITS},
}
PLANS = pytest.mark.parametrize("plan", [DEMO, SMALL], ids=["demo", "small"])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A release that has what a playground is made of."""
    folder = tmp_path / "haproxy-3.0.11"
    for name, text in RELEASE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def series(tmp_path: Path) -> Series:
    (tmp_path / "fix.patch").write_text(FIX)
    return load(tmp_path / "fix.patch")


class Ground:
    """A playground's commits by number."""

    def __init__(self, made: Playground) -> None:
        self.made = made
        self.repo = pygit2.Repository(str(made.path))
        self.log = [*self.repo.walk(self.repo.head.target)][::-1]

    def text(self, number: int, path: str) -> str:
        blob: pygit2.Blob = self.log[number].tree[path].peel(pygit2.Blob)
        return str(blob.data, "utf-8")

    def having(self, path: str, word: str) -> set[int]:
        """The commits where *word* is in the file *path*."""
        return {number for number in range(len(self.log)) if word in self.text(number, path)}

    def changed(self, number: int) -> set[str]:
        """What a commit changes against the one before."""
        diff = self.repo.diff(self.log[number - 1], self.log[number])
        return {delta.new_file.path for delta in diff.deltas}

    @property
    def releases(self) -> Iterator[tuple[int, str]]:
        numbers = {commit.id: number for number, commit in enumerate(self.log)}
        for name in self.repo.references:
            if name.startswith("refs/tags/"):
                yield numbers[self.repo.references[name].target], name.removeprefix("refs/tags/")


def played(workspace: Workspace, source: Path, series: Series, plan: PlaygroundPlan) -> Ground:
    return Ground(make(workspace, source, series, plan))


# --- what is planted ------------------------------------------------------------------------------


@PLANS
def test_the_bug_is_there_from_the_planted_regression_until_it_is_healed(
    workspace: Workspace, source: Path, series: Series, plan: PlaygroundPlan
) -> None:
    ground = played(workspace, source, series, plan)
    assert len(ground.log) == plan.commits
    assert str(ground.log[plan.regression].id) == ground.made.regression
    assert str(ground.log[plan.heal].id) == ground.made.heal
    bad = {*range(plan.regression, plan.heal)}
    assert ground.having("src/server.c", BROKEN) == bad
    assert ground.having("src/server.c", FIXED) == {*range(plan.commits)} - bad
    assert ground.changed(plan.regression) == ground.changed(plan.heal) == {"src/server.c"}


@PLANS
def test_a_stretch_does_not_compile_and_heals(
    workspace: Workspace, source: Path, series: Series, plan: PlaygroundPlan
) -> None:
    ground = played(workspace, source, series, plan)
    assert ground.having("src/hash.c", "#error") == {*plan.unbuildable}
    before, after = (
        ground.text(number, "src/hash.c")
        for number in (plan.unbuildable.start - 1, plan.unbuildable.stop)
    )
    assert before == after


@PLANS
def test_a_stretch_believes_no_dns_answer_and_heals(
    workspace: Workspace, source: Path, series: Series, plan: PlaygroundPlan
) -> None:
    ground = played(workspace, source, series, plan)
    deaf = ground.having("src/resolvers.c", "{\n\treturn RSLV_RESP_ERROR;")
    assert deaf == {*plan.untestable}
    others = {*range(plan.commits)} - deaf
    assert {ground.text(number, "src/resolvers.c") for number in others} == {RESOLVERS}


@PLANS
def test_releases_are_tagged(
    workspace: Workspace, source: Path, series: Series, plan: PlaygroundPlan
) -> None:
    ground = played(workspace, source, series, plan)
    assert dict(ground.releases) == plan.releases


@PLANS
def test_every_commit_changes_something_and_some_of_them_only_the_documentation(
    workspace: Workspace, source: Path, series: Series, plan: PlaygroundPlan
) -> None:
    ground = played(workspace, source, series, plan)
    changes = {number: ground.changed(number) for number in range(1, plan.commits)}
    assert all(changes.values())
    documents = {number for number, paths in changes.items() if paths == {"doc/intro.txt"}}
    assert documents == plan.documents


@PLANS
def test_it_is_a_history_of_haproxy_over_which_a_hunt_can_range(
    workspace: Workspace, source: Path, series: Series, plan: PlaygroundPlan
) -> None:
    made = make(workspace, source, series, plan)
    history = History.open(made.path, workspace)
    assert len(history.range(made.range).commits) == plan.commits - 1
    assert relevance.of(history, history.range(made.range).commits).inert >= {
        str(commit.id) for n, commit in enumerate(Ground(made).log) if n in plan.documents
    }


def test_programs_and_links_of_the_release_stay_what_they_are(
    workspace: Workspace, source: Path, series: Series
) -> None:
    (source / "link").symlink_to("src")
    (source / "Makefile").chmod(0o755)
    first = played(workspace, source, series, SMALL).log[0].tree
    modes = {name: int(first[name].filemode) for name in ("link", "Makefile", "src/hash.c")}
    assert modes == {"link": 0o120000, "Makefile": 0o100755, "src/hash.c": 0o100644}
    assert first["link"].peel(pygit2.Blob).data == b"src"


# --- made once ------------------------------------------------------------------------------------


def test_it_is_made_once_and_everywhere_the_same(
    workspace: Workspace, source: Path, series: Series, tmp_path: Path
) -> None:
    first = make(workspace, source, series, SMALL)
    made_at = first.path.stat().st_mtime_ns
    assert make(workspace, source, series, SMALL) == first
    assert first.path.stat().st_mtime_ns == made_at
    elsewhere = make(Workspace(tmp_path / "elsewhere"), source, series, SMALL)
    assert (elsewhere.regression, elsewhere.heal) == (first.regression, first.heal)
    assert make(workspace, source, series, DEMO).path != first.path


# --- no ground for it -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("src/server.c", BROKEN, "no playground can be made of"),
        ("src/server.c", "int other;\n", "no playground can be made of"),
        ("src/resolvers.c", "int other;\n", "has not the expected form"),
        ("src/resolvers.c", None, r"src/resolvers\.c"),
        ("src/hash.c", None, r"src/hash\.c"),
    ],
)
def test_a_release_that_is_no_ground_says_so_and_nothing_half_made_is_left(
    workspace: Workspace, source: Path, series: Series, name: str, text: str | None, said: str
) -> None:
    if text is None:
        (source / name).unlink()
    else:
        (source / name).write_text(text)
    with pytest.raises(EnvironmentProblem, match=said):
        make(workspace, source, series, SMALL)
    assert not [*workspace.folder("playgrounds").iterdir()]
    assert not [*workspace.folder("scratch").iterdir()]
