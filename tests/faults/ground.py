"""A hunt over real HAProxy that is killed at random moments, beside one that is not."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from bisector.jobs import playground
from bisector.patch import load
from bisector.probing import setup
from bisector.record.events import Found
from bisector.system import debian
from tests.faults.table import Context, Experiment
from tests.faults.trials import ended_within, resumed, row
from tests.faults.world import Place, Told, fetch_tools
from tests.support.grounds import SMALL

KILLS = int(os.environ.get("BISECTOR_GROUND_KILLS", "12"))
SECONDS = 5.0  # at most, from one kill to the next; a build takes three
FAULT = "SIGKILL at a random moment, real HAProxy"


def experiments(context: Context) -> Iterator[Experiment]:
    """The only one."""
    tools = fetch_tools(context)
    source = debian.fetch_source(context.workspace, "3.0")
    series = load.load(setup.bundled_patches("dns-flap"))
    ground = playground.make(context.workspace, source.path, series, SMALL)
    words = ("run", ground.range, "--repo", str(ground.path), "--confirm", "none")
    place, undisturbed = (Place(context.folder / name, tools) for name in ("killed", "left-alone"))
    with ThreadPoolExecutor() as pool:
        pool.submit(undisturbed.run, *words)
        kills = killed(place, words)
    # a binary holds the workspace's path
    truth = replace(Told.by(undisturbed.events()), binaries={})
    found = {event.what: event.revisions for event in truth.answer if isinstance(event, Found)}
    known = {"introduction": (ground.regression,), "fix": (ground.heal,)}
    losses = [] if found == known else [f"left alone, it finds {found}"]
    yield row(FAULT, kills, [*losses, resumed(place, words, truth)])


def killed(place: Place, words: tuple[str, ...]) -> int:
    """Begin the hunt and kill it again and again; how often it came to that."""
    chance = random.Random(1)
    for kill in range(KILLS):
        if ended_within(place.begin(*words), chance.uniform(0, SECONDS)):
            return kill
    return KILLS
