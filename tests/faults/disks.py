"""Disks that refuse, as root can make them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.table import Experiment
from tests.faults.trials import SABOTEUR, Trial, not_one_line, numbered, outcome, resumed
from tests.faults.world import Place, World

ROOM = range(48, 384, 72)  # KiB; an undisturbed hunt takes 396
MORE_ROOM = "size=64m"


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
