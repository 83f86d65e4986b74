"""The jobs of `probe` and `build`: one revision, without a journal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bisector.build import binaries, debian_rules
from bisector.build.toolchains.dev import Dev
from bisector.errors import BuildFailed, PatchConflict
from bisector.git.history import Commit, History
from bisector.jobs.runner import Watcher, notifier
from bisector.patch.apply import ApplyConflict, apply_to, apply_to_tree
from bisector.probing import probe, setup, toolchains
from bisector.probing.dask.client import Cluster
from bisector.probing.dask.scheduler import Scheduler
from bisector.probing.fixups import Fixup, Fixups, cannot_be_judged, refusal
from bisector.probing.options import AUTO, Options
from bisector.probing.probe import Probe
from bisector.probing.prober import Progress
from bisector.probing.setup import Asked
from bisector.probing.ticket import Ticket
from bisector.record.events import Probed
from bisector.record.verdict import Result
from bisector.record.words import Purpose
from bisector.system.slots import Slot
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

    *fresh*: use no cached verdict. The probe runs on this machine unless there is a *cluster*. If
    the revision cannot be judged, the user's fixups are tried. Raises PatchConflict and what a
    probe raises.
    """
    history = asked.history
    commit = history.resolve(revision) if revision else history.head()
    once = _Once(asked, commit, fresh, watcher, cluster)
    tree = _tree(history, asked.options, commit)
    _note_remarks(asked)
    plain = once.probed(tree)
    refusals: list[str] = []
    for fixup in once.fixups(plain):
        applied = apply_to_tree(history, tree, fixup.series)
        if isinstance(applied, ApplyConflict):
            refusals.append(refusal(fixup, applied))
            continue
        with_fixup = once.probed(str(applied.tree), fixup.name)
        if not cannot_be_judged(with_fixup.ruling):
            return with_fixup
        refusals.append(f"with {fixup.name} picked onto it: {with_fixup.reason}")
    return replace(plain, reason="; ".join((plain.reason, *refusals)))


@dataclass(frozen=True)
class _Once:
    """What the probes of one *commit* have in common."""

    asked: Asked
    commit: Commit
    fresh: bool
    watcher: Watcher
    cluster: Scheduler | None

    def fixups(self, plain: Probed) -> Iterator[Fixup]:
        """The fixups to try where *plain* is the verdict: none if that says something."""
        if cannot_be_judged(plain.ruling):
            yield from Fixups(self.asked.history, self.asked.context.fixups).to_try(plain)

    def probed(self, tree: str, fixup: str = "") -> Probed:
        """The verdict on *tree*, the commit's with patches and the *fixup* of this name."""
        asked, context, commit = self.asked, self.asked.context, self.commit
        patched, name = bool(asked.options.patches), asked.history.release(commit.id)
        oracle = context.oracle.at(commit.id)
        both = (context.toolchains.search, context.toolchains.fallback)
        for toolchain in filter(None, both):
            request = replace(context.request(tree, toolchain, oracle=oracle), again=self.fresh)
            key = probe.key_of(request)
            about = (commit.id, tree, Purpose.PROBE, 0, patched, toolchain, context.oracle, key)
            ticket = Ticket(*about, fixup=fixup)
            known = None if self.fresh else probe.recall(asked.workspace, key)
            if known is None:
                what = f"{name} + {fixup}" if fixup else name
                remark = _added(context.sandbox_remark)
                self.watcher.progress(f"probing {what} ({toolchain.name}){remark}")
            result = known or self._run(request)
            if known is None and result.remark:
                notifier(self.watcher)(result.remark)
            if toolchain.is_real or not is_doubtful(result.ruling):
                break
        return ticket.event(asked.history, result, known=known is not None)

    def _run(self, request: Probe) -> Result:
        if self.cluster is None:
            return probe.probe(self.asked.workspace, request)
        with Cluster(self.asked.workspace, self.cluster, notifier(self.watcher)) as executor:
            task = executor.submit(request)
            executor.wait([task])
            return task.future.result()


def build_once(asked: Asked, revision: str, progress: Progress) -> Path:
    """Build *revision* with the patches that the user named. The path of the binary.

    Raises BuildFailed and PatchConflict.
    """
    workspace, history, options = asked.workspace, asked.history, asked.options
    name = Dev.name if options.toolchain == AUTO else options.toolchain
    commit = history.resolve(revision)
    tree = _tree(history, options, commit)
    _note_remarks(asked)
    own = debian_rules.of_tree(history.store, tree)
    toolchain = toolchains.find_equipped(options, workspace, name, asked.note, own=own)
    box, remark = setup.find_sandbox(options, workspace, (toolchain,))
    progress(f"building {history.release(commit.id)}{_added(remark)}")
    slot = Slot(sandbox=box)
    with binaries.built(workspace, history.store, tree, toolchain, slot) as built:
        if built.remark:
            asked.note(built.remark)
        if built.problem:
            raise BuildFailed(f"{commit.short} does not build: {built.problem}", f"see {built.log}")
        return built.binary


def _note_remarks(asked: Asked) -> None:
    """Note what there is to know about the revision that was named."""
    for text in asked.history.remarks:
        asked.note(text)


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
