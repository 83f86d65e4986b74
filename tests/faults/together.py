"""What goes on around a hunt: its clone is fetched into and packed anew, others hunt beside it."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bisector.record import journal
from bisector.record.events import Probed, Started
from tests.faults.table import Context, Experiment
from tests.faults.trials import ended_within, numbered, outcome, resumed
from tests.faults.world import COMMITS, Place, Told, World, finished, until


def experiments(context: Context) -> Iterator[Experiment]:
    """All of them, over one small history."""
    world = World(context)
    yield clones_packed(world)
    yield clones_fetched_into(world)
    yield branches_moved(world)
    yield two_hunts(world)
    yield the_same_twice(world)
    yield one_of_two_killed(world)


# -- the clone -------------------------------------------------------------------------------------


def clones_packed(world: World) -> Experiment:
    """The objects that a hunt reads go to another file in its midst, and unused ones go."""

    def pack(number: int) -> str:
        place, clone = world.place(), cloned(world, packed=number % 2 == 1)
        words = world.hunt(0, COMMITS - 1, clone)

        def act() -> None:
            git(clone, "repack", "-adq")
            git(clone, "gc", "-q", "--prune=now", "--aggressive")

        return disturbed(place, words, 1 + number, act) or resumed(place, words, world.truth)

    return outcome("git gc in the clone", numbered(pack, 4))


def clones_fetched_into(world: World) -> Experiment:
    """New commits come into the clone, and its branch moves, in the midst of a hunt."""

    def fetch(number: int) -> str:
        place, clone = world.place(), cloned(world, packed=True)
        words = ("run", f"{world.commits[0]}..master", *world.hunt(0, 1, clone)[2:])
        wrong = disturbed(place, words, 1 + 2 * number, lambda: fetch_more(world, clone))
        return wrong or resumed(place, world.hunt(0, COMMITS - 1, clone), world.truth)

    return outcome("git fetch into the clone", numbered(fetch, 2))


def disturbed(place: Place, words: Sequence[str], verdicts: int, act: Callable[[], None]) -> str:
    """Run a hunt in whose midst, after so many *verdicts*, something happens; how it failed."""
    child = place.begin(*words)
    with held_after(place, child, verdicts):
        act()
    done = finished(child)
    return f"after {verdicts} verdicts: {done.stderr.splitlines()[-1:]}" if done.returncode else ""


def branches_moved(world: World) -> Experiment:
    """A branch moves between a hunt that was killed and the same command: it is another hunt."""

    def move(number: int) -> str:
        place, clone = world.place(), cloned(world, packed=True)
        words = ("run", f"{world.commits[0]}..master", *world.hunt(0, 1, clone)[2:])
        child = place.begin(*words)
        with held_after(place, child, 1 + 2 * number):
            child.send_signal(signal.SIGKILL)
        child.communicate()
        fetch_more(world, clone)
        done = place.run(*words)
        if done.returncode != 0 or len(place.journals()) != 2:
            return f"status {done.returncode}, {len(place.journals())} hunts"
        forget_all_but(place, world.commits[-1])  # which goes on where it was
        return resumed(place, world.hunt(0, COMMITS - 1, clone), world.truth)

    return outcome("the branch moves while a hunt is down", numbered(move, 2))


def fetch_more(world: World, clone: Path) -> None:
    """Two commits more on the clone's master, though that is checked out."""
    source = str(world.clone.path)
    git(clone, "fetch", "-q", "--update-head-ok", source, "+refs/heads/more:refs/heads/master")


def cloned(world: World, *, packed: bool) -> Path:
    """A clone of its own."""
    path = world.place().folder / "clone"
    shutil.copytree(world.clone.path, path)
    if packed:
        git(path, "repack", "-adq")
    return path


def forget_all_but(place: Place, end: str) -> None:
    """Only the hunt with this end stays."""
    for path in place.journals():
        if not any(
            isinstance(event, Started) and end in (event.old, event.new)
            for event in journal.read(path)[0]
        ):
            shutil.rmtree(path.parent)


def git(clone: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(clone), *words], check=True)


@contextmanager
def held_after(place: Place, child: subprocess.Popen[str], verdicts: int) -> Iterator[None]:
    """Stop the hunt as soon as it has so many verdicts, and let it go on afterwards."""

    def has_them() -> bool:
        told = [event for event in place.events() if isinstance(event, Probed)]
        return len(told) >= verdicts or child.poll() is not None

    until(has_them)
    child.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        child.send_signal(signal.SIGCONT)


# -- two at once -----------------------------------------------------------------------------------


def two_hunts(world: World) -> Experiment:
    """Two hunts that share most of what they build begin at once in one workspace."""
    other = world.place()
    other.run(*world.hunt(1, COMMITS - 1))
    truths = {0: world.truth, 1: Told.by(other.events())}

    def both(number: int) -> str:
        place = world.place()
        children = {n: place.begin(*world.hunt(n, COMMITS - 1)) for n in truths}
        for n, child in children.items():
            done = finished(child)
            if done.returncode != 0:
                return f"hunt {n}: {done.stderr.splitlines()[-1:]}"
        events = place.events()
        built = [e.binary for e in events if isinstance(e, Probed) and e.build_seconds > 0]
        if len(built) != len(set(built)):
            return f"{len(built)} builds of {len(set(built))} binaries"
        tested = [(e.key, e.run) for e in events if isinstance(e, Probed) and e.test_seconds > 0]
        if len(tested) != len(set(tested)):
            return f"{len(tested)} tests for {len(set(tested))} verdicts"
        told = Told.by(events)
        if told.answer != truths[0].answer | truths[1].answer:
            return f"another answer: {told.answer}"
        return f"left: {left}" if (left := place.left()) else ""

    return outcome("two hunts at once", numbered(both, 4))


def the_same_twice(world: World) -> Experiment:
    """The same hunt begins a second time while it is under way: that is said in one line."""

    def twice(number: int) -> str:
        place = world.place()
        child = place.begin(*world.words)
        with held_after(place, child, 1 + number):
            done = place.run(*world.words)
        if done.returncode != 3 or "under way in another process" not in done.stderr:
            return f"status {done.returncode}: {done.stderr}"
        if len(done.stderr.splitlines()) != 1 or finished(child).returncode != 0:
            return f"status {child.returncode}: {done.stderr}"
        return resumed(place, world.words, world.truth)

    return outcome("the same hunt twice", numbered(twice, 2))


def one_of_two_killed(world: World) -> Experiment:
    """One of two hunts is killed: the other does not wait for the dead one."""

    def one(number: int) -> str:
        place = world.place()
        dies, lives = (place.begin(*world.hunt(n, COMMITS - 1)) for n in (1, 0))
        ended_within(dies, random.Random(number).uniform(0.5, 2.0))
        done = finished(lives)
        if done.returncode != 0:
            return f"the other one: {done.stderr.splitlines()[-1:]}"
        forget_all_but(place, world.commits[0])
        return resumed(place, world.words, world.truth)

    return outcome("one of two hunts is killed", numbered(one, 4))
