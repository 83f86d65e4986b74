"""VTest for the doctor: what is said of the one in use, and how VTest 2 is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.errors import MissingLibrary, UsageProblem
from bisector.jobs import vtest_setup
from bisector.record.requirement import Requirement
from bisector.system import debian, libraries, tools
from bisector.system.apt import AptProblem
from bisector.system.libraries import Library
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.vtest_sources import SOURCE, WHOLE_SCRIPT, written

OLD = "#!/bin/sh\nexit 0\nUnknown haproxy argument: %s\n"  # a program of before VTest 2


@pytest.fixture
def old(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine with varnishtest in the PATH."""
    program = written(tmp_path / "bin", {"varnishtest": OLD}) / "varnishtest"
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:/usr/bin:/bin", "BISECTOR_REPO": "/nowhere"}


def examined(workspace: Workspace, environ: dict[str, str]) -> dict[str, Requirement]:
    return {
        one.name: one
        for one in vtest_setup.examine(workspace, environ, None, "fetch it", ("varnish",))
    }


def test_a_machine_without_vtest_is_told_of_both_kinds(workspace: Workspace) -> None:
    found = examined(workspace, {"PATH": "/nowhere", "BISECTOR_REPO": "/nowhere"})
    assert not found["VTest"].ok
    assert found["VTest"].how_to_get.startswith("fetch it, or ")
    assert found["VTest"].packages == ("varnish",)
    assert found["VTest 2"].ok  # one can do without
    assert found["VTest 2"].needed_for == "all reg-tests of upstream"


def test_of_an_older_one_it_is_said_what_it_does_not_know(
    workspace: Workspace, old: dict[str, str]
) -> None:
    found = examined(workspace, old)
    assert (found["VTest"].found or "").startswith("varnishtest, /")
    second = found["VTest 2"]
    assert (second.found, second.required) == (None, False)
    assert second.needed_for.startswith("tests that use haproxy -Ws, quic+fd@, filewrite, ")
    assert second.how_to_get == "bisector doctor --fix --vtest-source FOLDER|ARCHIVE|GIT-URL"


def test_a_clone_with_the_script_offers_it(
    workspace: Workspace, old: dict[str, str], clone: Clone
) -> None:
    clone.commit({"scripts/build-vtest.sh": "true\n"})
    how = examined(workspace, {**old, "BISECTOR_REPO": str(clone.path)})["VTest 2"].how_to_get
    assert how.endswith(
        "; or bisector doctor --fix --network, which runs scripts/build-vtest.sh of "
        f"{clone.path}/.git (it downloads)"
    )


def test_one_that_knows_all_is_named_alone(
    workspace: Workspace, old: dict[str, str], tmp_path: Path
) -> None:
    notes: list[str] = []
    source = str(written(tmp_path / "source"))
    vtest_setup.build(workspace, source, old, notes.append)
    found = examined(workspace, old)
    assert found.keys() == {"VTest"}
    assert (found["VTest"].found or "").startswith("VTest, source ")
    named = {**old, "VTEST_PROGRAM": f"{tmp_path}/bin/varnishtest"}
    assert "unset VTEST_PROGRAM" in examined(workspace, named)["VTest 2"].how_to_get


def test_a_built_one_that_does_not_run_any_more_is_to_be_built_again(
    workspace: Workspace, old: dict[str, str], tmp_path: Path
) -> None:
    source = str(written(tmp_path / "source"))
    vtest_setup.build(workspace, source, old, print)
    tools.require_vtest(workspace, old).path.write_text("#!/bin/sh\nexit 127\n")
    found = examined(workspace, old)
    assert not found["VTest"].ok
    assert found["VTest"].how_to_get.endswith(": build it again")
    assert "--vtest-source" in found["VTest 2"].how_to_get
    vtest_setup.build(workspace, source, old, print)
    assert examined(workspace, old)["VTest"].ok


def test_the_clones_script_is_run_and_that_is_said(
    workspace: Workspace, old: dict[str, str], clone: Clone
) -> None:
    clone.commit({"scripts/build-vtest.sh": WHOLE_SCRIPT})
    clone.git.remotes.create("origin", "file:///nowhere")
    notes: list[str] = []
    environ = {**old, "BISECTOR_REPO": str(clone.path)}
    vtest_setup.build(workspace, None, environ, notes.append)
    said = f"scripts/build-vtest.sh of {clone.path}/.git runs with the network of this machine"
    assert any(note.startswith(said) for note in notes)
    made = tools.require_vtest(workspace, environ)
    assert made.version.endswith(" by scripts/build-vtest.sh")
    clone.commit({"scripts/build-vtest.sh": "exit 1\n"})
    vtest_setup.build(workspace, None, environ, notes.append)  # it is there already
    assert tools.require_vtest(workspace, environ) == made


class TestLibraries:
    """The stand-in needs a header, and PCRE2 is not there: a script of the test's fetches it."""

    @pytest.fixture
    def source(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
        monkeypatch.setattr(libraries, "_PREFIXES", ())
        needs = {**SOURCE, "src/vtest.c": f"#include <only-fetched.h>\n{SOURCE['src/vtest.c']}"}
        return str(written(tmp_path / "needs", needs))

    def test_what_is_missing_is_fetched_and_that_is_said(
        self,
        workspace: Workspace,
        old: dict[str, str],
        source: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        include = written(tmp_path / "fetched", {"only-fetched.h": ""})
        monkeypatch.setattr(
            debian, "fetch_library", lambda _, name: Library(name, "1", "id", str(include))
        )
        notes: list[str] = []
        vtest_setup.build(workspace, source, old, notes.append)
        assert notes[-1] == "fetching libpcre2-dev, zlib1g-dev into the workspace"
        assert tools.require_vtest(workspace, old).version.startswith("VTest, source")

    def test_where_that_is_impossible_the_packages_are_named(
        self,
        workspace: Workspace,
        old: dict[str, str],
        source: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def refuse(_: Workspace, name: str) -> None:
            raise AptProblem(name, "E: no network")

        monkeypatch.setattr(debian, "fetch_library", refuse)
        notes: list[str] = []
        with pytest.raises(MissingLibrary, match="libpcre2-dev zlib1g-dev"):
            vtest_setup.build(workspace, source, old, notes.append)
        assert "E: no network" in notes[-1]


def test_without_a_script_the_network_helps_nobody(
    workspace: Workspace, old: dict[str, str], clone: Clone
) -> None:
    clone.commit({"README": "x"})
    with pytest.raises(UsageProblem, match=r"no clone of HAProxy with scripts/build-vtest\.sh"):
        vtest_setup.build(workspace, None, {**old, "BISECTOR_REPO": str(clone.path)}, print)
