"""The table of what can be judged, and of the reasons for what cannot."""

from __future__ import annotations

from bench.reg_tests import Row, report

ROWS = [
    Row("a.vtc", "good", "every expectation held"),
    Row("b.vtc", "bad", "c1: EXPECT resp.status (503) == '200' failed"),
    Row("c.vtc", "untestable", "VTest skipped it: it needs the program socat (install it)"),
    Row("d.vtc", "untestable", "VTest skipped it: it needs the program socat (install it)"),
    Row("e.vtc", "error", "bisector: no make on this machine"),
]


def test_what_was_not_judged_is_counted_by_reason() -> None:
    assert report(ROWS, verbose=False).splitlines() == [
        "2 of 5 judged: 1 good, 1 bad",
        "2  VTest skipped it: it needs the program socat (install it)",
        "1  bisector: no make on this machine",
        "bad: b.vtc: c1: EXPECT resp.status (503) == '200' failed",
    ]


def test_each_test_has_a_line_on_request() -> None:
    assert report(ROWS, verbose=True).endswith(
        "\ne.vtc  error       bisector: no make on this machine"
    )


def test_reasons_that_differ_in_names_and_numbers_are_one() -> None:
    first, second = (
        Row("", "", f'top: Unknown command: "{name}" at 0x{n}') for name, n in ("a1", "b2")
    )
    assert first.kind == second.kind
    assert Row("", "", "version_atleast(3.5)").kind != Row("", "", "version_atleast(3.4)").kind
