"""A hunt's name: the same question on the same machine has the same one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bisector.build.toolchain import Toolchains
from bisector.build.toolchains.dev import Dev
from bisector.git.history import History
from bisector.jobs.hunt.job import hunt_id
from bisector.jobs.hunt.question import HuntQuestion
from bisector.probing.context import Context
from bisector.probing.setup import find_series
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace
from bisector.testing.oracles.vtest_case import VTestCase
from bisector.testing.scenario import Known
from tests.support.clone import Clone


def test_each_part_of_the_question_and_of_the_machine_is_part_of_the_name(
    clone: Clone, workspace: Workspace
) -> None:
    line = clone.line(4)
    history = History.open(clone.path, workspace)
    tool, toolchain = Tool(Path("/vtest"), "vtest", "id"), Dev("make", (), "id")
    context = Context(
        workspace, history, Toolchains(toolchain), VTestCase("a", "digest", "a.vtc"), (tool,)
    )
    span = history.range(f"{line[0]}..master")
    question = HuntQuestion(span)
    other_series = find_series([line[1]], Known(), history)
    names = [
        hunt_id(question, context),
        hunt_id(replace(question, range=history.range(f"{line[1]}..master")), context),
        hunt_id(replace(question, series=other_series), context),
        hunt_id(replace(question, blind=True), context),
        hunt_id(question, replace(context, oracle=replace(context.oracle, digest="other"))),
        hunt_id(
            question, replace(context, toolchains=Toolchains(replace(toolchain, identity="other")))
        ),
        hunt_id(question, replace(context, toolchains=Toolchains(toolchain, proof=toolchain))),
        hunt_id(replace(question, hint="dns"), context),
        hunt_id(replace(question, flaky=True), context),
        hunt_id(question, replace(context, tools=(replace(tool, identity="other"),))),
    ]
    assert len(set(names)) == len(names)
    spelt = replace(question, range=history.range(f"{line[0][:12]}..HEAD"))
    assert hunt_id(spelt, context) == names[0]
    assert hunt_id(replace(question, hunks=True), context) == names[0], "it only adds to the answer"
