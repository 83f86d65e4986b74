"""The oracle of builds: what is the source's fault, and that failed builds are remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.probing.probe import Probe, key_of, probe, recall
from bisector.record.failure import Failure, FailureClass
from bisector.record.verdict import Ruling, Verdict
from bisector.system.workspace import Workspace
from bisector.testing.oracles.build_test import BuildTest
from tests.support.clone import Clone
from tests.support.played import played
from tests.support.tiny_haproxy import TinyHAProxy

BAD, UNBUILDABLE = Verdict.BAD, Verdict.UNBUILDABLE
ERROR = "src/a.c:12:5: error: expected ';' before '}' token"


def of(bad_if: str | None = None, skip_if: str | None = None) -> BuildTest:
    return BuildTest.of_option("", bad_if=bad_if, skip_if=skip_if)


def failed(folder: Path, problem: str, oracle: BuildTest | None = None, log: str = "") -> Ruling:
    path = folder / "build.log"
    path.write_text(log or problem)
    return (oracle or of()).of_failed_build(problem, path)


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (ERROR, "src/a.c: error: expected ';' before '}' token"),
        ("src/a.c:1:2: fatal error: x.h: No such file", "src/a.c: fatal error: x.h: No such file"),
        (
            "/usr/bin/ld: src/a.c:9: undefined reference to `f'",
            "/usr/bin/ld: src/a.c: undefined reference to `f'",
        ),
        ("make: *** No rule to make target 'x.c'.  Stop.",) * 2,
    ],
)
def test_an_error_of_the_source_is_bad(tmp_path: Path, problem: str, text: str) -> None:
    ruling = failed(tmp_path, problem)
    assert (ruling.verdict, ruling.reason, ruling.evidence) == (BAD, problem, (problem,))
    assert ruling.failure == Failure(FailureClass.EXPECTATION, text)


@pytest.mark.parametrize(
    "problem",
    [
        "the build took more than 1800 s",
        "the build was stopped: more than 2 GB written",
        "it exceeds a limit of the sandbox: cc1: out of memory allocating 8 bytes",
        "make was killed in its sandbox by signal 9",
        "make ended with 2, no binary",
    ],
)
def test_any_other_failure_is_unbuildable(tmp_path: Path, problem: str) -> None:
    assert failed(tmp_path, problem) == Ruling(UNBUILDABLE, problem)


def test_with_bad_if_another_error_is_unbuildable(tmp_path: Path) -> None:
    oracle = of("implicit declaration of .free.")
    assert oracle.knows_its_bug and not of().knows_its_bug
    log = f"{ERROR}\nsrc/b.c:1:1: error: implicit declaration of 'free'\n"
    ruling = failed(tmp_path, ERROR, oracle, log)
    assert (ruling.verdict, ruling.failure) == (BAD, None)
    assert "'free'" in ruling.reason
    other = failed(tmp_path, ERROR, oracle)
    assert other.verdict is UNBUILDABLE
    assert other.reason == f"it failed, but not by the bug's signature: {ERROR}"


def test_skip_if_makes_a_failure_unbuildable(tmp_path: Path) -> None:
    assert failed(tmp_path, ERROR, of(None, "expected")).verdict is UNBUILDABLE


def test_the_patterns_are_in_the_digest() -> None:
    assert len({of().digest, of("x").digest, of(None, "x").digest}) == 3


def test_what_was_built_is_good_without_running_it(tmp_path: Path) -> None:
    assert played(of(), tmp_path, "exit 1") == Ruling(Verdict.GOOD, "it builds")


# --- as a probe -----------------------------------------------------------------------------------


@pytest.fixture
def tiny(clone: Clone, workspace: Workspace) -> TinyHAProxy:
    return TinyHAProxy(clone, workspace)


def asked(tiny: TinyHAProxy, source: str) -> Probe:
    tree = tiny.clone.tree({"src/a.c": source}, tiny.first)
    return Probe(tiny.store.path, tree, tiny.toolchain, of(), ())


@pytest.mark.parametrize(
    ("source", "expected"),
    [("int a(void) { return 0; }\n", Verdict.GOOD), ("int a(void) { return b; }\n", BAD)],
)
def test_the_verdict_is_remembered(
    tiny: TinyHAProxy, source: str, expected: Verdict, workspace: Workspace
) -> None:
    request = asked(tiny, source)
    result = probe(workspace, request)
    assert result.verdict is expected
    assert result.key == key_of(request)
    assert recall(workspace, result.key) == result
    if expected is BAD:
        assert result.ruling.failure
        assert result.ruling.failure.text.startswith("src/a.c: error: 'b' undeclared")
        assert result.build_seconds > 0
