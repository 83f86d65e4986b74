"""Each rule decides, and only where it applies; no message is contradicted without proof."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisector.jobs.queue.by_lines import ByLines, Presence
from bisector.jobs.queue.rules import WAITING, Facts, Wish, wanted
from bisector.record.queue_events import Evidence, Says
from bisector.record.verdict import Verdict

HAS = ByLines(Presence.HAS, "c" * 40, 0, 4)
LACKS = ByLines(Presence.LACKS, "c" * 40, 3, 4)
MIXED = ByLines(Presence.MIXED, "c" * 40, 1, 4)
NO_LINES = ByLines(Presence.UNKNOWN)
CULPRIT, FOLLOWED = "aaaaaaaaaa", "bbbbbbbbbb"
NOTHING = Facts(is_bug=True, is_fix=True, says=Says.NOTHING, said="", lines=NO_LINES)
ASKS, REFUSES = replace(NOTHING, says=Says.YES), replace(NOTHING, says=Says.NO)
HERE: dict[str, Any] = {"culprits": (CULPRIT,), "has_culprit": True}
GONE: dict[str, Any] = {"culprits": (CULPRIT,), "has_culprit": False}
FOLLOWS = replace(NOTHING, says=Says.FOLLOWS, follows=FOLLOWED)
WAITS = replace(NOTHING, says=Says.WAIT)
ANYWHERE = replace(NOTHING, says=Says.ANYWHERE)
LIVES: dict[str, Any] = {"tested": Verdict.BAD, "test": "lamp.vtc fails"}
PASSES: dict[str, Any] = {"tested": Verdict.GOOD, "test": "lamp.vtc passes"}

# in the order of the rules: the facts, what they lead to, why
RULES = [
    (replace(REFUSES, **LIVES), Wish.YES, "has the bug: lamp.vtc fails"),
    (replace(ASKS, **PASSES), Wish.NO, "does not have the bug: lamp.vtc passes"),
    (replace(ASKS, reverted=CULPRIT), Wish.NO, "aaaaaaaaaa reverts it later"),
    (replace(REFUSES, **HERE), Wish.UNCLEAR, "refuses it, but the branch has what brought"),
    (replace(REFUSES, **GONE), Wish.NO, "the message says so"),
    (replace(REFUSES, lines=HAS), Wish.NO, "the message says so"),
    (replace(WAITS, age=WAITING - 1), Wish.WAIT, "the message asks to wait"),
    (replace(WAITS, age=WAITING), Wish.YES, "after a while, and 28 days passed"),
    (ASKS, Wish.YES, "the message asks for it"),
    (replace(ASKS, lines=LACKS), Wish.YES, "the message asks for it"),
    (replace(ASKS, **GONE), Wish.YES, "the message asks for it"),
    (replace(FOLLOWS, has_followed=True), Wish.YES, "goes with bbbbbbbbbb, which is there"),
    (
        replace(FOLLOWS, refuses_followed=True, lines=HAS),
        Wish.NO,
        "goes with bbbbbbbbbb, which is not there",
    ),
    (replace(FOLLOWS, lines=MIXED), Wish.NO, "goes with bbbbbbbbbb, which is not there"),
    (replace(FOLLOWS, lines=HAS), Wish.YES, "asks for it with bbbbbbbbbb"),
    (replace(NOTHING, **HERE), Wish.YES, "the branch has what brought the bug, aaaaaaaaaa"),
    (replace(NOTHING, **GONE), Wish.NO, "the branch lacks what brought the bug, aaaaaaaaaa"),
    (replace(ANYWHERE, lines=LACKS), Wish.NO, "lacks 3 of the 4 lines that it changes"),
    (ANYWHERE, Wish.YES, "asks for it where it applies"),
    (replace(NOTHING, lines=LACKS), Wish.NO, "the message says nothing, and the branch lacks 3"),
    (replace(NOTHING, lines=HAS), Wish.UNCLEAR, "the message says nothing"),
    (NOTHING, Wish.UNCLEAR, "the message says nothing"),
]


@pytest.mark.parametrize(("facts", "wish", "why"), RULES, ids=range(len(RULES)))
def test_the_first_rule_that_applies_decides(facts: Facts, wish: Wish, why: str) -> None:
    found = wanted(facts)
    assert found.wish is wish
    assert why in found.why


@pytest.mark.parametrize(
    "facts",
    [
        replace(NOTHING, tested=Verdict.UNTESTABLE, test="it does not build"),
        replace(NOTHING, is_bug=False, is_fix=False, **HERE),  # no fix has no culprit
        replace(NOTHING, is_bug=False, is_fix=False, lines=LACKS),
        replace(NOTHING, lines=MIXED),
        replace(NOTHING, age=2 * WAITING),
        replace(NOTHING, has_followed=True),
        replace(NOTHING, refuses_followed=True),
    ],
)
def test_no_rule_applies_to_what_says_nothing(facts: Facts) -> None:
    assert wanted(facts).wish is Wish.UNCLEAR


@pytest.mark.parametrize(
    ("facts", "text", "evidence"),
    [
        (replace(NOTHING, **LIVES, **GONE), "has the bug: lamp.vtc fails", Evidence.PROVEN),
        (replace(NOTHING, **HERE, lines=LACKS), "has what brought", Evidence.HISTORY),
        (replace(NOTHING, **GONE, lines=HAS), "lacks what brought", Evidence.HISTORY),
        (
            replace(NOTHING, lines=LACKS),
            "lacks 3 of the 4 lines that it changes, most from cccccccccc",
            Evidence.LINES,
        ),
        (replace(NOTHING, lines=MIXED), "lacks 1 of the 4 lines that it changes", Evidence.LINES),
        (
            replace(NOTHING, lines=replace(HAS, only_adds=True)),
            "has all 4 lines around what it adds",
            Evidence.LINES,
        ),
    ],
)
def test_whether_the_branch_is_affected_has_the_surest_evidence(
    facts: Facts, text: str, evidence: Evidence
) -> None:
    affected = wanted(facts).affected
    assert affected
    assert affected.evidence is evidence
    assert affected.text.startswith(text)


def test_nothing_is_known_of_a_change_without_lines() -> None:
    assert wanted(NOTHING).affected is None
    untestable = replace(NOTHING, tested=Verdict.UNTESTABLE, test="lamp.vtc is skipped")
    assert wanted(untestable).affected is None


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        (replace(ASKS, **PASSES), "asks for it, but the branch does not have the bug"),
        (replace(ASKS, **GONE), "asks for it, but the branch lacks what brought"),
        (replace(REFUSES, **LIVES), "refuses it, but the branch has the bug"),
        (replace(REFUSES, **HERE), "refuses it, but the branch has what brought"),
        (replace(NOTHING, **LIVES), "needed, though the message does not say so"),
        (replace(ASKS, **LIVES), ""),
        (replace(ASKS, **HERE), ""),
        (replace(REFUSES, **PASSES), ""),
        (replace(REFUSES, **GONE), ""),
        (replace(NOTHING, **PASSES), ""),
        (replace(ASKS, lines=LACKS), ""),  # lines are no more than a hint
        (replace(REFUSES, lines=HAS), ""),
    ],
)
def test_where_a_message_differs_from_what_is_so(facts: Facts, text: str) -> None:
    assert text in (differs := wanted(facts).differs)
    assert bool(differs) == bool(text)


ANY = st.builds(
    Facts,
    is_bug=st.booleans(),
    is_fix=st.booleans(),
    says=st.sampled_from(Says),
    said=st.just("As it says."),
    lines=st.sampled_from([HAS, LACKS, MIXED, NO_LINES]),
    tested=st.sampled_from([None, Verdict.GOOD, Verdict.BAD, Verdict.UNTESTABLE]),
    test=st.just("lamp.vtc"),
    culprits=st.sampled_from([(), (CULPRIT,)]),
    has_culprit=st.booleans(),
    follows=st.sampled_from(["", FOLLOWED]),
    has_followed=st.booleans(),
    refuses_followed=st.booleans(),
    reverted=st.sampled_from(["", CULPRIT]),
    age=st.sampled_from([0.0, 2.0 * WAITING]),
)


@given(ANY)
def test_a_message_is_never_contradicted_without_proof(facts: Facts) -> None:
    wish = wanted(facts).wish
    if facts.says is Says.YES and wish is not Wish.YES:
        assert facts.tested is Verdict.GOOD or facts.reverted
    if facts.says is Says.NO and wish is Wish.YES:
        assert facts.tested is Verdict.BAD
    if facts.says is Says.WAIT and wish is Wish.NO:
        assert facts.tested is Verdict.GOOD or facts.reverted


@given(ANY)
def test_every_wish_has_a_reason_and_none_is_proven_without_a_test(facts: Facts) -> None:
    found = wanted(facts)
    assert found.why
    if found.affected and found.affected.evidence is Evidence.PROVEN:
        assert facts.tested in (Verdict.GOOD, Verdict.BAD)


def test_the_page_has_the_rules_in_their_order() -> None:
    page = (Path(__file__).parents[3] / "docs" / "queue.md").read_text(encoding="utf-8")
    table = page.partition("\n## Rules\n")[2].partition("\n## ")[0]
    texts = re.findall(r"^\| .* \| (.*) \|$", table, re.M)[1:]
    patterns = [re.compile(re.escape(text).replace("…", ".+")) for text in texts]
    rules = [
        next(number for number, one in enumerate(patterns) if one.fullmatch(wanted(facts).why))
        for facts, _, _ in RULES
    ]
    assert rules == sorted(rules)
    assert set(rules) == set(range(len(patterns)))
