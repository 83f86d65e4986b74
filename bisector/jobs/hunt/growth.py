"""Learn how much memory grows without the bug, if it grows at both ends of a range."""

from __future__ import annotations

from dataclasses import replace

from bisector.jobs.hunt.learning import learnt_in, repeat
from bisector.probing.prober import Prober
from bisector.record.events import Probed
from bisector.record.growth import Growth
from bisector.record.verdict import Verdict


def learn_growth(prober: Prober, old: Probed, new: Probed) -> None:
    """If memory grows at both ends, but more at one: record that as the bug, by its growth there.

    Nothing is recorded if it grows alike, or if the test does not measure memory.
    """
    ends = (old, new)
    if prober.learnt or not all(end.growth and end.verdict is Verdict.BAD for end in ends):
        return
    first, second = ([end, *repeat(prober, end)] for end in ends)
    for good, bad in ((first, second), (second, first)):
        usual = Growth(good[0].name, tuple(step for run in good for step in run.growth))
        if all(run.verdict is Verdict.BAD and usual.is_exceeded_by(run.growth) for run in bad):
            prober.learn(replace(learnt_in(bad), usual=usual))
