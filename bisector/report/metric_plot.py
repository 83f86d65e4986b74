"""A metric by commit as an SVG drawing; pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from bisector.record.summary import Summary
from bisector.report.metric_text import Point, amount, changes, points

WIDTH, HEIGHT, MARGIN = 640, 200, 12


def drawing(summary: Summary) -> str:
    """The measured revisions with the range of their samples, and lines at what was found.

    '' if fewer than two were measured. Colours are those of the page's text.
    """
    measured = points(summary)
    if len(measured) < 2:
        return ""
    places = {one.place: _across(one.place, measured) for one in measured}
    names = {one.name: one.place for one in measured}
    lines = [
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="the metric by commit, oldest first">'
    ]
    for one in changes(summary):
        place = names.get(one.shifted.revision[:10])
        if place is not None:
            lines.append(
                f'<line class="found" x1="{places[place]:.1f}" x2="{places[place]:.1f}" '
                f'y1="0" y2="{HEIGHT}"/>'
            )
    steps = " ".join(f"{places[one.place]:.1f},{_down(one.mean, measured):.1f}" for one in measured)
    lines.append(f'<polyline points="{steps}"/>')
    lines += [_mark(one, measured) for one in measured]
    return "\n".join([*lines, "</svg>"])


def _mark(one: Point, measured: Sequence[Point]) -> str:
    """A revision's mean, and a bar from its lowest to its highest sample."""
    x, said = _across(one.place, measured), escape(f"{one.name}: {amount(one.mean)}")
    bar = f"M{x:.1f} {_down(one.low, measured):.1f}V{_down(one.high, measured):.1f}"
    y = _down(one.mean, measured)
    return f'<g><title>{said}</title><path d="{bar}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="3"/></g>'


def _across(place: int, measured: Sequence[Point]) -> float:
    first, last = measured[0].place, measured[-1].place
    return MARGIN + (place - first) / (last - first) * (WIDTH - 2 * MARGIN)


def _down(value: float, measured: Sequence[Point]) -> float:
    low, high = min(one.low for one in measured), max(one.high for one in measured)
    share = (value - low) / (high - low) if high > low else 0.5
    return HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN)
