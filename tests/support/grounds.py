"""Playgrounds for tests, beside the one of `bisector demo`."""

from __future__ import annotations

from bisector.jobs.playground import PlaygroundPlan

SMALL = PlaygroundPlan(
    commits=14,
    regression=4,
    heal=11,
    documents=frozenset({1, 3}),
    unbuildable=range(6, 8),
    untestable=range(9, 10),
    releases={0: "v3.0.11", 5: "v3.1-dev1", 8: "v3.1-dev2", 12: "v3.1-dev3"},
)

RELEASE_ONLY = PlaygroundPlan(1, -1, -1, frozenset(), range(-2, -2), range(-2, -2), {0: "v0.0.0"})
