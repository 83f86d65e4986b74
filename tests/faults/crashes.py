"""Hunts that are killed, and disks that fail them: nothing is lost, and nothing is left."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.faults import damage, disks
from tests.faults.table import Context, Experiment
from tests.faults.trials import SABOTEUR, SIDE_BY_SIDE, ended_within, not_one_line, resumed, row
from tests.faults.world import World

KILLS = int(os.environ.get("BISECTOR_CRASH_KILLS", "12"))


def experiments(context: Context) -> Iterator[Experiment]:
    """All of them, over one small history; those that mount something, for root only."""
    world = World(context)
    yield killed_at_random(world)
    yield from spoiled_steps(world)
    yield damage.damaged_journals(world)
    yield damage.torn_journals(world)
    yield damage.damaged_binaries(world)
    yield damage.clocks(world)
    if os.geteuid() == 0:
        yield disks.full_disks(world)
        yield disks.read_only(world)


def killed_at_random(world: World) -> Experiment:
    """Hunts that are killed again and again at any moment, until they come to their end."""
    seconds = undisturbed_seconds(world)
    counts = [KILLS // SIDE_BY_SIDE] * SIDE_BY_SIDE
    losses: list[str] = []

    def killer(number: int) -> None:
        chance = random.Random(number)
        left = counts[number]
        while left:
            place = world.place()
            while left:
                child = place.begin(*world.words)
                # it goes on where it was, so the later half gets its share
                if ended_within(child, chance.uniform(0, seconds / 2)):
                    break
                left -= 1
            losses.append(resumed(place, world.words, world.truth))

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        list(pool.map(killer, range(SIDE_BY_SIDE)))
    return row("SIGKILL at a random moment", KILLS, losses, f"{len(losses)} hunts")


def undisturbed_seconds(world: World) -> float:
    """How long a hunt takes here and now, beside another one."""
    begun = time.monotonic()
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        list(pool.map(lambda _: world.place().run(*world.words), range(SIDE_BY_SIDE)))
    return time.monotonic() - begun


def spoiled_steps(world: World) -> Iterator[Experiment]:
    """Hunts that are killed, or that find the disk full, at each kind of step that they take."""
    steps = world.folder / "steps"
    place = world.place()
    place.run("record", str(steps), "-", *world.short, module=SABOTEUR)
    kinds: dict[str, int] = {}
    for line in steps.read_text().splitlines():
        kind, nth = line.split("\t")
        kinds[kind] = int(nth)
    kills = [(kind, nth) for kind, last in kinds.items() for nth in sorted(ends(kind, last))]
    yield spoiled(world, "SIGKILL before a step on the disk", "kill", kills)
    growing = [(kind, 1) for kind in kinds if kind.startswith(("open", "os.mkdir", "fsync"))]
    yield spoiled(world, "no room from a step on", "full", growing)


def ends(kind: str, last: int) -> set[int]:
    """Which of the steps of a kind to spoil: the first one, and the last one if it publishes."""
    return {1, last} if kind.startswith(("os.rename", "fsync")) else {1}


def spoiled(world: World, fault: str, way: str, steps: Sequence[tuple[str, int]]) -> Experiment:
    """Spoil all *steps*, each in the same hunt as the one before unless that came to its end."""

    def spoil(some: Sequence[tuple[str, int]]) -> tuple[int, list[str]]:
        place, tried, losses = world.place(), 0, []
        for kind, nth in some:
            words = (way, kind, str(nth), *world.short)
            done = place.run(*words, module=SABOTEUR)
            if done.returncode in (0, 1):  # it does not take such a step any more: begin anew
                losses.append(resumed(place, world.short, world.short_truth))
                place = world.place()
                done = place.run(*words, module=SABOTEUR)
            if way == "full":
                losses.append(not_one_line(done, "make room"))
            elif done.returncode != -signal.SIGKILL:
                continue  # not every run takes it so often
            tried += 1
        return tried, [*losses, resumed(place, world.short, world.short_truth)]

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        parts = list(pool.map(spoil, [steps[n::SIDE_BY_SIDE] for n in range(SIDE_BY_SIDE)]))
    return row(fault, sum(n for n, _ in parts), [loss for _, losses in parts for loss in losses])
