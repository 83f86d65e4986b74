"""A series of picks for a stable branch of real HAProxy is built, tested, and mended."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pygit2
import pytest

from bench.machines import Machines
from bisector.git.history import History
from bisector.jobs.catalog import journal_of
from bisector.jobs.playground import Playground
from bisector.jobs.queue.series_check import Checked, check
from bisector.jobs.queue.source import Line, Source
from bisector.probing.executors import Local
from bisector.probing.prober import Prober
from bisector.record.events import Event, Noted
from bisector.record.patch_events import RegTested
from bisector.record.queue_events import Queued, Word
from bisector.system.workspace import Workspace
from tests.support.grown import Grown
from tests.support.planted import NEEDS_READY, READY, Edit
from tests.support.real import bisector, context, made, with_few_reg_tests

ASKS = "This should be backported to 3.0."
FIELD, WORD = (f"reg-tests/converter/{name}.vtc" for name in ("field", "word"))
_HEAD = """\
static int sample_conv_{}(const struct arg *arg_p, struct sample *smp, void *private)
{{
"""


def at_converter(name: str, code: str) -> Edit:
    """*code* at the begin of the function of a converter."""
    head = _HEAD.format(name)
    return Edit("src/sample.c", head, head + code)


NO_FIELD = at_converter("field", "\tif (smp) return 0;\n")
SAME_WORD = at_converter("word", "\tint same __attribute__((unused)) = 1;\n")
NO_BUILD = Edit("src/lru.c", "#include", "#error this does not compile\n#include")
BRINGS_READY = Edit(READY.path, READY.old, READY.new.replace("return 0", "return 1"))


class Stable:
    """A branch with two reg-tests, and a source line of fixes."""

    def __init__(self, ground: Playground, workspace: Workspace, folder: Path) -> None:
        grown = Grown(ground, folder / "repo.git")
        base = grown.repo[grown.base].peel(pygit2.Commit).tree.id
        few = with_few_reg_tests(grown.repo, str(base), (FIELD, WORD))
        self.base = self._tip = grown.commit(grown.base, "MINOR: few tests", tree=few)
        self._grown = grown
        self.before: list[str] = []
        self.brings = self.add("MINOR: hash: add play_ready()", BRINGS_READY)
        self.needs = self.add("BUG/MINOR: http: only if ready", NEEDS_READY)
        self.unbuildable = self.add("BUG/MINOR: lru: x", NO_BUILD)
        self.fails = self.add("BUG/MINOR: sample: y", NO_FIELD)
        self.harmless = self.add(f"BUG/MINOR: sample: z\n\n{ASKS}", SAME_WORD)
        grown.branch("master", self._tip)
        grown.branch("3.0", self.base)
        self.path = grown.path
        self._workspace, self._history = workspace, History.open(grown.path, workspace)

    def add(self, subject: str, edit: Edit) -> str:
        """A commit on the source line."""
        self._tip = self._grown.commit(self._tip, subject, edit)
        self.before.append(self._tip)
        return self._tip

    def check(self, name: str, commits: Iterable[str]) -> tuple[Checked, list[Event]]:
        """Check a series of *commits* with the journal called *name*."""
        ready = context(self._workspace, self._history, "dns-flap")
        line, before = Line("master", self.before[-1], (3, 1)), tuple(self.before)
        source = Source(Line("3.0", self.base, (3, 0)), line, self.base, before, before, ())
        rows = [Queued("3.0", one, one, "Jo", 0, Word.PICK, "it asks for it") for one in commits]
        picks = {row.revision: "" for row in rows}
        with (
            journal_of(self._workspace, name, False) as journal,
            Local(self._workspace, 1) as local,
        ):
            prober = Prober(ready, journal, local, None, False)
            done = check(prober, source, rows, picks, (), lambda line: None)
            return done, list(journal.events)


@pytest.fixture(scope="module")
def stable(
    with_tcc: None,
    ground: Playground,
    real_workspace: Workspace,
    tmp_path_factory: pytest.TempPathFactory,
) -> Stable:
    return Stable(ground, real_workspace, tmp_path_factory.mktemp("stable"))


def test_faulty_picks_are_mended_or_set_aside_and_others_stay(stable: Stable) -> None:
    """play_ready() is declared where it is used: the linker misses it, and history has it."""
    series = [stable.needs, stable.unbuildable, stable.fails, stable.harmless]
    checked, events = stable.check("series-faulty", series)
    rows = {row.revision: row for row in checked.rows}
    assert [one for one, _ in checked.picks] == [stable.brings, stable.needs, stable.harmless]
    assert {one: row.word for one, row in rows.items()} == {
        stable.brings: Word.PICK,
        stable.needs: Word.PICK_WITH,
        stable.unbuildable: Word.BREAKS,
        stable.fails: Word.BREAKS,
        stable.harmless: Word.PICK,
    }
    (needed,) = rows[stable.needs].needs
    assert (needed.revision, needed.why) == (
        stable.brings,
        "it brought play_ready, which the compiler misses",
    )
    assert "#error" in rows[stable.unbuildable].why
    assert rows[stable.fails].why.endswith(f"breaks {FIELD}")
    said = rows[stable.harmless].reg_tests
    assert said and said.text == "1 test executes it, all as before"
    assert (stable.fails, FIELD) in {
        (event.revision, event.test) for event in events if isinstance(event, RegTested)
    }

    before = made(events)
    again, events = stable.check("series-faulty", series)
    assert again == checked
    assert made(events) == before


def test_of_a_series_without_fault_nothing_is_set_aside(stable: Stable) -> None:
    series = [stable.brings, stable.needs, stable.harmless]
    checked, events = stable.check("series-whole", series)
    assert [one for one, _ in checked.picks] == series
    assert {row.word for row in checked.rows} == {Word.PICK}
    assert all(row.builds and row.builds.text == "builds" for row in checked.rows)
    assert not [event for event in events if isinstance(event, Noted)]


def test_the_workers_of_a_cluster_make_a_series(
    stable: Stable, real_workspace: Workspace, tmp_path: Path
) -> None:
    """The whole command; what other tests have not built and run is asked of a worker."""
    answer = tmp_path / "answer.json"
    words = ("queue", "3.0", stable.harmless, "--from", "master", "--repo", str(stable.path))
    with Machines() as machines:
        machines.work(real_workspace)
        done = bisector(*words, "--cluster", machines.address, "--json", str(answer))
    assert done.returncode == 0, done.stderr
    found = json.loads(answer.read_text())
    rows = [(row["revision"], row["word"]) for row in found["queued"]]
    assert rows == [(stable.harmless, "pick")]
    (series,) = found["series"]
    assert (series["built"], len(series["commits"])) == (True, 1)
    assert found["reg_tests"], "the tests that execute what it changes were run"
