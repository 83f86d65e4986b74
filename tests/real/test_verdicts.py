"""The scenarios on real HAProxy releases, and on a release with the fix taken out again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bisector.build.toolchain import Toolchain
from bisector.git.history import History
from bisector.jobs.playground import make
from bisector.patch.model import Patch, Series, only_hunks
from bisector.probing.context import Context
from bisector.probing.probe import probe
from bisector.record.verdict import Result, Verdict
from bisector.system import apt, debian
from bisector.system.debian import SourceTree
from bisector.system.workspace import Workspace
from bisector.testing import scenario_loader
from tests.support.grounds import RELEASE_ONLY
from tests.support.obtain import obtain
from tests.support.real import broken, context

# which way each code hunk's function is reached (see the scenario's story)
ERROR, ANSWER = "nxdomain", "empty"


def by_gcc(ready: Context) -> Toolchain:
    """gcc, where the context would search with tcc."""
    return ready.toolchains.fallback or ready.toolchains.search


def fastest(ready: Context) -> Toolchain:
    """The one that the context searches with: tcc, where there is one."""
    return ready.toolchains.search


def verdict_on(
    workspace: Workspace, source: SourceTree, name: str, built: Callable[[Context], Toolchain]
) -> Result:
    """The verdict of a scenario's default variant on a released source."""
    ground = make(workspace, source.path, Series(()), RELEASE_ONLY)
    history = History.open(ground.path, workspace)
    ready = context(workspace, history, name)
    return probe(workspace, ready.request(history.tree_id(history.head().id), built(ready)))


@pytest.mark.parametrize(
    ("version", "scenario", "expected"),
    [
        ("2.6", "dns-flap", Verdict.GOOD),
        ("2.6", "dns-false-up", Verdict.UNTESTABLE),  # no events for Lua before 2.8
        ("3.0", "dns-flap", Verdict.GOOD),
        ("3.0", "dns-false-up", Verdict.GOOD),
    ],
)
def test_debians_releases(
    real_workspace: Workspace, version: str, scenario: str, expected: Verdict
) -> None:
    source = obtain(lambda: debian.fetch_source(real_workspace, version))
    result = verdict_on(real_workspace, source, scenario, by_gcc)
    assert result.verdict is expected, result


def test_newer_releases_are_good_where_the_mirror_has_them(
    real_workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """They come and go with Debian's suites, so what is not there is told and is no failure.

    Each is another source, which gcc takes half a minute for; releases above are built with it.
    """
    for series in ("3.2", "3.3", "3.4"):
        try:
            source = debian.fetch_source(real_workspace, series)
        except apt.AptProblem as problem:
            with capsys.disabled():
                print(f"\nnot to be had: HAProxy {series}: {problem}")
            continue
        result = verdict_on(real_workspace, source, "dns-flap", fastest)
        assert result.verdict is Verdict.GOOD, (source, result)


def test_without_the_fix_3_0_is_bad(
    real_workspace: Workspace, ground_history: History, series: Series
) -> None:
    tree = broken(real_workspace, ground_history, series.patches)
    ready = context(real_workspace, ground_history, "dns-flap")
    result = probe(real_workspace, ready.request(tree, ready.toolchains.search))
    assert result.verdict is Verdict.BAD
    assert ":0)" in result.ruling.evidence[0]


def test_with_the_first_patch_alone_it_trades_one_bug_for_the_other(
    real_workspace: Workspace, ground_history: History, series: Series
) -> None:
    tree = broken(real_workspace, ground_history, series.patches[1:])
    verdicts = {}
    for name in ("dns-flap", "dns-false-up"):
        ready = context(real_workspace, ground_history, name)
        verdicts[name] = probe(real_workspace, ready.request(tree, ready.toolchains.search)).verdict
    assert verdicts == {"dns-flap": Verdict.GOOD, "dns-false-up": Verdict.BAD}


# A hunk of src/server.c by its number in the first patch (the first hunk there is a comment in
# src/resolvers.c), in the second one it is one less; and the failure whose way leads through it.
# The middle one is dead code: it wants an address to be missing and the answer to be invalid at
# once, which resolv_get_ip_from_response() never says.
@pytest.mark.parametrize(
    ("hunk", "failure", "expected"),
    [
        (1, ANSWER, Verdict.BAD),
        (1, ERROR, Verdict.GOOD),
        (2, ANSWER, Verdict.GOOD),
        (2, ERROR, Verdict.GOOD),
        (3, ANSWER, Verdict.GOOD),
        (3, ERROR, Verdict.BAD),
    ],
)
@pytest.mark.parametrize("scenario", ["dns-flap", "dns-false-up"])
def test_each_hunk_is_noticed_by_the_variant_that_goes_through_it(
    real_workspace: Workspace,
    ground_history: History,
    series: Series,
    scenario: str,
    hunk: int,
    failure: str,
    expected: Verdict,
) -> None:
    fix, follow_up = series.patches
    taken_out: tuple[Patch, ...] = (only_hunks(follow_up, [hunk - 1]),)
    if scenario == "dns-flap":
        taken_out = (only_hunks(fix, [hunk]), *taken_out)
    tree = broken(real_workspace, ground_history, taken_out)
    ready = context(real_workspace, ground_history, scenario, failure=failure)
    assert probe(real_workspace, ready.request(tree, ready.toolchains.search)).verdict is expected


def test_every_variant_is_right_on_the_good_and_on_the_broken_release(
    real_workspace: Workspace, ground_history: History, series: Series
) -> None:
    """All parameters of dns-flap: SRV records bring their port back, so only they stay good."""
    good = ground_history.tree_id(ground_history.resolve("v3.0.11").id)
    bad = broken(real_workspace, ground_history, series.patches)
    scenario = scenario_loader.load("dns-flap")
    wrong = []
    for chosen in scenario.variants():
        settings = {name: str(value) for name, value in chosen.items()}
        ready = context(real_workspace, ground_history, "dns-flap", **settings)
        expected = Verdict.GOOD if chosen["record"] == "SRV" else Verdict.BAD
        for tree, wanted in ((good, Verdict.GOOD), (bad, expected)):
            result = probe(real_workspace, ready.request(tree, ready.toolchains.search))
            if result.verdict is not wanted:
                wrong.append((settings, result.ruling))
    assert not wrong
