"""Files that are not as they were written, and a clock that is not as it was."""

from __future__ import annotations

import random
import shutil

from bisector.record import journal
from tests.faults.table import Experiment
from tests.faults.trials import SABOTEUR, numbered, outcome, resumed
from tests.faults.world import Place, World


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

    return outcome("a bit flips in the journal", numbered(damage, 8))


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


def clocks(world: World) -> Experiment:
    """The clock jumps back a day, and there is room for one binary only."""

    def jump(number: int) -> str:
        place = world.place()
        words = (*world.short, "--cache-size", "20K")
        place.run("clock", "-", str(2 + 2 * number), *words, module=SABOTEUR)
        return resumed(place, words, world.short_truth)

    return outcome("the clock jumps back", numbered(jump, 6))
