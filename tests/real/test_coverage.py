"""Which of a patch's lines a test executes, on a real HAProxy with gcov's counters."""

from __future__ import annotations

import pytest

from bisector.git.history import History
from bisector.jobs import reg_test_files
from bisector.jobs.verify.coverage import measure
from bisector.probing.counting import Executed, executed
from bisector.system import tools
from bisector.system.slots import Slot
from bisector.system.workspace import Workspace
from bisector.testing.oracles.vtest_case import VTestCase
from tests.support.real import context, edited

PATCH = """\
field = 1;
		/* nobody asks for that */
		if (field == 2)
			field = 1;
		field += 0;"""


def test_an_executed_line_is_told_from_a_missed_one_and_from_a_comment(
    real_workspace: Workspace, ground_history: History
) -> None:
    """The test ends HAProxy by a signal, as VTest does with every one."""
    if not tools.find_compiler("gcov"):
        pytest.skip("no gcov on this machine")
    revision = ground_history.resolve("v3.0.11").id
    after = edited(ground_history, revision, "src/sample.c", "field = 1;", PATCH)
    ready = context(real_workspace, ground_history, "dns-flap")
    with reg_test_files.exported(real_workspace, ground_history.store, after) as home:
        case = home / "reg-tests/converter/field.vtc"
        oracle = VTestCase.of_option(str(case), bad_if=None, skip_if=None)
        (event,) = measure(ready, revision, after, [oracle])

    assert not event.problem
    first = event.executed[0]
    assert (event.path, event.executed) == ("src/sample.c", (first, first + 2))
    assert event.missed == (first + 1,)
    assert [text.strip() for text in event.text] == ["field = 1;"]


@pytest.mark.parametrize("name", ["fast", "dev"])
def test_what_only_a_test_executes_is_told_from_what_every_exchange_does(
    real_workspace: Workspace, ground_history: History, name: str
) -> None:
    """VTest ends each HAProxy by a signal."""
    ready = context(real_workspace, ground_history, "dns-flap")
    toolchains = ready.toolchains
    toolchain = toolchains.search if name == toolchains.search.name else toolchains.fallback
    if toolchain is None or (name == "dev" and not tools.find_compiler("gcov")):
        pytest.skip(f"no {name} with counters on this machine")
    revision = ground_history.resolve("v3.0.11").id
    found = executed(ready, revision, toolchain, Slot(sandbox=ready.sandbox))
    assert isinstance(found, Executed), found
    only, usual = ({name for _, name in some} for some in (found.only, found.usual))
    assert "resolv_process_responses" in only
    assert "http_wait_for_request" in usual
    assert "http_wait_for_request" not in only
    assert "peer_session_create" not in only | usual, "there are no peers"
    assert ("src/resolvers.c", "resolv_process_responses") in found.only
