"""Hunts that are killed, and disks that fail them: nothing is lost, and nothing is left."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from bisector import journal
from tests.faults.table import Context, Experiment
from tests.faults.world import Place, Told, World, kill, notes, repeated

KILLS = 100
SIDE_BY_SIDE = 2
SABOTEUR = ("tests.faults.saboteur",)
ROOM = range(48, 384, 48)  # KiB; an undisturbed hunt takes 396
MORE_ROOM = "size=64m"

Trial = Callable[[], str]
"""Brings a fault about; what was lost, '' if nothing."""


def experiments(context: Context) -> Iterator[Experiment]:
    """All of them, over one small history; those that mount something, for root only."""
    world = World(context)
    yield killed_at_random(world)
    yield from spoiled_steps(world)
    yield damaged_journals(world)
    yield torn_journals(world)
    yield damaged_binaries(world)
    yield clocks(world)
    if os.geteuid() == 0:
        yield full_disks(world)
        yield read_only(world)


def outcome(fault: str, trials: Iterable[Trial]) -> Experiment:
    """Try them all, some side by side."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        losses = list(pool.map(lambda trial: trial(), trials))
    return told(fault, len(losses), losses)


def told(fault: str, tried: int, losses: Iterable[str], detail: str = "") -> Experiment:
    """The row of a table; of *losses*, those that are none are ''."""
    lost = [loss for loss in losses if loss]
    return Experiment(fault, tried, tried - len(lost), "; ".join(lost[:3]) or detail)


# -- SIGKILL ---------------------------------------------------------------------------------------


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
                if ended_within(child, chance.uniform(0, seconds)):
                    break
                left -= 1
            losses.append(resumed(place, world.words, world.truth))

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        list(pool.map(killer, range(SIDE_BY_SIDE)))
    return told("SIGKILL at a random moment", KILLS, losses, f"{len(losses)} hunts")


def ended_within(child: subprocess.Popen[str], seconds: float) -> bool:
    """Did it come to its end so soon? Else it is killed."""
    try:
        child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        kill(child)
        return False
    return True


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
    return told(fault, sum(n for n, _ in parts), [loss for _, losses in parts for loss in losses])


def not_one_line(done: subprocess.CompletedProcess[str], advice: str) -> str:
    """What is wrong with how a run failed, if it did: it is to say in one line what to do."""
    if done.returncode in (0, 1):
        return ""
    last = done.stderr.rstrip("\n").rpartition("\n")[2]
    if done.returncode != 3 or "Traceback" in done.stderr or advice not in last:
        return f"status {done.returncode}: {last}"
    return ""


def resumed(place: Place, words: Sequence[str], truth: Told, also: str = "") -> str:
    """Run the hunt to its end; what was lost compared with the *truth*.

    *also* is what the user has to be told.
    """
    done = place.run(*words)
    if done.returncode not in (0, 1):
        return f"status {done.returncode}: {done.stderr.splitlines()[-1:]}"
    events = place.events()
    if wrong := Told.by(events).contradiction(truth):
        return wrong
    if twice := repeated(events):
        return f"asked twice: {twice}"
    if left := place.left():
        return f"left behind: {left}"
    if also not in notes(events):
        return f"not said: {also}"
    shutil.rmtree(place.folder, ignore_errors=True)  # a mount stays
    return ""


# -- damage ----------------------------------------------------------------------------------------


