"""The unit of work: plain data in, a verdict out."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import pygit2

from bisector.build import binaries
from bisector.build.binaries import Build
from bisector.build.toolchain import Toolchain
from bisector.record.verdict import Result, Ruling, Verdict
from bisector.system import cache
from bisector.system.sandbox import Sandbox
from bisector.system.slots import Lane
from bisector.system.workspace import Workspace, digest
from bisector.testing import guards, vtest
from bisector.testing.oracle import Oracle
from bisector.testing.timeouts import Pace
from bisector.testing.vtest_log import SKIPPED, TIMED_OUT, classify

# How a skipped test's reason begins: upstream's run-regtests.sh reads comments, VTest guards.
BY_COMMENT, BY_GUARD = "skipped, as run-regtests.sh does", "VTest skipped it: it needs"
TRIES = 2  # a test that could not tell may have met a busy moment; it says nothing yet


@dataclass(frozen=True)
class Probe:
    """One question: how does *tree*, built by *chain*, fare in *oracle*?

    ``store`` is the object store that holds the tree, ``run`` tells repetitions apart. What is
    built and found is the same in a ``sandbox`` and without, so it has no part in the key. It is
    tested ``again`` even if there is an answer, which another hunt may have come to meanwhile.
    """

    store: str
    tree: str
    chain: Toolchain
    oracle: Oracle
    vtest: str
    vtest_identity: str
    run: int = 0
    sandbox: Sandbox | None = None
    again: bool = True

    def key(self, binary_key: str) -> str:
        """The verdict's key: what is built, what is run, by what it is run, how often before."""
        tested_by = (self.oracle.digest, self.vtest_identity, vtest.haproxy_args())
        return digest(binary_key, *tested_by, str(self.run))


def key_of(request: Probe) -> str:
    """The key under which the verdict on *request* is known, without building anything."""
    store = pygit2.Repository(request.store)
    return request.key(binaries.build_key(store, request.tree, request.chain))


def probe(workspace: Workspace, request: Probe, lane: Lane | None = None) -> Result:
    """Build and test. Raises ProbeFailed and the like when the machine, not the source, fails."""
    lane = replace(lane or Lane(), sandbox=request.sandbox)
    store = pygit2.Repository(request.store)
    with binaries.built(workspace, store, request.tree, request.chain, lane) as built:
        key = request.key(built.key)
        if built.problem:
            ruling = Ruling(Verdict.UNBUILDABLE, built.problem)
            log, remark = str(built.log), built.remark
            return Result(ruling, key, build_seconds=built.seconds, log=log, remark=remark)
        result = _test_alone(workspace, request, key, built, lane)
    return replace(result, remark=built.remark)


def _test_alone(workspace: Workspace, request: Probe, key: str, built: Build, lane: Lane) -> Result:
    """What the test says of a binary; where two hunts want to know, one of them asks."""
    with workspace.alone_with(key, lane.stop):
        if not request.again and (found := recall(workspace, key)):
            return replace(found, build_seconds=built.seconds, test_seconds=0.0)
        result = _test(workspace, request, key, built, lane)
        remember(workspace, result)
        return result


def _test(workspace: Workspace, request: Probe, key: str, built: Build, lane: Lane) -> Result:
    """What the test says of a binary."""
    seconds, oracle, pace = 0.0, request.oracle, Pace(workspace)
    text, shell = vtest.text_of(oracle), partial(vtest.run_shell, oracle, built.binary, lane)
    with workspace.log(f"{key}.vtest.log") as (draft, log):
        if unmet := guards.unmet(text, shell):
            draft.write_text("".join(f"does not hold: {comment}\n" for comment in unmet))
            ruling = Ruling(Verdict.UNTESTABLE, f"{BY_COMMENT}: {', '.join(unmet)}", unmet)
            return Result(ruling, key, built.content, built.seconds, log=str(log))
        for attempt in range(TRIES):
            patient = replace(oracle, seconds=pace.limit(oracle.name, oracle.seconds, attempt > 0))
            run = vtest.run_test(Path(request.vtest), patient, built.binary, draft, lane)
            ruling = classify(run, oracle)
            seconds += run.seconds
            if run.status == 0:
                pace.passed(oracle.name, run.seconds)
            if ruling.verdict.tested or not _may_be_chance(ruling, oracle):
                break
        if run.status == SKIPPED and (needed := guards.failed_guard(text, shell)):
            ruling = replace(ruling, reason=f"{BY_GUARD} {needed}")
    return Result(ruling, key, built.content, built.seconds, seconds, str(log))


def _may_be_chance(ruling: Ruling, oracle: Oracle) -> bool:
    """Is it worth to ask again? A scenario's test works, or else tells in half a second."""
    return oracle.control is not None or ruling.reason.startswith(TIMED_OUT)


def remember(workspace: Workspace, result: Result) -> None:
    """Keep a verdict for later hunts; only knowledge about the source, no mishap, is kept."""
    if result.verdict.tested:
        path = workspace.folder("verdicts", result.key[:2]) / result.key
        workspace.write(path, json.dumps(asdict(result)).encode())


def recall(workspace: Workspace, key: str) -> Result | None:
    """The verdict that an earlier hunt reached on the same question, if its log is still there."""
    try:
        path = workspace.root / "verdicts" / key[:2] / key
        kept = json.loads(path.read_text())
        ruling = kept.pop("ruling")
        evidence = tuple(ruling["evidence"])
        result = Result(Ruling(Verdict(ruling["verdict"]), ruling["reason"], evidence), **kept)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if result.key != key or not Path(result.log).exists():
        return None
    cache.touch(path)
    return result
