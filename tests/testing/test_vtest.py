"""Running VTest: its environment, long logs, and a VTest that does not start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bisector.build import sanitizers
from bisector.errors import EnvironmentProblem
from bisector.record.failure import Failure, FailureClass
from bisector.record.verdict import Ruling, Verdict
from bisector.system import process
from bisector.system.slots import Slot
from bisector.system.tools import Tool
from bisector.testing import vtest, vtest_lacks
from bisector.testing.oracle import Trial, is_doubtful
from bisector.testing.oracles.vtest_case import BY_GUARD, VTestCase

ORACLE = VTestCase("any", "digest", "any.vtc")
MIDDLE = "head -c 6700000 /dev/zero | tr '\\0' x | fold -w 99"


def verdict(folder: Path, oracle: VTestCase, *said: str) -> Verdict:
    """What is made of a test in which VTest says one thing, then 6.7 MB, then another."""
    first, last = said
    return ruling(folder, oracle, f"echo '{first}'; {MIDDLE}; echo; echo '{last}'").verdict


def ruling(folder: Path, oracle: VTestCase, script: str) -> Ruling:
    """What is made of a test in which VTest is this shell *script*."""
    program = folder / "vtest"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    case = replace(oracle, folder=str(folder))
    tools = (Tool(program, "vtest", "id"),)
    return case.run(Trial(Path("/haproxy"), folder / "log", tools, 30.0, Slot(1)))


@pytest.mark.parametrize("said", [("lacks it", "fine"), ("fine", "lacks it")])
def test_patterns_match_in_the_head_and_the_end_of_a_long_log(
    tmp_path: Path, said: tuple[str, str]
) -> None:
    assert verdict(tmp_path, replace(ORACLE, bad="^lacks"), *said) is Verdict.BAD
    assert verdict(tmp_path, replace(ORACLE, skip="^lacks"), *said) is Verdict.UNTESTABLE
    scenario = replace(ORACLE, bad="^fine", control="^lacks")
    assert verdict(tmp_path, scenario, *said) is Verdict.BAD
    assert verdict(tmp_path, replace(ORACLE, bad="never said"), *said) is Verdict.GOOD


def test_vtests_whole_log_buffer_is_read() -> None:
    assert max(vtest.LOG_BUFFER, vtest.SCENARIO_BUFFER) < process.OUTPUT_BYTES


def test_a_vtest_that_does_not_start_is_the_machines_fault_and_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(
        EnvironmentProblem, match=r"vtest does not start: .*no/such/vtest"
    ) as raised:
        ruling(tmp_path, ORACLE, "exec /no/such/vtest")
    assert "VTEST_PROGRAM" in raised.value.hint


def test_a_program_that_the_test_lacks_is_no_such_fault(tmp_path: Path) -> None:
    said = "echo '---- top shell_exit not as expected: got 0x007f wanted 0x0000'; exit 127"
    assert ruling(tmp_path, ORACLE, said).verdict is Verdict.UNTESTABLE


def test_a_program_with_a_sanitizer_goes_by_its_options(tmp_path: Path) -> None:
    options = sanitizers.ENVIRONMENT.items()
    shown = " && ".join(f'test "${name}" = "{value}"' for name, value in options)
    assert ruling(tmp_path, ORACLE, shown).verdict is Verdict.GOOD


# --- a VTest that does not know all ---------------------------------------------------------------

OLD = "\nexit $?\nUnknown haproxy argument: %s"  # a text of each VTest, after the script's end


def test_a_case_that_this_vtest_cannot_run_is_not_run(tmp_path: Path) -> None:
    written = 'vtest "x"\nhaproxy h1 -Ws -conf {\n} -start\n'
    (tmp_path / "any.vtc").write_text(written)
    found = ruling(tmp_path, ORACLE, f"touch {tmp_path}/run{OLD}")
    assert found.verdict is Verdict.UNTESTABLE
    assert found.reason == f"vtest does not know 'haproxy -Ws': {vtest_lacks.REMEDY}"
    assert found.failure == Failure(FailureClass.UNSUPPORTED, "haproxy -Ws")
    assert found.reason in (tmp_path / "log").read_text()
    assert not (tmp_path / "run").exists()
    assert not is_doubtful(found)  # the binary was not asked


def test_it_is_run_by_one_that_can(tmp_path: Path) -> None:
    (tmp_path / "any.vtc").write_text('vtest "x"\nhaproxy h1 -Ws -conf {\n} -start\n')
    assert ruling(tmp_path, ORACLE, f"true{OLD} sd_notify").verdict is Verdict.GOOD


def test_a_guard_that_fails_comes_before_what_vtest_does_not_know(tmp_path: Path) -> None:
    case = 'vtest "x"\nfeature cmd "{}"\ninclude ${{testdir}}/gone.vtci\n'
    (tmp_path / "any.vtc").write_text(case.format("command -v no-such-program"))
    found = ruling(tmp_path, ORACLE, f"true{OLD}")
    assert found.reason == f"{BY_GUARD} the program no-such-program (install it)"
    (tmp_path / "any.vtc").write_text(case.format("command -v sh"))
    assert "does not know 'include'" in ruling(tmp_path, ORACLE, f"true{OLD}").reason


def test_files_that_a_case_includes_are_run_with_any_vtest(tmp_path: Path) -> None:
    (tmp_path / "any.vtc").write_text('vtest "x"\ninclude ${testdir}/more.vtci\n')
    (tmp_path / "more.vtci").write_text("haproxy h1 -conf {\n    crt ${testdir}/x.pem\n} -start\n")
    show = 'for last; do :; done; grep -q ^include "$last" && exit 1; cat "$last"; exit 0'
    found = ruling(tmp_path, ORACLE, f"{show}{OLD}")
    assert found.verdict is Verdict.GOOD
    assert f"    crt {tmp_path}/x.pem\n" in (tmp_path / "log").read_text()


def test_what_an_included_file_uses_counts_too(tmp_path: Path) -> None:
    (tmp_path / "any.vtc").write_text('vtest "x"\ninclude ${testdir}/more.vtci\n')
    (tmp_path / "more.vtci").write_text("haproxy h1 -Ws -conf {\n} -start\n")
    assert "does not know 'haproxy -Ws'" in ruling(tmp_path, ORACLE, f"true{OLD}").reason


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('---- top   Unknown command: "new"', True),
        ("---- p1    Unknown process argument: -x", True),
        ('---- c1    EXPECT resp.status (200) == "300" failed', False),
    ],
)
def test_what_only_the_log_tells_gets_the_remedy(tmp_path: Path, said: str, told: bool) -> None:
    found = ruling(tmp_path, ORACLE, f"echo '{said}'; false{OLD}")
    assert (vtest_lacks.REMEDY in found.reason) is told
    assert vtest_lacks.REMEDY not in ruling(tmp_path, ORACLE, f"echo '{said}'; false").reason