def damaged_journals(world: World) -> Experiment:
    """One bit of a journal flips."""

    def damage(number: int) -> str:
        place = hunted(world)
        (path,) = place.journals()
        before, content = place.events(), bytearray(path.read_bytes())
        at = random.Random(number).randrange(len(content) * 8)
        content[at // 8] ^= 1 << at % 8
        path.write_bytes(content)
        # a checksum's letter that becomes a capital one says the same
        said = "damaged" if journal.read(path)[0] != before else ""
        forget_verdicts(place)
        return resumed(place, world.short, world.short_truth, said)

    return outcome("a bit flips in the journal", numbered(damage, 12))


def torn_journals(world: World) -> Experiment:
    """A power cut leaves a part of the journal's last line."""

    def tear(number: int) -> str:
        place = hunted(world)
        (path,) = place.journals()
        lines = path.read_bytes().splitlines(keepends=True)
        kept = 1 + number % (len(lines) - 1)
        part = lines[kept][: random.Random(number).randrange(1, len(lines[kept]) - 1)]
        path.write_bytes(b"".join(lines[:kept]) + part)
        forget_verdicts(place)
        return resumed(place, world.short, world.short_truth, "damaged")

    return outcome("a torn last line of the journal", numbered(tear, 6))


def damaged_binaries(world: World) -> Experiment:
    """One bit of a cached binary flips, and a hunt needs the binary again."""

    def damage(number: int) -> str:
        place = hunted(world)
        found = sorted(place.root.glob("binaries/*/*/haproxy"))
        path = found[number % len(found)]
        content = bytearray(path.read_bytes())
        at = random.Random(number).randrange(len(content) * 8)
        content[at // 8] ^= 1 << at % 8
        path.write_bytes(content)
        place.journals()[0].unlink()
        forget_verdicts(place)
        return resumed(place, world.short, world.short_truth, path.parent.name)

    return outcome("a bit flips in a cached binary", numbered(damage, 6))


def hunted(world: World) -> Place:
    """A place in which the short hunt has come to its end."""
    place = world.place()
    place.run(*world.short)
    return place


def forget_verdicts(place: Place) -> None:
    """So that what the journal does not know has to be tested again."""
    shutil.rmtree(place.root / "verdicts")


def numbered(trial: Callable[[int], str], count: int) -> list[Trial]:
    """*count* trials that differ by their numbers."""

    def of(number: int) -> Trial:
        return lambda: trial(number)

    return [of(number) for number in range(count)]


def clocks(world: World) -> Experiment:
    """The clock jumps back a day, and there is room for one binary only."""

    def jump(number: int) -> str:
        place = world.place()
        words = (*world.short, "--cache-size", "20K")
        place.run("clock", "-", str(2 + 2 * number), *words, module=SABOTEUR)
        return resumed(place, words, world.short_truth)

    return outcome("the clock jumps back", numbered(jump, 6))


# -- disks that refuse -----------------------------------------------------------------------------


def full_disks(world: World) -> Experiment:
    """A real file system, smaller than what a hunt needs; then there is more."""

    def fill(size: int) -> Trial:
        def trial() -> str:
            place = world.place()
            with mounted(place, "-t", "tmpfs", "-o", f"size={size}k", "none"):
                done = place.run(*world.words)
                if done.returncode != 3 or (said := not_one_line(done, "make room")):
                    return f"{size} KiB: status {done.returncode}, {said}"
                remount(place, MORE_ROOM)
                return resumed(place, world.words, world.truth)

        return trial

    return outcome("a full file system", map(fill, ROOM))


def read_only(world: World) -> Experiment:
    """A workspace that cannot be written, from the beginning or in the middle of a hunt."""

    def refuse(number: int) -> str:
        place = world.place()
        with mounted(place, "-t", "tmpfs", "-o", "size=64m", "none"):
            if number:
                place.run(
                    "kill", "open /hunts/*/journal", str(number), *world.short, module=SABOTEUR
                )
                place.processes()  # they end, and nobody writes any more
            remount(place, "ro")
            done = place.run(*world.short)
            if done.returncode != 3 or (said := not_one_line(done, "BISECTOR_WORKSPACE")):
                return f"status {done.returncode}: {said}"
            remount(place, "rw")
            return resumed(place, world.short, world.short_truth)

    return outcome("a read-only workspace", numbered(refuse, 4))


@contextmanager
def mounted(place: Place, *words: str) -> Iterator[None]:
    """A file system of its own for what the place holds."""
    shutil.rmtree(place.folder)
    place.folder.mkdir()
    subprocess.run(["mount", *words, str(place.folder)], check=True)
    try:
        for path in (place.temporary, tools := place.root / "tools"):
            path.mkdir(parents=True)
        subprocess.run(["mount", "-o", "bind,ro", str(place.tools), str(tools)], check=True)
        yield
    finally:
        subprocess.run(["umount", "--recursive", "--lazy", str(place.folder)], check=True)


def remount(place: Place, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(place.folder)], check=True)
