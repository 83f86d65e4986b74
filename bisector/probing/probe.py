"""The unit of work: plain data in, a verdict out."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pygit2

from bisector.build import binaries
from bisector.build.binaries import Build
from bisector.build.toolchain import Toolchain
from bisector.record.verdict import Result, Ruling, Verdict
from bisector.system import cache
from bisector.system.sandbox import Sandbox
from bisector.system.slots import Slot
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace, digest
from bisector.testing.oracle import Oracle, Trial
from bisector.testing.timeouts import Pace

TRIES = 2  # a run that was neither good nor bad may have met a busy moment


@dataclass(frozen=True)
class Probe:
    """One question: how does *tree*, built by *chain*, fare in *oracle*?

    ``store`` is the path of the object store that holds the tree, ``tools`` are those that the
    oracle needs, and ``run`` tells repetitions apart. The result is the same in a ``sandbox`` and
    without, so that is no part of the key. With ``again`` it is tested even if a verdict is
    cached, which another hunt may have reached meanwhile.
    """

    store: str
    tree: str
    chain: Toolchain
    oracle: Oracle
    tools: tuple[Tool, ...]
    run: int = 0
    sandbox: Sandbox | None = None
    again: bool = True

    def key(self, binary_key: str) -> str:
        """The verdict's key: what is built, what is run and with what, how often before."""
        tools = (tool.identity for tool in self.tools)
        return digest(
            binary_key, self.oracle.digest, *tools, *self.oracle.conditions(), str(self.run)
        )


def key_of(request: Probe) -> str:
    """The key under which the verdict on *request* is known, without building anything."""
    store = pygit2.Repository(request.store)
    return request.key(binaries.build_key(store, request.tree, request.chain))


def probe(workspace: Workspace, request: Probe, slot: Slot | None = None) -> Result:
    """Build and test. Raises ProbeFailed and the like when the machine, not the source, fails."""
    slot = replace(slot or Slot(), sandbox=request.sandbox)
    store = pygit2.Repository(request.store)
    with binaries.built(workspace, store, request.tree, request.chain, slot) as built:
        key = request.key(built.key)
        if built.problem:
            ruling = Ruling(Verdict.UNBUILDABLE, built.problem)
            log, remark = str(built.log), built.remark
            return Result(ruling, key, build_seconds=built.seconds, log=log, remark=remark)
        result = _test_alone(workspace, request, key, built, slot)
    return replace(result, remark=built.remark)


def _test_alone(workspace: Workspace, request: Probe, key: str, built: Build, slot: Slot) -> Result:
    """What the test says of a binary; where two hunts want to know, one of them asks."""
    with workspace.alone_with(key, slot.stop):
        if not request.again and (found := recall(workspace, key)):
            return replace(found, build_seconds=built.seconds, test_seconds=0.0)
        result = _test(workspace, request, key, built, slot)
        remember(workspace, result)
        return result


def _test(workspace: Workspace, request: Probe, key: str, built: Build, slot: Slot) -> Result:
    """What the test says of a binary."""
    seconds, oracle, pace = 0.0, request.oracle, Pace(workspace)
    with workspace.log(f"{key}.vtest.log") as (draft, log):
        for attempt in range(TRIES):
            limit = pace.limit(oracle.name, oracle.seconds, attempt > 0)
            ruling = oracle.run(Trial(built.binary, draft, request.tools, limit, slot))
            seconds += ruling.seconds
            if ruling.verdict is Verdict.GOOD:
                pace.passed(oracle.name, ruling.seconds)
            if ruling.verdict.tested or not oracle.may_differ(ruling):
                break
    return Result(ruling, key, built.content, built.seconds, seconds, str(log))


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
        ruling |= {"verdict": Verdict(ruling["verdict"]), "evidence": tuple(ruling["evidence"])}
        result = Result(Ruling(**ruling), **kept)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if result.key != key or not Path(result.log).exists():
        return None
    cache.touch(path)
    return result
