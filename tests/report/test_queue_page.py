"""The page of a queue: rows, filters, lines to paste; hostile texts stay texts."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bisector.record.events import Event, Noted
from bisector.record.queue_events import (
    Decided,
    Evidence,
    Needed,
    Queued,
    Repair,
    RepairState,
    Statement,
)
from bisector.report import html, page
from bisector.report.queue_page import conflict
from tests.support import queue_rows as q
from tests.support.pages import Page
from tests.support.records import summary

EVIL = '</script></style><img src=x onerror="alert(1)">\'"><!-- \x1b[0m & {{ 1234 * 5678 }}'
TAGS = ("script", "style")
SCRIPT = str(page.static("queue.js"))


def rendered(events: list[Event]) -> str:
    return html.render(summary(events))


def rows(events: list[Event]) -> list[dict[str, str | None]]:
    """The attributes of the rows, in their order on the page."""
    return [tag for name, tag in Page(rendered(events)).tags if name == "tr" and "data-word" in tag]


def ticks(events: list[Event]) -> dict[str, bool]:
    """Which rows are ticked, by hash in short."""
    boxes = [tag for name, tag in Page(rendered(events)).tags if name == "input"]
    labels = {tag.get("aria-label") or "": "checked" in tag for tag in boxes}
    return {label[5:]: on for label, on in labels.items() if label.startswith("pick ")}


@pytest.mark.parametrize("events", [q.QUEUE, q.SETTLED, q.BRANCHES, [q.STARTED]])
def test_the_page_is_well_formed_and_needs_nothing_from_elsewhere(events: list[Event]) -> None:
    text = rendered(events)
    made = Page(text)
    names = [name for name, _ in made.tags]
    assert text.startswith("<!doctype html>")
    assert not {*names} & {"link", "img", "iframe", "object", "base", "form"}
    assert not re.search(r"https?://|url\(|@import", text)
    given = {name for _, attributes in made.tags for name in attributes}
    assert not [name for name in given if name.startswith("on") or name in ("src", "style")]
    links = [tag["href"] or "" for name, tag in made.tags if name == "a"]
    ids = {f"#{tag['id']}" for _, tag in made.tags if "id" in tag}
    assert {*links} <= ids, "links lead to places on the page"


def test_only_the_pages_own_script_and_style_are_allowed_to_run() -> None:
    text = rendered(q.QUEUE)
    policy = next(t for _, t in Page(text).tags if t.get("http-equiv") == "Content-Security-Policy")
    (script,), (style,) = (re.findall(f"<{n}>(.*?)</{n}>", text, re.DOTALL) for n in TAGS)
    assert script == SCRIPT, "nothing of the job is in the script"
    assert policy["content"] == (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src {page.allowed(style)}; script-src {page.allowed(script)}"
    )


def test_the_script_makes_no_markup() -> None:
    for word in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "fetch("):
        assert word not in SCRIPT
    assert ".textContent = text" in SCRIPT


def test_rows_are_in_the_order_of_urgency_and_have_what_filters_ask_for() -> None:
    found = rows(q.QUEUE)
    words = [one["data-word"] for one in found]
    assert words[:5] == ["breaks", "conflict", "unclear", "wait", "pick"]
    assert found[1]["data-tags"] == "mux-h2"
    assert found[4]["data-tags"] == "server"
    assert found[5]["data-tags"] == "dns server"
    assert found[5]["data-needs"] == q.commit(1)[:10]
    assert "data-needs" not in found[1], "what clashes is not picked with it"


def test_the_filters_offer_what_there_is() -> None:
    text = Page(rendered(q.QUEUE)).text
    assert "dns (8)" in text and "mux-h2 (1)" in text
    assert 'name="branch"' not in rendered(q.QUEUE)
    assert 'name="branch"' in rendered(q.BRANCHES)
    (filters,) = (tag for _, tag in Page(rendered(q.QUEUE)).tags if tag.get("id") == "filters")
    assert "hidden" in filters, "without the script they would do nothing"


def test_the_series_is_ticked_and_its_lines_are_there_without_the_script() -> None:
    assert [short for short, on in ticks(q.QUEUE).items() if on] == [
        q.commit(number)[:10] for number in (1, 2, 3)
    ]
    hashes = " ".join(q.commit(number)[:12] for number in (1, 2, 3))
    assert f">git cherry-pick -sx {hashes}</pre>" in rendered(q.QUEUE)
    assert "# nothing is ticked" in Page(rendered([q.STARTED, q.WAIT, q.series()])).text


def test_rows_know_their_place_among_the_picks() -> None:
    events: list[Event] = [q.STARTED, q.fix(1), q.UNCLEAR, q.fix(2), q.series(2, 1)]
    places = {one["data-commit"]: one["data-place"] for one in rows(events)}
    assert places == {"000200020002": "0", "000800080008": "1", "000100010001": "2"}


def test_a_name_of_a_branch_is_quoted_for_the_shell() -> None:
    events: list[Event] = [q.STARTED, replace(q.PICK, branch="$(rm x)")]
    sections = [tag for _, tag in Page(rendered(events)).tags if "data-branch" in tag]
    assert [one["data-branch"] for one in sections] == ["'$(rm x)'"]


def test_a_row_unfolds_to_all_that_is_known() -> None:
    text = Page(rendered(q.QUEUE)).text
    for told in (
        "The message says: To be backported.",
        "needs 0001000100 MINOR: server: add a helper: it brought helper()",
        "needed by 0002000200",
        "repaired by 0003000300 BUG/MINOR: dns/server: fix 3 (in the queue): its message names it",
        "lacks cccccccccc MEDIUM: a: move it",
        "<<<<<<< the branch",
        "Decided: no, too risky",
        "src/b.c: 'x' undeclared",
        "src/b.c:3: unused variable 'y'",
        "1 new warning",
        "server/x.vtc newly fails",
        q.commit(6),
        "A. Uthor, 2023-11-17",
        "has all 3 lines that it changes by lines",
        "created queue-3.0",
    ):
        assert told in text, told


def test_long_conflicts_are_cut_short() -> None:
    row = replace(q.CONFLICT, conflict="\n".join(map(str, range(100))))
    assert conflict(row).endswith("\n59\n… 40 lines more, see --json")
    assert conflict(q.CONFLICT) == q.CONFLICT.conflict


def hostile() -> Queued:
    return replace(
        q.BREAKS,
        branch=EVIL,
        subject=f"BUG/MINOR: {EVIL}",
        author=EVIL,
        why=EVIL,
        there=Statement(EVIL, Evidence.HISTORY),
        said=EVIL,
        differs=EVIL,
        conflict=EVIL,
        left_out=(EVIL,),
        needs=(Needed("c" * 40, EVIL, EVIL),),
        repairs=(Repair("d" * 40, EVIL, EVIL, RepairState.MISSING),),
        builds=Statement(EVIL, Evidence.PROVEN),
        warnings=(EVIL,),
        reg_tests=Statement(EVIL, Evidence.PROVEN),
        decided=Decided.WAIT,
        because=EVIL,
    )


def test_nothing_by_strangers_is_markup() -> None:
    asked = replace(q.STARTED, command=EVIL, repository=EVIL, range=EVIL, options=(EVIL,))
    made = q.series(1, branch=EVIL, source=EVIL, files=(EVIL,), created=EVIL)
    text = rendered([asked, hostile(), made, Noted(EVIL), replace(hostile(), branch="other")])
    found = Page(text)
    assert text.count("</script>") == text.count("<script>") == 1
    assert text.count("</style>") == 1
    assert "<img" not in text and "<!--" not in text
    assert not [tag for _, tag in found.tags if "onerror" in tag]
    assert EVIL in found.text and "7006652" not in found.text


@pytest.mark.slow
def test_six_hundred_rows_on_three_branches_are_less_than_two_megabytes() -> None:
    some = [q.fix(number) for number in range(600)]
    every = [replace(row, branch=name) for name in ("3.2", "3.0", "2.8") for row in some]
    text = rendered([q.STARTED, *every])
    assert len(text.encode()) < 2_000_000
    assert '<main class="many">' in text
    assert "<main>" in rendered([q.STARTED, *some])
