"""The culprit of the small playground, reduced to the hunk that the test goes through."""

from __future__ import annotations

from bisector.jobs.playground import Playground
from bisector.record.events import Reduced
from bisector.system.workspace import Workspace
from tests.support.real import bisector, hunts_over, made


def test_after_a_hunt_only_the_hunks_are_tried(
    real_workspace: Workspace, ground: Playground
) -> None:
    words = ("run", ground.range, "--repo", str(ground.path), "--set", "servers=3")
    assert bisector(*words, "--fresh").returncode == 0
    before = hunts_over(real_workspace, ground)

    done = bisector(*words, "--hunks")

    assert done.returncode == 0, done.stdout + done.stderr
    after = hunts_over(real_workspace, ground)
    ((path, events),) = ((p, events) for p, events in after.items() if events != before[p])
    assert events[: len(before[path])] == before[path]
    assert len(made(events)) == len(set(made(events)))
    (reduced,) = (event for event in events if isinstance(event, Reduced))
    assert reduced.revision == ground.regression
    (kept,) = reduced.kept
    assert "snr_resolution_error_cb" in kept, "what the default failure goes through"
    assert reduced.total > 1 and reduced.problem == ""
