"""How a fault is tried: bring it about, let the hunt come to its end, and see what was lost."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.faults.table import Experiment
from tests.faults.world import Place, Told, kill, notes, repeated

SIDE_BY_SIDE = 2
SABOTEUR = ("tests.faults.saboteur",)

Trial = Callable[[], str]
"""Brings a fault about; what was lost, '' if nothing."""


def outcome(fault: str, trials: Iterable[Trial]) -> Experiment:
    """Try them all, some side by side."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        losses = list(pool.map(lambda trial: trial(), trials))
    return row(fault, len(losses), losses)


def row(fault: str, tried: int, losses: Iterable[str], detail: str = "") -> Experiment:
    """The row of a table; of *losses*, those that are none are ''."""
    lost = [loss for loss in losses if loss]
    return Experiment(fault, tried, tried - len(lost), "; ".join(lost[:3]) or detail)


def ended_within(child: subprocess.Popen[str], seconds: float) -> bool:
    """Did it come to its end so soon? Else it is killed."""
    try:
        child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        kill(child)
        return False
    return True


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


def numbered(trial: Callable[[int], str], count: int) -> list[Trial]:
    """*count* trials that differ by their numbers."""

    def of(number: int) -> Trial:
        return lambda: trial(number)

    return [of(number) for number in range(count)]
