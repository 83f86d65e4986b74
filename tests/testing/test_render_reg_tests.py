"""Reg-tests rendered from a scenario: equal companions are shared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bisector.errors import UsageProblem, WorkspaceProblem
from bisector.testing import render_reg_tests
from bisector.testing.scenario import Parameters, Scenario
from bisector.testing.scenario_loader import bundled, load
from tests.support.scenarios import scenario

A: Parameters = {"name": "flap_a", "record": "A"}
A_THREE: Parameters = {"name": "flap_a_three", "record": "A", "servers": 3}
SRV: Parameters = {"name": "flap_srv", "record": "SRV"}

VTC = "{{ record }} {{ servers }} ${testdir}/{{ companion['x.lua'] }}\n"


def made(folder: Path, *regtests: Parameters, lua: str = "-- shared\n") -> Scenario:
    return replace(scenario(folder, vtc=VTC, lua=lua), regtests=regtests)


def test_each_regtest_is_a_test_case_below_its_subsystem(tmp_path: Path) -> None:
    assert render_reg_tests.rendered(made(tmp_path, A, SRV)) == {
        "server/flap_a.vtc": "A 1 ${testdir}/x.lua\n",
        "server/flap_srv.vtc": "SRV 1 ${testdir}/x.lua\n",
        "server/x.lua": "-- shared\n",
    }


def test_a_companion_that_differs_is_renamed_and_its_test_uses_the_new_name(
    tmp_path: Path,
) -> None:
    made_ = made(tmp_path, A, A_THREE, SRV, lua="-- {{ record }}\n")
    assert render_reg_tests.rendered(made_) == {
        "server/flap_a.vtc": "A 1 ${testdir}/x.lua\n",
        "server/x.lua": "-- A\n",
        "server/flap_a_three.vtc": "A 3 ${testdir}/x.lua\n",
        "server/flap_srv.vtc": "SRV 1 ${testdir}/flap_srv_x.lua\n",
        "server/flap_srv_x.lua": "-- SRV\n",
    }


def test_a_regtest_may_have_the_name_of_the_scenarios_test_case(tmp_path: Path) -> None:
    files = render_reg_tests.rendered(made(tmp_path, {"name": "x", "record": "A"}, SRV))
    assert set(files) == {"server/x.vtc", "server/flap_srv.vtc", "server/x.lua"}


@pytest.mark.parametrize("other", ["x.cfg", "y.lua"])
def test_each_companion_that_differs_is_renamed(tmp_path: Path, other: str) -> None:
    (tmp_path / "other.j2").write_text("other {{ record }}\n")
    vtc = f"{{{{ companion['x.lua'] }}}} {{{{ companion['{other}'] }}}}\n"
    one = scenario(tmp_path, vtc=vtc, lua="-- {{ record }}\n")
    both = replace(one, files={**one.files, other: "other.j2"}, regtests=(A, SRV))
    files = render_reg_tests.rendered(both)
    assert files["server/flap_a.vtc"] == f"x.lua {other}\n"
    assert files["server/flap_srv.vtc"] == f"flap_srv_x.lua flap_srv_{other}\n"
    assert files["server/flap_srv_x.lua"] == "-- SRV\n"
    assert files[f"server/flap_srv_{other}"] == "other SRV\n"
    assert files[f"server/{other}"] == "other A\n", "what the first test needs stays"


def test_a_companion_that_names_a_renamed_one_is_renamed_too(tmp_path: Path) -> None:
    (tmp_path / "main.j2").write_text("dofile {{ companion['x.lua'] }}\n")
    one = scenario(tmp_path, vtc="{{ companion['main.lua'] }}\n", lua="-- {{ record }}\n")
    both = replace(one, files={**one.files, "main.lua": "main.j2"}, regtests=(A, SRV))
    files = render_reg_tests.rendered(both)
    for test, record in (("flap_a", "A"), ("flap_srv", "SRV")):
        main = files[f"server/{files[f'server/{test}.vtc'].strip()}"]
        assert files[f"server/{main.split()[1]}"] == f"-- {record}\n"


def test_a_regtest_may_set_a_boolean(tmp_path: Path) -> None:
    made_ = replace(made(tmp_path), parameters={"record": (False, True), "servers": (1,)})
    files = render_reg_tests.rendered(
        replace(made_, exclude=(), regtests=({"name": "t", "record": True},))
    )
    assert files["server/t.vtc"] == "True 1 ${testdir}/x.lua\n"


def test_a_scenario_without_regtests_renders_its_default_variant(tmp_path: Path) -> None:
    assert set(render_reg_tests.rendered(made(tmp_path))) == {"server/x.vtc", "server/x.lua"}


def test_without_a_subsystem_the_folder_is_checks(tmp_path: Path) -> None:
    made_ = replace(made(tmp_path, A), subsystem="")
    assert set(render_reg_tests.rendered(made_)) == {"checks/flap_a.vtc", "checks/x.lua"}


def test_a_regtest_of_an_excluded_variant_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="has no variant"):
        render_reg_tests.rendered(made(tmp_path, {"name": "x", "record": "SRV", "declare": "line"}))


def test_missing_and_changed_files_are_stale(tmp_path: Path) -> None:
    files = {"server/a.vtc": "1\n", "server/b.vtc": "2\n", "checks/c.vtc": "ü\n"}
    folder = tmp_path / "reg-tests"
    assert list(render_reg_tests.stale(files, folder)) == list(files)
    render_reg_tests.write(files, folder)
    assert list(render_reg_tests.stale(files, folder)) == []
    (folder / "server/a.vtc").unlink()
    (folder / "server/b.vtc").write_text("changed\n")
    (folder / "server/of-somebody-else.vtc").write_text("x\n")
    assert list(render_reg_tests.stale(files, folder)) == ["server/a.vtc", "server/b.vtc"]
    render_reg_tests.write(files, folder)
    assert list(render_reg_tests.stale(files, folder)) == []


def test_a_folder_that_cannot_be_written_is_a_workspace_problem(tmp_path: Path) -> None:
    (tmp_path / "server").write_text("a file")
    with pytest.raises(WorkspaceProblem, match="cannot write"):
        render_reg_tests.write({"server/a.vtc": ""}, tmp_path)


def test_the_repositorys_reg_tests_are_what_the_bundled_scenarios_render() -> None:
    folder = Path(__file__).parents[2] / "reg-tests"
    wanted: set[str] = set()
    for name in bundled():
        files = render_reg_tests.rendered(load(name))
        assert list(render_reg_tests.stale(files, folder)) == [], f"bisector regtest {name}"
        wanted |= files.keys()
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert there == wanted
