"""What pages share: texts are escaped, and only known scripts and styles are allowed."""

from __future__ import annotations

from bisector.record.queue_events import Word
from bisector.report import page
from bisector.report.page import look


def test_a_policy_names_the_digest_of_what_is_allowed() -> None:
    # as a browser computes it: printf 'alert(1)' | openssl dgst -sha256 -binary | base64
    assert page.allowed("alert(1)") == "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"


def test_only_style_sheets_and_scripts_of_the_package_are_not_escaped() -> None:
    assert str(page.static("queue.js")) in page.static("style.css", "queue.js")
    made = page.fill("macros.html.j2")
    assert "script" not in made


def test_each_verdict_of_a_queue_has_a_look() -> None:
    assert {word: look(word) for word in Word} == {
        "pick": "fine",
        "pick with": "fine",
        "wait": "doubt",
        "not needed": "calm",
        "there": "calm",
        "conflict": "wrong",
        "breaks": "wrong",
        "unclear": "doubt",
    }
