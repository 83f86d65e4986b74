"""What all probes of a job share: a package's own options count for its own tree alone."""

from __future__ import annotations

import pytest

from bisector.build.toolchain import Toolchains
from bisector.git.history import History
from bisector.probing.context import Context
from bisector.probing.supply import Supply
from bisector.system import libraries
from bisector.system.libraries import Library
from bisector.system.workspace import Workspace
from bisector.testing.oracles.build_test import BuildTest
from tests.support.clone import Clone
from tests.support.toolchains import toolchain


def test_a_package_is_built_with_its_own_options_and_other_trees_are_not(
    clone: Clone, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries, "find", lambda workspace, name: Library(name, "1", name))
    plain = clone.commit({})
    packaged = clone.commit({"debian/rules": "build:\n\tmake USE_ZLIB=1 USE_SLZ=1\n"})
    history = History.open(clone.path, workspace)
    mine = toolchain("dev", {"USE_SLZ": ""})
    supply = Supply(workspace, print)
    context = Context(
        workspace,
        history,
        Toolchains(mine),
        BuildTest.of_option("", bad_if=None, skip_if=None),
        (),
        supply=supply,
    )

    def options(commit: str) -> tuple[str, ...]:
        return context.options_at(history.tree_id(commit))

    assert options(plain) == context.options == ("USE_SLZ=",)
    assert options(packaged) == ("USE_SLZ=", "USE_ZLIB=1")
    requested = context.request(history.tree_id(packaged), mine).toolchain
    assert requested.features == ("ZLIB",)
    assert context.request(history.tree_id(plain), mine).toolchain.features == ()
