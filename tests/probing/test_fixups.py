"""Fixups: the plain verdict first, then with what is picked, and never in place of a plain one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bisector.errors import PatchProblem
from bisector.probing.fixups import Fixup, Fixups, of_commit
from bisector.probing.prober import Prober
from bisector.probing.setup import find_fixups
from bisector.record.events import Probed
from bisector.record.verdict import Verdict
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.stretches import (
    ERROR,
    HASH,
    NO_BUILD,
    NO_START,
    SERVER,
    Stretches,
    hash_c,
    server_c,
)

MENDER = 9


def edits(number: int) -> Mapping[str, str]:
    """5 and 6 do not build, 7 and 8 do not start; all of them and what follows are bad."""
    how = {5: NO_BUILD, 6: NO_BUILD, 7: NO_START, 8: NO_START}.get(number, "int ok;")
    last = "int changed;" if number >= MENDER else "int end;"
    return {HASH: hash_c(how, last), SERVER: server_c(number >= 5)}


@pytest.fixture
def made(clone: Clone, workspace: Workspace, tmp_path: Path) -> Stretches:
    return Stretches(clone, workspace, tmp_path / "journal", edits)


def fixup_of(made: Stretches, number: int) -> Fixup:
    return of_commit(made.prober().context.history, made.commits[number])


def ask(made: Stretches, prober: Prober, number: int, run: int = 0) -> Probed:
    ticket = prober.start(made.commits[number], "probe", run)
    (answer,) = prober.ask_all([ticket])
    return answer


def test_what_does_not_start_is_probed_again_with_the_fixup(made: Stretches) -> None:
    fixup = fixup_of(made, MENDER)
    prober = made.prober([fixup])
    answer = ask(made, prober, 8)
    assert (answer.verdict, answer.fixup) == (Verdict.BAD, fixup.name)
    plain, won = made.probes()
    assert (plain.verdict, plain.fixup) == (Verdict.UNTESTABLE, "")
    assert won == answer
    assert plain.key != won.key
    assert prober.verdicts() == {made.commits[8]: [won]}


def test_what_can_be_judged_is_judged_as_it_is(made: Stretches) -> None:
    prober = made.prober([fixup_of(made, MENDER)])
    assert not ask(made, prober, 3).fixup
    assert len(made.probes()) == 1


def test_a_fixup_that_does_not_apply_is_in_the_reason(made: Stretches) -> None:
    fixup = fixup_of(made, MENDER)
    answer = ask(made, made.prober([fixup]), 5)
    (event,) = made.probes()
    assert event == answer
    assert answer.verdict is Verdict.UNBUILDABLE
    assert answer.reason.startswith(f"{ERROR}; the fixup {fixup.name} does not apply: {HASH} @@")


def test_another_run_does_not_try_in_vain_again(made: Stretches) -> None:
    prober = made.prober([fixup_of(made, MENDER)])
    first, second = ask(made, prober, 8), ask(made, prober, 8, run=1)
    assert (first.fixup, first.run) == (second.fixup, second.run - 1)
    assert len(made.probes()) == 3


def test_of_several_the_first_that_helps_is_used(made: Stretches) -> None:
    fixups = [fixup_of(made, number) for number in (3, 12, MENDER, 10)]
    answer = ask(made, made.prober(fixups), 7)
    assert answer.fixup == fixups[2].name
    assert [one.fixup for one in made.probes()] == ["", fixups[1].name, answer.fixup], (
        "the revision has the first one already"
    )


def test_a_plain_verdict_stands_above_one_with_a_fixup(made: Stretches) -> None:
    fixup = fixup_of(made, MENDER)
    prober = made.prober([fixup])
    ticket = prober.start(made.commits[3], "probe", fixup=fixup)
    (given,) = prober.ask_all([ticket])
    assert given.fixup == fixup.name
    assert prober.verdicts() == {}, "nothing is known of it as it is"
    plain = ask(made, prober, 3)
    assert prober.verdicts() == {made.commits[3]: [plain]}


def test_what_was_won_with_a_dropped_fixup_counts_no_more(made: Stretches) -> None:
    fixup = fixup_of(made, MENDER)
    prober = made.prober([fixup])
    ask(made, prober, 8)
    prober.fixups.drop(fixup.name)
    (plain,) = prober.verdicts()[made.commits[8]]
    assert not plain.fixup
    assert ask(made, prober, 8) == plain


def test_a_part_is_found_by_its_name(made: Stretches) -> None:
    history = made.prober().context.history
    whole = fixup_of(made, MENDER)
    part = whole.part([1])
    assert part
    assert part.name == f"hunk 2 of {whole.name}"
    assert Fixups(history).named(part.name) == part
    assert part.whole == whole.name
    assert whole.part([]) is whole.part(range(len(whole.series.patches[0].hunks))) is None


def test_a_fixup_is_called_as_the_user_named_it(made: Stretches, tmp_path: Path) -> None:
    history = made.prober().context.history
    commit = made.commits[MENDER]
    (file := tmp_path / "mend.patch").write_bytes(
        b"".join(one.text for one in of_commit(history, commit).series.patches[0].files)
    )
    span = f"{made.commits[9]}..{made.commits[11]}"
    found = find_fixups([str(file), "master~6", span], history)
    assert [fixup.name for fixup in found] == ["mend.patch", commit[:10], span]
    assert [len(fixup.series.patches) for fixup in found] == [1, 1, 2]
    with pytest.raises(PatchProblem, match="no patch 'nowhere'"):
        find_fixups(["nowhere"], history)
