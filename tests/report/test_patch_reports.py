"""What a patch does, on the terminal: the matrix and the parts that some jobs have."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

from bisector.record.events import Confirmed, Event
from bisector.report import grid, html, junit, markdown, matrix, parts, terminal
from tests.support import judged as j
from tests.support.records import BAD, GOOD, summary


def text(events: list[Event]) -> str:
    return terminal.render(summary(events))


# --- the matrix -----------------------------------------------------------------------------------


def test_a_verification_is_a_table_of_revisions_and_scenarios() -> None:
    assert (
        text(j.VERIFIED)
        == """\
verify dns-flap, dns-false-up on v2.9.0 v3.0-dev1 v3.0-dev12

patch       BUG/MEDIUM: server/dns: keep the port
            BUG/MINOR: server/dns: unset the family

revision   applied         dns-flap        dns-false-up
v2.9.0     exact           not needed      not needed
v3.0-dev1  exact (s_addr)  fixes 12 of 18  not needed

built with  fast
fixes       n of m: n of m variants are bad before the patch and good after it

work        0 probes: 0.0 s building, 0.0 s testing

verified: fixes dns-flap on v3.0-dev1, not needed on 1 other; breaks nothing
"""
    )


def test_below_a_row_stands_what_is_wrong_with_it_and_for_which_variants() -> None:
    assert """\
v3.0-dev1   exact (s_addr)    fixes 12 of 18                breaks 12 of 18
    dns-false-up breaks: [failure=nxdomain,refused]
        the server stays up without an address
v3.0-dev2   exact (s_addr)    fixes 12 of 18                breaks 12 of 18
    as above
v3.0-dev5   conflict          conflict                      -
    src/server.c @@ -4711,7 +4711,9 @@ snr_set_srv_down
    dns-flap conflict: [record=A,AAAA]
v3.0-dev12  three-way, exact  ineffective 6 of 18, fixes 6  -
    dns-flap ineffective: [record=AAAA]
        c_after EXPECT resp.http.address (127.0.0.1:0) == "127.0.0.1:41643" failed
""" in text(j.REFUSED)


def test_a_conflict_where_the_patch_is_not_needed_is_no_matter() -> None:
    spared = replace(j.spares("v2.9.0"), how=("conflict",), problem=j.CONFLICT)
    assert j.CONFLICT not in text(j.verify(spared))


def test_a_conflict_of_many_hunks_is_cut_off() -> None:
    conflict = replace(j.conflicts("v3.0.0"), problem="; ".join(f"hunk {n}" for n in range(7)))
    assert matrix.details([conflict])[3:5] == ["hunk 3", "and 3 more"]


def test_reasons_that_differ_in_numbers_only_are_one() -> None:
    cells = [j.cell(v, GOOD, BAD, f"port {n}") for n, v in enumerate(j.VARIANTS)]
    (trouble,) = grid.troubles(j.judged("v1", "dns-flap", cells))
    assert (trouble.variants, trouble.reason) == (("all variants",), "port 0")


def test_a_scenario_without_variants_has_no_numbers() -> None:
    assert grid.summed(j.judged("v1", "dns-flap", [j.cell("", BAD, GOOD)])) == "fixes"


def test_variants_that_could_not_be_tested_are_counted() -> None:
    cells = [j.cell(j.VARIANTS[0], BAD, GOOD), j.cell(j.VARIANTS[1], j.UNTESTABLE, j.UNTESTABLE)]
    assert grid.summed(j.judged("v1", "dns-flap", cells)) == "fixes 1 of 2, untestable 1"


def test_a_branch_stands_with_its_version() -> None:
    on = replace(j.fixes("3.0.5"), branch="3.0")
    assert grid.rows([on])[0].name == "3.0 (3.0.5)"


# --- the other parts ------------------------------------------------------------------------------


def test_hunks_are_listed_with_what_notices_them() -> None:
    assert "\n".join(parts.hunks(j.HUNKS)) == (
        """\
hunks       4 at v3.0-dev1: 1 noticed, 1 comment, 1 not covered by any test, 1 needed
            BUG/MEDIUM: server/dns: keep the port
              noticed      src/server.c @@ -4705,7 +4705,11 @@  by dns-flap (2 variants), \
