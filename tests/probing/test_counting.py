"""What a test executes, counted with a tiny HAProxy and the real gcc."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bisector.build.toolchains.dev import Dev
from bisector.probing.context import Context
from bisector.probing.counting import Executed, executed
from bisector.system import tools
from bisector.system.slots import Slot
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.gcc_job import MAKEFILE, gcc_job, program

SOURCE = """\
#include <signal.h>
int usual(void) { return 1; }
int special(void) { return 2; }
int never(void) { return 3; }
int main(int argc, char **argv)
{
	usual();
	if (argc > 1)
		special();
	if (argc > 2)
		never();
	raise(SIGINT);
	return 0;
}
"""
# the test gives HAProxy an argument, the plain exchange does not
VTEST = """\
#!/bin/sh
for last; do :; done
case $last in
*own.vtc) "$HAPROXY_PROGRAM" x ;;
*) "$HAPROXY_PROGRAM" ;;
esac
exit 0
"""


@pytest.fixture
def context(
    clone: Clone, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Context:
    """A job on a machine without tcc."""
    clone.commit({"Makefile": MAKEFILE, "src/haproxy.c": SOURCE})
    return gcc_job(clone, workspace, program(tmp_path / "vtest", VTEST), monkeypatch)


def found(context: Context) -> Executed | str:
    revision = context.history.head().id
    return executed(context, revision, context.toolchains.search, Slot())


def test_what_only_the_test_executes_is_told_from_the_usual_and_from_the_rest(
    context: Context,
) -> None:
    names = {(path, name) for path, name in (("src/haproxy.c", "main"), ("src/haproxy.c", "usual"))}
    assert found(context) == Executed(frozenset([("src/haproxy.c", "special")]), frozenset(names))
    assert found(context) == found(context), "each starts from nothing"


def test_what_does_not_build_says_so(context: Context, clone: Clone) -> None:
    clone.commit({"src/haproxy.c": "int main(void) { return x; }\n"})
    said = found(context)
    assert isinstance(said, str)
    assert said.startswith("it does not build with counters: src/haproxy.c:1:")


def test_a_test_that_starts_no_haproxy_says_so(context: Context, tmp_path: Path) -> None:
    (tmp_path / "vtest").write_text("#!/bin/sh\nexit 0\n")
    said = found(context)
    assert isinstance(said, str)
    assert said.startswith("HAProxy wrote no counters")


def test_without_gcov_nothing_is_built(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "find_compiler", lambda name: None)
    assert found(context) == "no gcov on this machine: gcov comes with gcc"
    assert not (context.workspace.root / "trees").exists()


def test_a_toolchain_without_counters_says_why(context: Context) -> None:
    class Other(Dev):
        has_gcov = False

    other = Other("make", (), "id")
    toolchains = replace(context.toolchains, search=other)
    assert isinstance(found(replace(context, toolchains=toolchains)), str)
