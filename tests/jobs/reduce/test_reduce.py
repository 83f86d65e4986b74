"""The job on programs that are compiled from two small files: `haproxy` fails, or does not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bisector.errors import BisectorError, UnusableEnds, UsageProblem, WouldOverwrite
from bisector.jobs.reduce import reduce as job
from bisector.jobs.reduce.reduce import ReduceQuestion, reduce
from bisector.jobs.reduce.shrinking import Shrinking
from bisector.probing.options import Options
from bisector.probing.setup import Asked
from bisector.record.events import Event
from bisector.record.reduction import Shortened
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.clusters import with_lua
from tests.support.tiny_haproxy import TinyHAProxy

# Without what is needed there is no bug; without the other line the test fails, too, but otherwise.
SCRIPT = """\
input=$BISECTOR_TEST_DIR/input
grep -q other "$input" || { echo "there is no other"; exit 3; }
grep -q needed "$input" || exit 0
"$HAPROXY_PROGRAM" || { echo "it fails"; exit 1; }
"""
GOOD, BAD, BROKEN = "v3.0.0", "v3.1.0", "v3.2.0"
INPUT = "".join(f"line {n}\n" for n in range(40)) + "needed\nother\n# end\n"


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> tuple[Clone, Workspace]:
    """Three revisions, and a workspace in which all tests share what is built of them."""
    folder = tmp_path_factory.mktemp("ground")
    clone, workspace = Clone(folder / "clone"), with_lua(folder / "workspace")
    TinyHAProxy(clone, workspace)
    for name, status in ((GOOD, 0), (BAD, 1), (BROKEN, None)):
        text = f"int main(void) {{ return {status}; }}\n" if status is not None else "no C\n"
        clone.tag(name, clone.commit({"src/haproxy.c": text}))
    return clone, workspace


class Bench:
    """A test with an input, as a job of its own, and what is shown of it."""

    interactive = False

    def __init__(self, ground: tuple[Clone, Workspace], folder: Path) -> None:
        self.clone, self.workspace = ground
        self.test = folder / "test"
        self.test.mkdir()
        (self.test / "try.sh").write_text(SCRIPT)
        self.input = self.test / "input"
        self.input.write_text(f"# {folder.name}\n{INPUT}")
        self.result = self.test / "input.reduced"
        self.shown: list[Event] = []

    def __call__(
        self,
        bad: str = BAD,
        good: str = GOOD,
        *,
        file: str | None = None,
        fresh: bool = False,
        out: Path | None = None,
    ) -> Shortened:
        options = Options(
            repo=str(self.clone.path),
            toolchain="dev",
            sandbox="off",
            own_test=("command", str(self.test / "try.sh")),
        )
        asked = Asked(self.workspace, options, self.progress, lambda text: None)
        file = str(self.input) if file is None else file
        return reduce(asked, ReduceQuestion(file, bad, good, 60.0, out), fresh, self)

    def progress(self, text: str) -> None: ...

    def handle(self, event: Event) -> None:
        self.shown.append(event)


@pytest.fixture
def bench(ground: tuple[Clone, Workspace], tmp_path: Path) -> Bench:
    return Bench(ground, tmp_path)


def test_a_companion_is_reduced_and_the_result_is_proven(bench: Bench) -> None:
    result = bench()
    assert result.after == b"needed\nother\n"
    assert bench.result.read_bytes() == result.after
    assert bench.input.read_text().endswith(INPUT), "the file itself stays"
    assert (result.proven, result.unfinished) == (True, "")
    assert [len(runs) for runs in (result.bad, result.good)] == [5, 5]
    assert [runs[0].name for runs in (result.bad, result.good)] == [BAD, GOOD]
    assert result.bad[0].reason == "exit status 1: it fails"
    again = bench()
    assert (again.after, again.trials) == (result.after, result.trials), "nothing is tried again"


def test_the_test_itself_is_reduced_and_stays_a_program(bench: Bench) -> None:
    script = bench.test / "try.sh"
    script.write_text(f"#!/bin/sh\n{SCRIPT}")
    script.chmod(0o755)
    result = bench(file="")
    assert result.after.startswith(b"#!/bin/sh\n")
    assert b"it fails" in result.after
    assert len(result.after) < len(SCRIPT)
    assert os.access(result.out, os.X_OK)


@pytest.mark.parametrize(
    ("bad", "good", "said"),
    [
        (GOOD, BAD, f"{GOOD} is good: exit status 0"),
        (BAD, BAD, f"{BAD} and {BAD} are one commit"),
        (BROKEN, GOOD, f"{BROKEN} is unbuildable: "),
        (BAD, BROKEN, f"{BROKEN} is unbuildable: "),
        ("nonesuch", GOOD, "nonesuch"),
    ],
)
def test_other_verdicts_than_bad_and_good_are_one_line(
    bench: Bench, bad: str, good: str, said: str
) -> None:
    with pytest.raises(BisectorError) as raised:
        bench(bad, good)
    assert said in str(raised.value)
    assert raised.value.exit_code == 2
    assert not bench.result.exists()


def test_a_test_that_fails_now_and_then_cannot_be_reduced(bench: Bench) -> None:
    seen = bench.test / "seen"
    (bench.test / "try.sh").write_text(
        'grep -q needed "$BISECTOR_TEST_DIR/input" || exit 0\n"$HAPROXY_PROGRAM" && exit 0\n'
        f'mkdir "{seen}" 2>/dev/null && exit 1 || exit 0\n'  # it fails once
    )
    with pytest.raises(UnusableEnds, match=f"fails in some runs only at {BAD}"):
        bench()


def test_a_test_that_does_not_read_the_file_beside_it_is_refused(bench: Bench) -> None:
    (bench.test / "try.sh").write_text('# input\nexec "$HAPROXY_PROGRAM"\n')
    with pytest.raises(UsageProblem, match="the same with an empty input"):
        bench()
    (bench.test / "try.sh").write_text(
        f'grep -q needed "{bench.input}" && exec "$HAPROXY_PROGRAM"\n'
    )
    with pytest.raises(UsageProblem, match="the same with an empty input"):
        bench()


def test_somebodys_file_is_not_replaced(bench: Bench) -> None:
    bench.result.write_text("mine")
    with pytest.raises(WouldOverwrite):
        bench()
    assert bench.result.read_text() == "mine"
    out = bench.test / "there"
    assert bench(out=out).out == out
    assert out.read_text() == "needed\nother\n"


def test_a_result_that_was_edited_is_not_replaced_either(bench: Bench) -> None:
    bench()
    bench.result.write_text("# edited\nneeded\nother\n")
    with pytest.raises(WouldOverwrite):
        bench()
    bench.result.unlink()
    bench()
    assert bench.result.read_text() == "needed\nother\n"


def test_after_ctrl_c_the_smallest_so_far_is_there_and_the_job_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Shrinking, "_show", interrupted_after(Shrinking._show, 6))
        with pytest.raises(KeyboardInterrupt):
            bench()
    so_far = bench.result.read_text()
    assert "needed\nother\n" in so_far
    assert len(so_far) < len(INPUT)
    assert any("not proven" in str(event) for event in bench.shown)
    assert bench().after == b"needed\nother\n"


def interrupted_after(function: Callable[..., None], times: int) -> Callable[..., None]:
    calls = iter(range(times))

    def stopped(*words: object) -> None:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        function(*words)

    return stopped


def test_a_result_that_does_not_hold_is_followed_by_a_larger_one_that_does(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proof that says no to what is less than twenty lines."""
    prove = job._Reduction._prove

    def strict(self: job._Reduction, text: bytes, bad: str, good: str) -> job.Runs:
        runs = prove(self, text, bad, good)
        return runs if len(text) > 200 else (runs[1], runs[0])

    monkeypatch.setattr(job._Reduction, "_prove", strict)
    result = bench()
    assert result.proven
    assert len(result.after) > 200
    assert bench.result.read_bytes() == result.after
    assert result.unfinished
