"""Programs that hang, and a machine that is busy: no wrong verdict, and a hang costs two tries.

BISECTOR_SLOW_RUNS is how many tests are run on the busy machine, half of them on good binaries.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bisector.build.toolchains.dev import Dev
from bisector.git.history import History
from bisector.git.object_store import private_store
from bisector.jobs import playground
from bisector.patch import load
from bisector.probing import setup
from bisector.probing.options import Options
from bisector.probing.probe import Probe, probe
from bisector.record.verdict import Result, Verdict
from bisector.system import debian
from bisector.system.slots import Slot, cores
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace
from bisector.testing import scenario_loader
from bisector.testing.oracle import TIMED_OUT, Oracle
from bisector.testing.oracles.vtest_case import VTestCase
from bisector.testing.timeouts import AGAIN, MOST_CROWDED
from bisector.testing.vtest import OUTER
from tests.faults.table import Context, Experiment
from tests.support.clone import Clone
from tests.support.grounds import SMALL
from tests.support.real import broken

RUNS = int(os.environ.get("BISECTOR_SLOW_RUNS", "264"))
BUSY, WIDE = 8, 8  # loops that do nothing else, tests at a time
PATIENCE = 1.0  # seconds for what hangs, on an idle machine
TELLING = 0.98  # of the tests, what has to come to a verdict on the busy machine

# Stand-ins for HAProxy that know what it is asked for its features; they do not end when told to
_KNOWS = 'case "$*" in *-cc*|*-v*) exit 0;; esac; trap "" INT TERM; '
_HANGS = {
    "HAProxy hangs at its start": _KNOWS + "while sleep 1; do :; done",
    "HAProxy spins at 100 %": _KNOWS + "while :; do :; done",
    "HAProxy hangs when asked for its features": 'trap "" INT TERM; while sleep 1; do :; done',
}
_WAITS = 'varnishtest "waits for ever"\nserver s1 {\n\trxreq\n} -start\nserver s1 -wait\n'


def experiments(context: Context) -> Iterator[Experiment]:
    """What hangs, and beside it good and bad binaries on a busy machine."""
    workspace = context.workspace
    debian.fetch_lua(workspace)
    debian.fetch_bwrap(workspace)
    vtest = debian.fetch_vtest(workspace)
    with ThreadPoolExecutor() as pool:
        hanging = pool.submit(lambda: list(_hangs(context.folder, str(vtest.path))))
        yield from _busy(workspace)
        yield from hanging.result()


# -- what hangs ------------------------------------------------------------------------------------


def _hangs(folder: Path, vtest: str) -> Iterator[Experiment]:
    flap = scenario_loader.load("dns-flap")
    oracle = replace(flap.vtest_case(flap.choose({})), seconds=PATIENCE)
    case = folder / "waits.vtc"
    case.write_text(_WAITS)
    waits = replace(VTestCase.of_option(str(case), bad_if=None, skip_if=None), seconds=PATIENCE)
    worlds = {fault: (script, oracle) for fault, script in _HANGS.items()}
    worlds["a test waits for ever"] = ("exit 0", waits)
    places = [folder / str(number) for number in range(len(worlds))]
    with ThreadPoolExecutor(len(worlds)) as pool:
        asked = zip(*worlds.values(), strict=True)
        results = list(pool.map(_probed, places, *asked, itertools.repeat(vtest)))
    for fault, result in zip(worlds, results, strict=True):
        timed_out = result.verdict is Verdict.UNTESTABLE
        timed_out &= TIMED_OUT in result.ruling.reason
        in_time = result.test_seconds < PATIENCE * MOST_CROWDED * (1 + AGAIN) * OUTER + 5
        said = f"{result.verdict}: {result.ruling.reason[:60]}, {result.test_seconds:.1f} s"
        yield Experiment(fault, 1, int(timed_out and in_time), said)


def _probed(folder: Path, script: str, oracle: Oracle, vtest: str) -> Result:
    """The verdict on a source whose binary is a shell *script*."""
    folder.mkdir()
    clone, workspace = Clone(folder / "clone"), Workspace(folder / "workspace")
    makefile = "haproxy: src/haproxy.sh\n\tcp $< $@\n\tchmod +x $@\n"
    files = {"Makefile": makefile, "src/haproxy.sh": f"#!/bin/sh\n{script}\n"}
    tree = clone.tree(files, clone.commit({}))
    toolchain = Dev(shutil.which("make") or "make", (), "nobody's")
    store = private_store(clone.git, workspace)
    return probe(
        workspace, Probe(store.path, tree, toolchain, oracle, (Tool(Path(vtest), "vtest", "any"),))
    )


# -- a busy machine --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Run:
    """A question whose answer is known."""

    request: Probe
    expected: Verdict


def _busy(workspace: Workspace) -> Iterator[Experiment]:
    runs = _runs(workspace)
    with _load(), ThreadPoolExecutor(WIDE) as pool:
        results = list(pool.map(lambda run: probe(workspace, run.request, Slot(cores())), runs))
    for expected in (Verdict.GOOD, Verdict.BAD):
        told = [
            result for run, result in zip(runs, results, strict=True) if run.expected is expected
        ]
        count = Counter(result.verdict for result in told)
        reasons = Counter(r.ruling.reason[:60] for r in told if r.verdict is Verdict.UNTESTABLE)
        wrong = len(told) - count[expected] - count[Verdict.UNTESTABLE]
        # a test that tells nothing is never wrong, and is of no use either
        lost = wrong if count[expected] >= TELLING * len(told) else len(told) - count[expected]
        slowest = max(result.test_seconds for result in told)
        detail = f"{count[expected]} right, {wrong} wrong, {sum(reasons.values())} untestable"
        detail += f" {dict(reasons)}" if reasons else ""
        fault = f"{expected} HAProxy, {BUSY} busy loops, {WIDE} tests at once"
        yield Experiment(fault, len(told), len(told) - lost, f"{detail}; at most {slowest:.1f} s")


def _runs(workspace: Workspace) -> list[_Run]:
    """RUNS questions on HAProxy 3.0 as it is and with the scenarios' bugs; all of it is built."""
    source = debian.fetch_source(workspace, "3.0")
    series = load.load(setup.bundled_patches("dns-flap"))
    ground = playground.make(workspace, source.path, series, SMALL)
    history = History.open(ground.path, workspace)
    good = history.tree_id(history.resolve("v3.0.11").id)
    options = Options(scenario="dns-flap")
    context = setup.find_context(options, workspace, history, setup.find_test(options))
    toolchain, runs = context.toolchains.search, []
    for name, patches in (("dns-flap", series.patches), ("dns-false-up", series.patches[1:])):
        bad = broken(workspace, history, patches)
        scenario = scenario_loader.load(name)
        for chosen in scenario.crossed():
            # an SRV record brings the port along: nothing is wrong with it
            wrong = Verdict.GOOD if chosen["record"] == "SRV" else Verdict.BAD
            oracle = scenario.vtest_case(chosen)
            for tree, expected in ((good, Verdict.GOOD), (bad, wrong)):
                runs.append(_Run(context.request(tree, toolchain, oracle=oracle), expected))
    for run in {run.request.tree: run for run in runs}.values():
        probe(workspace, run.request)
    again = itertools.islice(itertools.cycle(runs), RUNS)
    return [replace(run, request=replace(run.request, run=n)) for n, run in enumerate(again)]


@contextmanager
def _load() -> Iterator[None]:
    """Keep the processors busy beside."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BUSY)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
