"""The coverage map of HAProxy's own reg-tests, and the tests that it names for a change."""

from __future__ import annotations

import pytest

from bisector.git.history import History
from bisector.jobs.queue.coverage_map import CoverageMap
from bisector.jobs.queue.map_reg_tests import coverage_map
from bisector.jobs.queue.reg_test_check import choose
from bisector.system.workspace import Workspace
from tests.support.real import context, edited, with_few_reg_tests

TESTS = [f"reg-tests/converter/{name}.vtc" for name in ("bytes", "field", "word")]

# of src/sample.c: a converter, one that no test uses, and what all converters are called by
CONVERTER = "sample_conv_field(const"
UNUSED = "sample_conv_crc32(const"
COMMON = "sample_process_cnv(struct"


@pytest.fixture(scope="module")
def tip(ground_history: History) -> str:
    return ground_history.resolve("v3.0.11").id


@pytest.fixture(scope="module")
def coverage(real_workspace: Workspace, ground_history: History, tip: str) -> CoverageMap:
    """The map of TESTS at the tip."""
    tree = with_few_reg_tests(ground_history.store, ground_history.tree_id(tip), TESTS)
    ready = context(real_workspace, ground_history, "dns-flap")
    lines: list[str] = []
    found = coverage_map(ready, tree, lines.append)
    assert isinstance(found, CoverageMap), found
    assert coverage_map(ready, tree, lambda line: pytest.fail("it is cached")) == found
    return found


def test_a_change_chooses_the_tests_that_execute_the_function_and_no_others(
    ground_history: History, tip: str, coverage: CoverageMap
) -> None:
    def chosen(function: str) -> list[str]:
        """The tests for a change of the function that is defined so."""
        text = function.replace("(", "(/* changed */ ")
        after = edited(ground_history, tip, "src/sample.c", function, text)
        choice = choose(ground_history, ground_history.tree_id(tip), after, coverage)
        assert choice.functions == {("src/sample.c", function.partition("(")[0])}
        return sorted(choice.tests)

    assert list(coverage.tests) == TESTS, coverage.untestable
    assert chosen(CONVERTER) == ["reg-tests/converter/field.vtc"]
    assert chosen(UNUSED) == []
    assert chosen(COMMON) == TESTS
