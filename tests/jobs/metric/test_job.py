"""The name of a hunt for a metric's change: the same question has the same one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bisector.build.toolchain import Toolchains
from bisector.git.history import History
from bisector.jobs.metric.job import metric_id
from bisector.jobs.metric.question import MetricQuestion
from bisector.probing.context import Context
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace
from bisector.testing.oracles.measurement import Measurement
from tests.support.clone import Clone
from tests.support.toolchains import GCC, TCC


def test_each_part_of_the_question_is_part_of_the_name(clone: Clone, workspace: Workspace) -> None:
    line = clone.line(4)
    history = History.open(clone.path, workspace)
    oracle = Measurement.of_option("cpu", bad_if=None, skip_if=None)
    context = Context(
        workspace, history, Toolchains(TCC, GCC), oracle, (Tool(Path("/h2load"), "h2load", "id"),)
    )
    question = MetricQuestion(history.range(f"{line[0]}..master"), GCC)
    names = [
        metric_id(question, context),
        metric_id(replace(question, range=history.range(f"{line[1]}..master")), context),
        metric_id(replace(question, proof=None), context),
        metric_id(replace(question, proof=replace(GCC, identity="other")), context),
        metric_id(replace(question, threshold=0.01), context),
        metric_id(replace(question, every=True), context),
        metric_id(replace(question, hint="dns"), context),
        metric_id(question, replace(context, oracle=oracle.with_extra("load", "rules"))),
        metric_id(question, replace(context, toolchains=Toolchains(GCC, GCC))),
    ]
    assert len(set(names)) == len(names)
    spelt = replace(question, range=history.range(f"{line[0][:12]}..HEAD"))
    assert metric_id(spelt, context) == names[0]
