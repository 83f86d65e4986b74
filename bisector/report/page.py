"""What HTML pages share: templates with all texts escaped, style sheets, the looks of words."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib import resources
from typing import TYPE_CHECKING

from bisector.record.patch_outcome import Outcome
from bisector.record.queue_events import Word
from bisector.record.summary import Summary
from bisector.record.verdict import Verdict
from bisector.record.words import HunkState, RegTestChange
from bisector.report.conclusion import conclude
from bisector.report.layout import moment
from bisector.report.terminal import question, work

if TYPE_CHECKING:
    from markupsafe import Markup

# how a word looks; what is in none of these gets the colour of doubt
_LOOKS: Mapping[str, str] = {
    **dict.fromkeys((Verdict.GOOD, Outcome.FIXES, HunkState.NOTICED, RegTestChange.PASSES), "fine"),
    **dict.fromkeys((Word.PICK, Word.PICK_WITH), "fine"),
    **dict.fromkeys(
        (Outcome.NOT_NEEDED, Outcome.UNHARMED, HunkState.COMMENT, HunkState.NEEDED), "calm"
    ),
    **dict.fromkeys((Outcome.BREAKS, Outcome.INEFFECTIVE, Outcome.CONFLICT), "wrong"),
    **dict.fromkeys((Verdict.BAD, RegTestChange.FAILS), "wrong"),
    Word.THERE: "calm",
}
_SIGNS = {"fine": "✓", "calm": "-", "wrong": "✗", "doubt": "?"}


def fill(template: str, **names: object) -> str:
    """The page that *template* makes of *names*; what is not Markup is escaped."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_read),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(look=look, sign=sign)
    return environment.get_template(template).render(**names)


def of_any_job(summary: Summary) -> dict[str, object]:
    """What the page of any job has: its question, its conclusion and how that looks, its work."""
    last = conclude(summary)
    return {
        "summary": summary,
        "asked": summary.started,
        "question": question(summary),
        "last": last,
        "looks": "fine" if last.good else "doubt" if summary.ended is None else "wrong",
        "began": moment(summary.started.at),
        "work": work(summary),
    }


def static(*files: str) -> Markup:
    """The text of style sheets or scripts of this package, as a part of a page."""
    from markupsafe import Markup

    return Markup("".join(map(_read, files)))  # not by strangers


def allowed(text: str) -> str:
    """The source of a content security policy that allows an inline element with this text."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _read(name: str) -> str:
    return resources.files("bisector.report").joinpath(name).read_text(encoding="utf-8")


def look(word: str) -> str:
    """The CSS class of a verdict, an outcome or a state: fine, calm, wrong or doubt."""
    return _LOOKS.get(word, "doubt")


def sign(word: str) -> str:
    """A sign for the same, for readers who cannot tell the colours apart."""
    return _SIGNS[look(word)]
