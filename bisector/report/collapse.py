"""Describe many variants of a scenario by few combinations of parameter values; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

Values = Mapping[str, tuple[str, ...]]

ALL = "all variants"


def collapse(some: Sequence[str], among: Sequence[str]) -> list[str]:
    """Describe *some* of the variants *among* those tried: labels `a=x b=y`, alike in their names.

    Each description means only variants that are in *some* or were never tried, and together
    they mean all of them: `record=A,AAAA failure=nxdomain`. What makes no difference is left out.
    """
    wanted = [_parsed(label) for label in some]
    others = [_parsed(label) for label in among if label not in set(some)]
    every = _values([*wanted, *others])
    boxes: list[Values] = []
    for one in wanted:
        if not any(_holds(box, one) for box in boxes):
            boxes.append(_widened(one, every, others))
    return [_label(box, every) for box in boxes]


def _parsed(label: str) -> dict[str, str]:
    """A label's parameter values by name."""
    return {name: value for name, _, value in (word.partition("=") for word in label.split())}


def _values(variants: Sequence[Mapping[str, str]]) -> dict[str, tuple[str, ...]]:
    """All values of each parameter, in the order of their first appearance."""
    values: dict[str, dict[str, None]] = {}
    for variant in variants:
        for name, value in variant.items():
            values.setdefault(name, {})[value] = None
    return {name: tuple(seen) for name, seen in values.items()}


def _widened(one: dict[str, str], every: Values, others: Sequence[Mapping[str, str]]) -> Values:
    """A box (allowed values by parameter) that holds *one* and none of *others*, as wide as found.

    The last parameters are widened first, since a scenario names the most important ones first.
    """
    box: dict[str, tuple[str, ...]] = {name: (value,) for name, value in one.items()}
    for name, values in _steps(one, every):
        kept = tuple(value for value in every[name] if value in {*box[name], *values})
        wider = {**box, name: kept}
        if not any(_holds(wider, other) for other in others):
            box = wider
    return box


def _steps(one: dict[str, str], every: Values) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The widenings to try: whole parameters with all values first, then single values."""
    for name in reversed(one):
        yield name, every[name]
    for name in reversed(one):
        yield from ((name, (value,)) for value in every[name])


def _holds(box: Values, variant: Mapping[str, str]) -> bool:
    return all(variant.get(name) in values for name, values in box.items())


def _label(box: Values, every: Values) -> str:
    told = [f"{name}={','.join(values)}" for name, values in box.items() if values != every[name]]
    return " ".join(told) or ALL
