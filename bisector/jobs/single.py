"""The jobs of `probe` and `build`: one revision, without a journal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bisector.build import binaries
from bisector.build.toolchains.dev import Dev
from bisector.errors import BuildFailed, PatchConflict
from bisector.git.history import Commit, History
from bisector.jobs.runner import Watcher, notifier
from bisector.patch.apply import ApplyConflict, apply_to
from bisector.probing import probe, setup, toolchains
from bisector.probing.dask.client import Cluster
from bisector.probing.dask.scheduler import Scheduler
from bisector.probing.options import AUTO, Options
from bisector.probing.probe import Probe
from bisector.probing.prober import Progress
from bisector.probing.setup import Asked
from bisector.probing.ticket import Ticket
from bisector.record.events import Probed
from bisector.record.verdict import Result
from bisector.record.words import Purpose
from bisector.system.slots import Slot
from bisector.system.workspace import Workspace
from bisector.testing.oracle import is_doubtful
from bisector.testing.scenario import Known


def probe_once(
    asked: Asked,
    revision: str,
    fresh: bool,
    watcher: Watcher,
    cluster: Scheduler | None = None,
) -> Probed:
    """Probe *revision* with the patches that the user named; '' stands for HEAD.

    *fresh*: use no cached verdict. The probe runs on this machine unless there is a *cluster*.
    Raises PatchConflict and what a probe raises.
    """
    workspace, history, context = asked.workspace, asked.history, asked.context
    commit = history.resolve(revision) if revision else history.head()
    tree, patched = _tree(history, asked.options, commit), bool(asked.options.patches)
    oracle = context.oracle.at(commit.id)
    both = (context.toolchains.search, context.toolchains.fallback)
    for toolchain in filter(None, both):
        request = replace(context.request(tree, toolchain, oracle=oracle), again=fresh)
        key = probe.key_of(request)
        ticket = Ticket(commit.id, tree, Purpose.PROBE, 0, patched, toolchain, context.oracle, key)
        known = None if fresh else probe.recall(workspace, key)
        if known is None:
            name = history.release(commit.id)
            watcher.progress(f"probing {name} ({toolchain.name}){_added(context.sandbox_remark)}")
        result = known or _probed(workspace, request, cluster, watcher)
        if toolchain.is_real or not is_doubtful(result.ruling):
            break
    return ticket.event(history, result, known=known is not None)


def _probed(
    workspace: Workspace, request: Probe, cluster: Scheduler | None, watcher: Watcher
) -> Result:
    if cluster is None:
        return probe.probe(workspace, request)
    with Cluster(workspace, cluster, notifier(watcher)) as executor:
        task = executor.submit(request)
        executor.wait([task])
        return task.future.result()


def build_once(asked: Asked, revision: str, progress: Progress) -> Path:
    """Build *revision* with the patches that the user named. The path of the binary.

    Raises BuildFailed and PatchConflict.
    """
    workspace, history, options = asked.workspace, asked.history, asked.options
    name = Dev.name if options.toolchain == AUTO else options.toolchain
    toolchain = toolchains.find_equipped(options, workspace, name, asked.note)
    commit = history.resolve(revision)
    tree = _tree(history, options, commit)
    box, remark = setup.find_sandbox(options, workspace, (toolchain,))
    progress(f"building {history.release(commit.id)}{_added(remark)}")
    slot = Slot(sandbox=box)
    with binaries.built(workspace, history.store, tree, toolchain, slot) as built:
        if built.problem:
            raise BuildFailed(f"{commit.short} does not build: {built.problem}", f"see {built.log}")
        return built.binary


def _added(remark: str) -> str:
    return f", {remark}" if remark else ""


def _tree(history: History, options: Options, commit: Commit) -> str:
    """The id of the commit's tree with the patches that the user named, not the scenario's."""
    series = setup.find_series(options.patches, Known(), history)
    if series is None:
        return history.tree_id(commit.id)
    applied = apply_to(history, commit.id, series)
    if isinstance(applied, ApplyConflict):
        raise PatchConflict(f"{applied.patch} does not apply to {commit.short}", applied.text)
    return str(applied.tree)
