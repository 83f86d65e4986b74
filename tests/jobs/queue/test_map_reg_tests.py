"""The coverage map of a tiny HAProxy's reg-tests, made with the real gcc and kept in the cache."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bisector.build.toolchain import Toolchains
from bisector.build.toolchains.dev import Dev
from bisector.jobs.queue.coverage_map import CoverageMap
from bisector.jobs.queue.map_reg_tests import coverage_map
from bisector.probing.context import Context
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.gcc_job import MAKEFILE, gcc_job, program

SOURCE = """\
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
	return 0;
}
"""
# a case's text names how it goes
VTEST = """\
#!/bin/sh
for last; do :; done
echo "$last" >> "${0%/*}/ran"
grep -q skipped "$last" && exit 77
grep -q fails "$last" && exit 1
grep -q special "$last" && set -- x || set --
"$HAPROXY_PROGRAM" "$@"
"""
SPECIAL, PLAIN, SKIPPED, FAILING, BROKEN = (
    f"reg-tests/{name}.vtc"
    for name in ("a/special", "a/plain", "b/skipped", "b/failing", "b/broken")
)


@pytest.fixture
def vtest(tmp_path: Path) -> Path:
    return program(tmp_path / "vtest", VTEST)


@pytest.fixture
def context(
    clone: Clone, workspace: Workspace, vtest: Path, monkeypatch: pytest.MonkeyPatch
) -> Context:
    """A job on a machine without tcc."""
    monkeypatch.setenv("VTEST_PROGRAM", str(vtest))
    tests = {
        SPECIAL: 'vtest "special"\n',
        PLAIN: 'vtest "plain"\n',
        SKIPPED: 'vtest "skipped"\n',
        FAILING: 'vtest "fails"\n',
        BROKEN: "#REGTEST_TYPE=broken\n",
    }
    clone.commit({"Makefile": MAKEFILE, "src/haproxy.c": SOURCE, **tests})
    return gcc_job(clone, workspace, vtest, monkeypatch)


def head(context: Context) -> str:
    """The id of the head's tree."""
    return context.history.tree_id(context.history.head().id)


def mapped(context: Context) -> tuple[CoverageMap, list[str]]:
    """The map of the head's reg-tests, and the lines of progress."""
    lines: list[str] = []
    found = coverage_map(context, head(context), lines.append)
    assert isinstance(found, CoverageMap), found
    return found, lines


def ran(vtest: Path) -> list[str]:
    """The names of the tests that were run since the last call, without HAProxy's own exchange."""
    log = vtest.with_name("ran")
    names = [Path(line).name for line in log.read_text().split()] if log.exists() else []
    log.unlink(missing_ok=True)
    return sorted({name for name in names if name != "minimal.vtc"})


def test_the_map_has_what_each_test_executes_and_why_others_are_not_in_it(
    context: Context,
) -> None:
    found, lines = mapped(context)
    plain = {("src/haproxy.c", "main"), ("src/haproxy.c", "usual")}
    assert found.tests == {PLAIN: plain, SPECIAL: plain | {("src/haproxy.c", "special")}}
    assert found.untestable.keys() == {FAILING, SKIPPED}
    assert all(found.untestable.values())
    assert lines[-1] == "what each reg-test executes: 4 of 4"


def test_what_is_known_is_not_run_again(context: Context, vtest: Path) -> None:
    first, _ = mapped(context)
    assert len(ran(vtest)) == 4
    assert mapped(context) == (first, [])
    assert ran(vtest) == []


def test_an_interrupted_map_goes_on_where_it_was(
    context: Context, vtest: Path, workspace: Workspace
) -> None:
    def interrupt(line: str) -> None:
        if "2 of 4" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        coverage_map(context, head(context), interrupt)
    ran(vtest)
    found, lines = mapped(context)
    assert len(found.tests) + len(found.untestable) == 4
    assert len(ran(vtest)) == len(lines) == 2
    (home,) = (workspace.root / "coverage").iterdir()
    next(home.iterdir()).write_bytes(b"damaged")
    assert mapped(context)[0] == found
    assert len(ran(vtest)) == 1


def test_another_source_or_other_tests_have_another_map(
    context: Context, clone: Clone, vtest: Path
) -> None:
    mapped(context)
    ran(vtest)
    clone.commit({"doc/x.txt": "text"})
    mapped(context)
    assert ran(vtest) == [], "what neither builds nor tests read"
    clone.commit({SPECIAL: 'vtest "other"\n'})
    assert len(mapped(context)[0].tests[SPECIAL]) == 2
    clone.commit({"src/haproxy.c": SOURCE.replace("usual", "other")})
    assert ("src/haproxy.c", "other") in mapped(context)[0].tests[PLAIN]


def test_a_branch_without_reg_tests_has_an_empty_map(context: Context, clone: Clone) -> None:
    clone.commit(dict.fromkeys([SPECIAL, PLAIN, SKIPPED, FAILING, BROKEN]))
    assert mapped(context) == (CoverageMap({}, {}), [])


def test_without_counters_or_a_build_there_is_no_map_but_a_reason(
    context: Context, clone: Clone
) -> None:
    class Other(Dev):
        has_gcov = False

    other = replace(context, toolchains=Toolchains(Other("make", (), "id")))
    found = coverage_map(other, head(context), lambda line: None)
    assert isinstance(found, str)
    clone.commit({"src/haproxy.c": "int main(void) { return x; }\n"})
    found = coverage_map(context, head(context), lambda line: None)
    assert isinstance(found, str)
    assert found.startswith("it does not build with counters: src/haproxy.c:1:")
