"""Reg-tests under HAProxy's own scripts/run-regtests.sh, as upstream runs them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

import pygit2

from bisector.errors import UsageProblem
from bisector.git.history import Commit, History
from bisector.jobs.runner import Watcher
from bisector.jobs.single import probe_once
from bisector.probing.options import Options
from bisector.probing.setup import Asked
from bisector.probing.supply import fetch_tools
from bisector.record.events import Probed
from bisector.system import tools
from bisector.system.files import explained
from bisector.system.workspace import Workspace

SCRIPT = "scripts/run-regtests.sh"
_TEST = """\
#!/bin/sh
# the companions: {companions}
cd "$BISECTOR_TEST_DIR" || exit 125
unset HAPROXY_ARGS    # the script has its own
VTEST_PROGRAM={vtest} sh ./run-regtests.sh {cases} > "$TMPDIR/said" 2>&1
status=$?
cat "$TMPDIR/said"
if ! grep -q "0 tests skipped" "$TMPDIR/said"; then
    echo "a test was skipped"
    exit 1
fi
exit $status
"""


def run_reg_tests(
    workspace: Workspace,
    options: Options,
    revision: str,
    files: Mapping[str, str],
    watcher: Watcher,
) -> Probed:
    """The verdict on *revision* of its own run-regtests.sh on the reg-tests *files*, by name.

    It is good if the script says that all of them passed and none was skipped. HAProxy is built
    with what they ask for. Raises UsageProblem if the revision has no such script, and what
    probe_once() raises.
    """
    notes = Asked(workspace, options, watcher.progress, watcher.progress)
    fetch_tools(workspace, watcher.progress, vtest=True)
    script = _script(notes.history, notes.history.resolve(revision))
    names = [PurePosixPath(name).name for name in files]
    text = _TEST.format(
        companions=" ".join(f"${{testdir}}/{name}" for name in ("run-regtests.sh", *names)),
        vtest=shlex.quote(str(tools.require_vtest(workspace).path)),
        cases=" ".join(name for name in names if name.endswith(".vtc")),
    )
    with workspace.scratch() as scratch:
        with explained(f"cannot write {scratch}"):
            for name, content in zip(names, files.values(), strict=True):
                (scratch / name).write_text(content)
            (scratch / "run-regtests.sh").write_text(script)
            (scratch / "test.sh").write_text(text)
        own = replace(options, own_test=("command", str(scratch / "test.sh")))
        asked = Asked(workspace, own, watcher.progress, watcher.progress)
        return probe_once(asked, revision, fresh=True, watcher=watcher)


def _script(history: History, commit: Commit) -> str:
    tree = history.read(commit.id).tree
    if SCRIPT not in tree:
        raise UsageProblem(f"{commit.short} has no {SCRIPT}", "name a newer revision")
    return tree[SCRIPT].peel(pygit2.Blob).data.decode("utf-8", "replace")
