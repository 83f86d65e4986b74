"""The unit of work: build a tree, run the oracle on the binary, and give the verdict."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pygit2

from bisector.build import binaries
from bisector.build.binaries import Build
from bisector.build.toolchain import Toolchain
from bisector.record.verdict import Result, Verdict
from bisector.system import cache
from bisector.system.files import digest
from bisector.system.sandbox import Sandbox
from bisector.system.slots import Slot
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace
from bisector.testing.oracle import Oracle, Trial
from bisector.testing.timeouts import UsualTimes

# Part of a verdict's key: changes with the rules by which logs are judged.
RULES = "2"
TRIES = 2  # a run that was neither good nor bad may be due to a busy moment


@dataclass(frozen=True)
class Probe:
    """A request, as plain data: run *oracle* on *tree*, built by *toolchain*.

    ``store`` is the path of the object store that holds the tree, ``tools`` are those that the
    oracle needs, and ``run`` tells repetitions apart. If ``again``, the test is run even if another
    job has cached the verdict meanwhile. ``sandbox`` is no part of the key: the result is the same
    without it.
    """

    store: str
    tree: str
    toolchain: Toolchain
    oracle: Oracle
    tools: tuple[Tool, ...]
    run: int = 0
    sandbox: Sandbox | None = None
    again: bool = True

    def key(self, binary_key: str) -> str:
        """The verdict's key: a digest of the binary's key, the oracle, its tools and the run."""
        tools = (tool.identity for tool in self.tools)
        return digest(
            RULES,
            *(binary_key, self.oracle.digest),
            *(*tools, *self.oracle.conditions()),
            str(self.run),
        )


def key_of(request: Probe) -> str:
    """The key of the verdict on *request*; nothing is built for it."""
    store = pygit2.Repository(request.store)
    return request.key(binaries.build_key(store, request.tree, request.toolchain))


def probe(workspace: Workspace, request: Probe, slot: Slot | None = None) -> Result:
    """Build and test. Raises ProbeFailed and other EnvironmentProblems, Stopped if cancelled."""
    slot = replace(slot or Slot(), sandbox=request.sandbox)
    store = pygit2.Repository(request.store)
    with binaries.built(workspace, store, request.tree, request.toolchain, slot) as built:
        key = request.key(built.key)
        if built.problem:
            ruling = request.oracle.of_failed_build(built.problem, built.log)
            result = Result(ruling, key, build_seconds=built.seconds, log=str(built.log))
            remember(workspace, result)
        else:
            result = _test_locked(workspace, request, key, built, slot)
    return replace(result, remark=built.remark)


def _test_locked(
    workspace: Workspace, request: Probe, key: str, built: Build, slot: Slot
) -> Result:
    """Test a binary under a lock on *key*, so that of several jobs one runs the test."""
    with workspace.alone_with(key, slot.stop):
        if not request.again and (found := recall(workspace, key)):
            return replace(found, build_seconds=built.seconds, test_seconds=0.0)
        result = _test(workspace, request, key, built, slot)
        remember(workspace, result)
        return result


def _test(workspace: Workspace, request: Probe, key: str, built: Build, slot: Slot) -> Result:
    """Run the oracle on a binary, again if that could change the ruling."""
    seconds, oracle, pace = 0.0, request.oracle, UsualTimes(workspace)
    with workspace.log(f"{key}.vtest.log") as (draft, log):
        for attempt in range(TRIES if oracle.patient else 1):
            limit = pace.limit(oracle.name, oracle.seconds, attempt > 0)
            ruling = oracle.run(Trial(built.binary, draft, request.tools, limit, slot))
            seconds += ruling.seconds
            if ruling.verdict is Verdict.GOOD:
                pace.passed(oracle.name, ruling.seconds)
            if ruling.verdict.tested or not oracle.may_differ(ruling):
                break
    return Result(ruling, key, built.content, built.seconds, seconds, str(log))


def remember(workspace: Workspace, result: Result) -> None:
    """Cache a result for other jobs if it is good or bad. Raises WorkspaceProblem."""
    if result.verdict.tested:
        import msgspec

        path = workspace.folder("verdicts", result.key[:2]) / result.key
        workspace.write(path, json.dumps(msgspec.to_builtins(result)).encode())


def recall(workspace: Workspace, key: str) -> Result | None:
    """The cached result with this key; None if its log is gone or it cannot be read."""
    import msgspec

    path = workspace.root / "verdicts" / key[:2] / key
    try:
        result = msgspec.convert(json.loads(path.read_bytes()), Result)
    except (OSError, ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None
    if result.key != key or not Path(result.log).exists():
        return None
    cache.touch(path)
    return result
