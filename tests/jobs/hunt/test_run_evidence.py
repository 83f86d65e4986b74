"""When a hunt counts what its test executes, and what it makes of that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bisector.build import tcc
from bisector.build.toolchain import Toolchain
from bisector.errors import EnvironmentProblem
from bisector.probing import counting
from bisector.probing.context import Context
from bisector.probing.counting import Executed
from bisector.record.events import Counted, Noted
from bisector.search.costs import Memory
from bisector.system.slots import Slot
from bisector.system.workspace import Workspace
from bisector.testing.scenario import Known
from tests.support.clone import Clone
from tests.support.hunting import World, bad_in

pytestmark = pytest.mark.usefixtures("no_clock")

LENGTH, CULPRIT = 200, 61
SPECIAL = ("src/a.c", "special")


def source(special: int, usual: int) -> str:
    return f"""\
int special(void)
{{
	return {special};
}}

int usual(void)
{{
	return {usual};
}}
"""


@dataclass
class Counter:
    """In place of a build that counts: gives *found*, and keeps what it was asked about."""

    found: Callable[[], Executed | str]
    asked: list[str] = field(default_factory=list)

    def executed(
        self, context: Context, revision: str, toolchain: Toolchain, slot: Slot
    ) -> Executed | str:
        self.asked.append(revision)
        return self.found()


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Counter:
    monkeypatch.setattr(tcc, "find", lambda: None)
    made = Counter(lambda: Executed(frozenset([SPECIAL]), frozenset([("src/a.c", "usual")])))
    monkeypatch.setattr(counting, "executed", made.executed)
    return made


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    """A history in which the culprit and three others change what only the test executes."""
    made = World(clone, workspace, tmp_path / "journal")
    for number in range(len(made.commits), LENGTH):
        special = sum(number >= place for place in (40, CULPRIT, 120, 170))
        made.commits.append(clone.commit({"src/a.c": source(special, number)}))
    return made


def counted(world: World) -> list[Counted]:
    return [event for event in world.events if isinstance(event, Counted)]


def test_what_only_the_test_executes_is_tried_first(world: World, counter: Counter) -> None:
    with_it = world.hunt(bad_in(range(CULPRIT, LENGTH)))
    assert world.found()["introduction"] == [CULPRIT]
    assert counter.asked == [world.commits[-1]], "the end that fails, once"
    (event,) = counted(world)
    assert (event.only, event.usual) == (("src/a.c:special",), ("src/a.c:usual",))

    world.path = world.path.with_name("other")
    counter.found = lambda: "no counters"
    without = world.hunt(bad_in(range(CULPRIT, LENGTH)))
    assert world.found()["introduction"] == [CULPRIT]
    assert len(with_it.asked) < len(without.asked)


def test_a_resumed_hunt_does_not_count_again(world: World, counter: Counter) -> None:
    world.hunt(bad_in(range(CULPRIT, LENGTH)))
    again = world.hunt(bad_in(range(CULPRIT, LENGTH)))
    assert (len(counter.asked), len(counted(world)), again.asked) == (1, 1, [])


def test_between_two_good_ends_the_witness_is_counted(world: World, counter: Counter) -> None:
    world.hunt(bad_in(range(CULPRIT, 150)))
    assert world.found() == {"introduction": [CULPRIT], "fix": [150]}
    (asked,) = counter.asked
    assert CULPRIT <= world.commits.index(asked) < 150


def raises() -> Executed | str:
    raise EnvironmentProblem("the disk is gone")


@pytest.mark.parametrize("found", [raises, lambda: "the disk is gone"])
def test_a_failure_to_count_is_noted_and_the_hunt_goes_on(
    world: World, counter: Counter, found: Callable[[], Executed | str]
) -> None:
    counter.found = found
    for _ in range(2):
        world.hunt(bad_in(range(CULPRIT, LENGTH)))
    assert world.found()["introduction"] == [CULPRIT]
    notes = [e.text for e in world.events if isinstance(e, Noted) and "executes" in e.text]
    assert len(notes) == len(counter.asked) == 1
    assert notes[0].endswith("the disk is gone")


def test_a_short_range_is_not_counted(world: World, counter: Counter) -> None:
    world.range = f"{world.commits[CULPRIT - 10]}..{world.commits[CULPRIT + 10]}"
    world.hunt(bad_in(range(CULPRIT, LENGTH)))
    assert world.found()["introduction"] == [CULPRIT]
    assert not counter.asked


def test_nothing_is_counted_if_the_binaries_are_there(
    world: World, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = Memory(binaries=frozenset(world.commits))
    monkeypatch.setattr(Context, "memory", lambda *arguments: there)
    world.hunt(bad_in(range(CULPRIT, LENGTH)))
    assert not counter.asked


def test_nothing_is_counted_if_the_bug_is_known_better(world: World, counter: Counter) -> None:
    truth = bad_in(range(CULPRIT, LENGTH))
    suspect = Known(suspect=world.commits[100])
    for number, options in enumerate(({"hint": "special"}, {"known": suspect})):
        world.path = world.path.with_name(str(number))
        world.hunt(truth, **options)  # type: ignore[arg-type]
        assert world.found()["introduction"] == [CULPRIT]
    assert not counter.asked
