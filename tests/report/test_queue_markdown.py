"""A queue as Markdown: what is open comes first, and it fits."""

from __future__ import annotations

from dataclasses import replace

from bisector.record.events import Event
from bisector.record.queue_events import Word
from bisector.report import markdown
from tests.support import queue_rows as q
from tests.support.records import summary


def text(events: list[Event]) -> str:
    return markdown.render(summary(events))


def test_what_is_open_comes_first_then_the_lines_to_paste_then_the_rest() -> None:
    assert (
        text(q.QUEUE).partition("queue of 3.0 from master: 80 commits\n\n")[2]
        == """\
**3.0** 1 breaks, 1 conflict, 1 unclear, 2 wait, 2 pick, 1 pick with, 1 not needed, 1 there

**3.0: to look at**

| verdict | commit | subject | applies | evidence | why |
|---|---|---|---|---|---|
| **breaks** | 0009000900 | BUG/MINOR: dns/server: fix 9 |  | by lines | \
the message asks for it, but it does not build; 1 new warning: src/b.c:3: unused variable 'y'; \
src/b.c: 'x' undeclared; server/x.vtc newly fails |
| **conflict** | 0006000600 | BUG/MAJOR: mux-h2: fix 6 | conflict | by lines | \
the message asks for it, but src/a.c: the branch and the change disagree; \
lacks cccccccccc MEDIUM: a: move it: it changed the lines that clash |
| **unclear** | 0008000800 | BUG/MINOR: dns/server: fix 8 |  |  | the message says nothing |
| **wait** | 0007000700 | BUG/MINOR: dns/server: fix 7 |  | by lines | the message asks to wait |

**3.0** 3 picks on bbbbbbbbbb, up to f003f003f0, each of them built
- created queue-3.0
- written out/3.0/0001-x.patch
- 70 other commits of master fix nothing

<details><summary>3.0: to paste</summary>

```
git cherry-pick -sx 000100010001 000200020002 000300030003
```
</details>

**3.0** nothing to do for 3 fixes

- wait: 1, decided: too risky
- not needed: 1, the branch lacks what brought the bug, …
- there: 1, a pick names it

**3.0: where the message differs**

| verdict | commit | subject | applies | evidence | why |
|---|---|---|---|---|---|
| not needed | 0004000400 | BUG/MINOR: dns/server: fix 4 |  | by history | \
the branch lacks what brought the bug, 9999999999; \
the message asks for it, but the branch lacks what brought the bug |

**3.0: to pick**

| verdict | commit | subject | applies | evidence | why |
|---|---|---|---|---|---|
| pick | 0001000100 | MINOR: server: add a helper |  |  | 0002000200 needs it |
| pick with | 0002000200 | BUG/MINOR: dns/server: fix 2 | three-way | by lines | \
the message asks for it; needs 0001000100; repaired by 0003000300 (in the queue) |
| pick | 0003000300 | BUG/MINOR: dns/server: fix 3 | exact | by lines | the message asks for it |

<details><summary>command</summary>

```
bisector queue 3.0
```
</details>
"""
    )


def test_of_very_many_rows_those_are_left_out_that_matter_least() -> None:
    picks = [replace(q.fix(n), why="x" * 200) for n in range(20, 600)]
    said = text([q.STARTED, *picks, q.fix(1, Word.NOT_NEEDED), q.WAIT, q.series(), q.QUEUE[-1]])
    assert len(said) <= markdown.LIMIT
    assert "lines left out to fit" in said
    assert "| **wait** | 0007000700 " in said
    assert "- not needed: 1, " in said
    assert said.count(" 05990599059") == 1, "the command to paste is whole"
    assert "| pick | 0599059905 " not in said


def test_nothing_by_strangers_is_markup() -> None:
    evil = "a | <b> @somebody `x` [l](u)"
    said = text([q.STARTED, replace(q.CONFLICT, subject=evil, author=evil, why=evil)])
    assert "<b>" not in said and "@somebody" not in said and " | <" not in said
