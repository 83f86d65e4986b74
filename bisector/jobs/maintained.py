"""--maintained: HAProxy's stable branches that are still maintained, as revisions to work on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bisector.errors import NoSuchRevision
from bisector.git.history import Range
from bisector.git.stable_branches import Maintained, maintained
from bisector.probing.setup import Asked


def added(asked: Asked, words: Sequence[str], wanted: bool) -> list[str]:
    """*words*, which name revisions, and if *wanted* the maintained branches, the newest first.

    A note says which these are. Raises NoSuchRevision if no release of one is known.
    """
    return [*words, *_names(asked)] if wanted else [*words]


def after(asked: Asked, span: Range) -> dict[str, tuple[str, ...]]:
    """The commits (full hashes, parents first) of the maintained branches beyond *span*, by name.

    The oldest branch is the first. Those that do not descend from the old end are left out, and a
    note says so. Raises NoSuchRevision if no release of a maintained branch is known.
    """
    history = asked.history
    tips = {name: history.resolve(name).id for name in reversed(_names(asked))}
    descend = history.objects.descendant_of
    apart = [
        name for name, tip in tips.items() if tip != span.old.id and not descend(tip, span.old.id)
    ]
    if apart:
        old = span.text.partition("..")[0]
        asked.note(f"not after {old}, and left out: {', '.join(apart)}")
    tips = {name: tip for name, tip in tips.items() if name not in apart}
    parts = history.branches(span.old.id, (span.new.id, *tips.values()))[1:]
    return {name: part for name, part in zip(tips, parts, strict=True) if part}


def _names(asked: Asked) -> tuple[str, ...]:
    found = maintained(asked.history.refs)
    if not found.names:
        raise NoSuchRevision(
            f"no release of a maintained branch in {asked.history.path}",
            "fetch the tags, or name a repository that has them by --with",
        )
    asked.note("; ".join(_said(found)))
    return found.names


def _said(found: Maintained) -> Iterator[str]:
    yield f"maintained: {', '.join(found.names)}"
    if found.ended:
        yield f"not any more: {', '.join(found.ended)}"
    if found.bare:
        names = ", ".join(found.bare)
        some = " ".join(f"--with {name}" for name in found.bare)
        yield f"known by the first release alone: {names}: name {some}"