dns-false-up (1 variant)
              comment      src/server.c @@ -1,2 +1,3 @@
              not covered  src/server.c @@ -9,2 +9,3 @@
              needed       src/server.c @@ -4705,7 +4705,11 @@  server.c:9: 'x' undeclared"""
    )


def test_hunks_of_several_patches_stand_below_their_patch() -> None:
    other = replace(j.HUNKS[1], patch="BUG/MINOR: other")
    lines = parts.hunks([j.HUNKS[0], other])
    assert [lines[1].strip(), lines[3].strip()] == [j.HUNKS[0].patch, "BUG/MINOR: other"]


def test_a_long_header_is_cut_off() -> None:
    long = replace(j.HUNKS[1], header="@@ -1,2 +1,3 @@ static int " + "x" * 90)
    assert parts.hunk_place(long).endswith("x…") and len(parts.hunk_place(long)) == 64


def test_missed_lines_are_shown() -> None:
    first, line, second = parts.covered(j.COVERED)
    assert first.endswith("v3.0-dev1: src/server.c: 3 of 4 added lines executed; missed:")
    assert line.split() == ["4711", "s->x", "=", "0;"]
    assert second.endswith("src/lua.c: not known: gcov left nothing")
    nothing = replace(j.COVERED[0], executed=(), missed=(), text=())
    assert parts.covered_said(nothing) == "src/server.c: no code was added"


def test_reg_tests_that_stay_the_same_are_only_counted() -> None:
    assert "\n".join(parts.reg_tests(j.REG_TESTS)) == (
        """\
reg-tests   v3.0-dev1: 1 newly fails, 1 flickers, 90 the same as without the patch
            newly fails  reg-tests/server/a.vtc  expect 200, got 503
            flickers     reg-tests/lua/b.vtc     2 of 3"""
    )
    assert parts.reg_tests(j.REG_TESTS[2:]) == [
        "reg-tests   v3.0-dev1: 90 the same as without the patch"
    ]


def test_backports_are_listed_by_branch() -> None:
    assert """\
branch  version  as it is  outcome     applied
3.0     3.0.5    bad       fixes       exact
    bad in 5 of 5 runs
    the message asks for it
    repaired later by 1234567890 BUG/MINOR: server: y (missing): 'Commit 0123456 was not enough.'
    created bisector/3.0
    written backports/3.0/0001-keep-the-port.patch
2.9     2.9.9    bad       conflict    -
    closest: 3.0's form
    needs first: abcdef1234 MINOR: server: add x
    <<<<<<< ours
    x
    >>>>>>>
2.8     2.8.9    good      not needed  -
    the message does not ask for it
""" in text(j.BACKPORTED)


def test_a_branch_that_no_test_can_judge_is_unknown_in_every_report() -> None:
    events = [j.BACKPORTED[0], j.UNKNOWN, j.BACKPORTED[-1]]
    shown = text(events)
    assert shown.startswith("backport onto c16eba8183\n"), "not on what judges it"
    assert (
        """\
2.7     2.7.9    unknown   unknown  exact
    no test shows this bug
    the message asks for it
    by the message only: 'Backport it.'
"""
        in shown
    )
    whole = summary(events)
    assert "| 2.7 | 2.7.9 | unknown | **unknown** | exact |" in markdown.render(whole)
    (case,) = ET.fromstring(junit.render(whole)).iter("testcase")
    assert [child.tag for child in case] == ["skipped"]
    assert "not needed" not in html.render(whole)


def test_a_long_conflict_is_cut_off_on_the_terminal_only() -> None:
    long = replace(j.PORTED[1], conflict="\n".join(f"line {n}" for n in range(50)))
    lines = parts.ports([long])
    assert lines[-2].strip() == "… 32 lines more, see --html"
    assert parts.port_details(long)[-1] == "line 49"


def test_releases_are_told_in_stretches() -> None:
    assert "\n".join(parts.releases(j.RELEASES)) == (
        """\
releases    v2.9.0 to v2.9.4  good        5 releases, 2 probed, 3 inferred
            v3.0.0 to v3.0.6  bad         7 releases, 2 probed, 5 inferred
            v3.1.0            untestable  1 release: no expect in its log"""
    )


def test_the_hunks_of_a_culprit_that_bring_the_bug_are_named() -> None:
    assert parts.reduced(None) == []
    first, hunk = parts.reduced(j.REDUCED)
    assert first == "reduced     1 of 7 hunks of 2222222222 brings the bug"
    assert hunk.strip() == j.REDUCED.kept[0]
    unknown = replace(j.REDUCED, kept=(), problem="it has one hunk")
    assert parts.reduced(unknown) == ["reduced     it has one hunk"]


def test_it_is_told_where_a_real_toolchain_was_asked_again() -> None:
    proof = Confirmed("v3.0-dev1", True, 60, "", "dev")
    assert "proof       v3.0-dev1: dev says the same in 60 tests\n" in text([*j.VERIFIED, proof])
    doubt = Confirmed("v3.0-dev1", False, 60, "it differs")
    assert "doubt       v3.0-dev1: it differs\n" in text([*j.VERIFIED, doubt])
