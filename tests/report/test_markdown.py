"""Markdown: what a reviewer sees in a pull request; it fits, and nothing in it is markup."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bisector.record.events import Event, Noted
from bisector.report import markdown
from bisector.report.markdown_blocks import escape
from tests.support import judged as j
from tests.support.records import ANSWERED, BOTH_ANSWERED, FORKED, STARTED, summary

COMMENT = 65_536  # what GitHub takes


def text(events: list[Event]) -> str:
    return markdown.render(summary(events))


def test_a_verification_is_a_table_below_the_last_word() -> None:
    assert text(j.REFUSED).startswith(
        """\
### Not verified: breaks dns-false-up on v3.0-dev1, v3.0-dev2; conflicts on v3.0-dev5; \
does not help on v3.0-dev12

verify dns-flap, dns-false-up on v2.9.0 v3.0-dev1 v3.0-dev12

- BUG/MEDIUM: server/dns: keep the port
- BUG/MINOR: server/dns: unset the family

| revision | applied | dns-flap | dns-false-up |
|---|---|---|---|
| v3.0-dev1 | exact (s\\_addr) | fixes 12 of 18 | **breaks 12 of 18** |
| v3.0-dev2 | exact (s\\_addr) | fixes 12 of 18 | **breaks 12 of 18** |
| v3.0-dev5 | conflict | **conflict** |  |
| v3.0-dev12 | three-way, exact | **ineffective 6 of 18, fixes 6** |  |

<details><summary>v3.0-dev1, v3.0-dev2: what is wrong</summary>

```
dns-false-up breaks: [failure=nxdomain,refused]
    the server stays up without an address
```
</details>
"""
    )


def test_a_hunt_is_told_with_its_proof_and_the_patch() -> None:
    said = text(ANSWERED)
    assert said.startswith("### Proven: the introduction is 64c9c8ef39")
    assert "**introduction** 64c9c8ef39 (v3.0-dev1\\~53) MEDIUM: a\n- proven with dev" in said
    assert "**affected** v3.0-dev1 to v3.0-dev12 (2 releases)" in said
    assert "| v3.0-dev12 | bad | exact, exact | good  |" in said
    assert text([STARTED]).startswith("### No answer: unfinished\n")


def test_another_bug_is_told_after_it() -> None:
    assert text(BOTH_ANSWERED).index("**another bug** ") > text(BOTH_ANSWERED).index("| release |")
    assert """\
**another bug** refused configuration: config : error, learnt at v3.1-dev1 in 3 runs

**introduction** 5555555555 MEDIUM: c
- proven with dev: bad in 5 of 5 runs, its parent 6666666666 good in all of 5

**fix** 7777777777 BUG/MEDIUM: d
- not proven: run 3 of x is good: why

**affected** v3.1-dev1
""" in text(BOTH_ANSWERED)


def test_the_other_jobs_have_their_tables() -> None:
    assert "| 2.9 | 2.9.9 | bad | **conflict** |  | closest: 3.0's form |" in text(j.BACKPORTED)
    assert "<<<<<<< ours" in text(j.BACKPORTED)
    assert "1234567890 BUG/MINOR: server: y (missing): 'Commit" in text(j.BACKPORTED)
    assert "| v3.0.0 to v3.0.6 | bad | 7 releases, 2 probed, 5 inferred |" in text(j.AFFECTED)
    assert "| v3.0-dev1\\~8 | bad | 1 revision, odd |" in text(j.SWEPT)
    assert "- re-tested v3.0-dev2: was bad, good by the re-test with dev" in text(j.SWEPT)
    more = text(j.verify(*j.HUNKS, *j.COVERED, *j.REG_TESTS, j.REDUCED, Noted("look")))
    assert "| src/server.c @@ -9,2 +9,3 @@ | v3.0-dev1 | not covered by any test |" in more
    assert "  4711  \t\ts->x = 0;" in more
    assert "| reg-tests/server/a.vtc | v3.0-dev1 | **newly fails** | expect 200, got 503 |" in more
    assert "reg-tests/x1.vtc" not in more
    assert "1 of 7 hunks of 2222222222 brings the bug" in more
    assert "- look" in more


@pytest.mark.parametrize(
    ("raw", "escaped"),
    [
        ("a | b", "a \\| b"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("&lt;", "&amp;lt;"),
        ("@someone, me@example.org", "@&#8203;someone, me@&#8203;example.org"),
        ("@@ -1 +1 @@", "@@ -1 +1 @@"),
        ("*a* _b_ `c` [d](e) ~f~ #g \\", r"\*a\* \_b\_ \`c\` \[d\](e) \~f\~ \#g \\"),
        ("two\nlines\r\n\tmore", "two lines more"),
    ],
)
def test_nothing_is_markup_and_nobody_is_mentioned(raw: str, escaped: str) -> None:
    assert escape(raw) == escaped


def test_a_log_cannot_end_its_own_fence() -> None:
    broken = replace(j.conflicts("v1"), problem="```\n</details> @someone\n````")
    said = text(j.verify(broken))
    assert "`````\n```\n</details> @someone\n````\n" in said


def test_a_long_report_fits_and_says_that_something_is_left_out() -> None:
    rows = [j.breaks(f"v3.{n}-dev{n}") for n in range(2000)]
    said = text(j.verify(*rows))
    assert len(said) <= COMMENT
    assert said.startswith("### Not verified: breaks dns-false-up on v3.0-dev0")
    assert said.splitlines()[-1].endswith("lines left out to fit; the other reports have them.*")
    assert said.count("<details>") == said.count("</details>")


def test_a_huge_line_is_left_out_and_the_rest_is_not() -> None:
    huge = replace(j.PORTED[1], conflict="x" * COMMENT + "\nsmall")
    said = text([j.BACKPORTED[0], huge])
    assert len(said) <= COMMENT
    assert "1 line left out" in said or "2 lines left out" in said


def test_a_short_report_is_whole() -> None:
    assert "left out" not in text(j.REFUSED)


def test_two_lines_of_history_are_told_apart() -> None:
    said = text(FORKED)
    assert "**parted** after v3.0.0, which is good; master is bad, 3.0 unknown" in said
    assert "**other line** 3.0 has it, too, as 9999999999" in said
