"""The generated reg-tests under upstream's own run-regtests.sh."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

from bisector.build import binaries
from bisector.git.history import History
from bisector.patch.model import Series
from bisector.system import tools
from bisector.system.debian import SourceTree
from bisector.system.workspace import Workspace
from tests.support.real import SECONDS, broken, context

REG_TESTS = Path(__file__).parents[2] / "reg-tests"


def run_regtests(
    workspace: Workspace, source: SourceTree, history: History, tree: str
) -> tuple[int, dict[str, list[str]], str]:
    """The script's exit status, what each failed test says, and all that it prints."""
    toolchain = context(workspace, history, "dns-flap").toolchains.search
    binary = binaries.build(workspace, history.store, tree, toolchain).binary
    with tempfile.TemporaryDirectory(prefix="rt-") as scratch:  # short: sockets' names are
        environment = {
            "PATH": os.environ["PATH"],
            "TMPDIR": scratch,
            "HAPROXY_PROGRAM": str(binary),
            "VTEST_PROGRAM": str(tools.require_vtest(workspace).path),
        }
        done = subprocess.run(
            ["./scripts/run-regtests.sh", *sorted(map(str, REG_TESTS.glob("*/*.vtc")))],
            cwd=source.path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    failed = re.split(r"^###### Test case: ", done.stdout, flags=re.M)[1:]
    said = {Path(part.split()[0]).stem: re.findall(r"^---- .*", part, re.M) for part in failed}
    return done.returncode, said, done.stdout + done.stderr


def test_they_pass_on_a_fixed_haproxy(
    real_workspace: Workspace, haproxy_3_0: SourceTree, ground_history: History
) -> None:
    tree = ground_history.tree_id(ground_history.resolve("v3.0.11").id)
    status, failed, printed = run_regtests(real_workspace, haproxy_3_0, ground_history, tree)
    assert (status, failed) == (0, {}), printed
    assert "0 tests failed, 0 tests skipped, 6 tests passed" in printed


def test_they_fail_on_a_broken_one_for_the_right_reason(
    real_workspace: Workspace,
    haproxy_3_0: SourceTree,
    ground_history: History,
    series: Series,
) -> None:
    tree = broken(real_workspace, ground_history, series.patches)
    status, failed, printed = run_regtests(real_workspace, haproxy_3_0, ground_history, tree)
    assert status != 0
    assert set(failed) == {"dns_flap_a", "dns_flap_a_empty", "dns_flap_aaaa"}, printed
    for said in failed.values():
        assert re.search(r"EXPECT resp\.http\.address \(\S+:0\)", said[0])


def test_the_first_patch_alone_fails_those_of_the_false_up(
    real_workspace: Workspace,
    haproxy_3_0: SourceTree,
    ground_history: History,
    series: Series,
) -> None:
    tree = broken(real_workspace, ground_history, series.patches[1:])
    status, failed, printed = run_regtests(real_workspace, haproxy_3_0, ground_history, tree)
    assert status != 0
    assert set(failed) == {"dns_false_up_a", "dns_false_up_a_empty"}, printed
