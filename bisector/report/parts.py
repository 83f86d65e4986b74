"""Sections of text reports: hunks, coverage, reg-tests, branches, releases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from bisector.record.events import Confirmed, Reduced, Released
from bisector.record.patch_events import Covered, HunkDropped, Ported, RegTested
from bisector.record.words import HunkState, RegTestChange
from bisector.report.layout import counted, indented, row, shortened, stretch, table

_PLACE = 64  # characters for a hunk's file and header
_DETAILS = 20  # lines about a branch
_SAID = {True: "the message asks for it", False: "the message does not ask for it", None: ""}


def hunks(dropped: Sequence[HunkDropped]) -> list[str]:
    """The section on what happens without each hunk, by revision and patch."""
    lines = []
    for name, group in groupby(dropped, key=lambda one: one.name):
        some = list(group)
        counts = Counter(one.state for one in some)
        total = ", ".join(f"{number} {_state(state)}" for state, number in counts.items())
        texts = table([[one.state, hunk_place(one), hunk_why(one)] for one in some])
        more, patch = [], ""
        for one, line in zip(some, texts, strict=True):
            more += [one.patch] if one.patch != patch else []
            more.append(f"  {line}")
            patch = one.patch
        lines += row("hunks", f"{len(some)} at {name}: {total}", more)
    return lines


def hunk_place(one: HunkDropped) -> str:
    """The hunk's file and header, shortened to fit a terminal."""
    return shortened(f"{one.path} {one.header}", _PLACE)


def hunk_why(one: HunkDropped) -> str:
    """Which tests notice that the hunk is missing, or why the rest of the patch needs it."""
    tests = Counter(text.partition(" ")[0] for text in one.noticed_by)
    told = [f"{test} ({counted(number, 'variant')})" for test, number in tests.items()]
    return f"by {', '.join(told)}" if told else one.problem


def hunk_said(one: HunkDropped) -> str:
    """What happens without the hunk, in one line."""
    why = hunk_why(one)
    return (
        f"{_state(one.state)} {why}"
        if one.state is HunkState.NOTICED
        else _with(_state(one.state), why)
    )


def _with(text: str, why: str) -> str:
    return f"{text}: {why}" if why else text


def _state(state: HunkState) -> str:
    return "not covered by any test" if state is HunkState.UNCOVERED else state


def confirmed(asked: Sequence[Confirmed]) -> list[str]:
    """The section on what was confirmed with a real toolchain, and what was not."""
    lines: list[str] = []
    for one in asked:
        lines += row("proof" if one.proven else "doubt", confirmed_said(one))
    return lines


def confirmed_said(one: Confirmed) -> str:
    """The result of one confirmation, in one line."""
    if not one.proven:
        return f"{one.what}: {one.doubt}"
    return f"{one.what}: {one.toolchain} says the same in {counted(one.runs, 'test')}"


def covered(files: Sequence[Covered]) -> list[str]:
    """The section on the added lines that the tests executed, with the missed ones."""
    lines: list[str] = []
    for one in files:
        more = "; missed:" if one.missed else ""
        lines += row("covered", f"{one.name}: {covered_said(one)}{more}", list(missed(one)))
    return lines


def covered_said(one: Covered) -> str:
    """A file's coverage in one line."""
    if one.problem:
        return f"{one.path}: not known: {one.problem}"
    total = len(one.executed) + len(one.missed)
    if not total:
        return f"{one.path}: no code was added"
    lines = f"{len(one.executed)} of {total} added lines"
    return f"{one.path}: {lines} executed"


def missed(one: Covered) -> Iterator[str]:
    """The lines that no test executed, each with its number in the patched file."""
    for number, text in zip(one.missed, one.text, strict=False):
        yield f"{number:>6}  {text}"


def reg_tests(tested: Sequence[RegTested]) -> list[str]:
    """The section on reg-tests: the changed ones, and the number of others, by branch or name."""
    lines = []
    for name, group in groupby(tested, key=lambda one: one.branch or one.name):
        some = list(group)
        changed = [one for one in some if one.change is not RegTestChange.SAME]
        texts = [[one.change, one.test, one.reason] for one in changed]
        lines += row("reg-tests", f"{name}: {reg_tests_said(some)}", table(texts))
    return lines


def reg_tests_said(some: Sequence[RegTested]) -> str:
    """The number of reg-tests by their change."""
    counts = Counter(one.change for one in some)
    changes = [
        f"{number} {change}"
        for change, number in counts.items()
        if change is not RegTestChange.SAME
    ]
    return ", ".join([*changes, f"{counts[RegTestChange.SAME]} the same as without the patch"])


def reg_test_line(one: RegTested) -> str:
    """The line for a changed reg-test during the job."""
    line = f"{one.change:<11} {one.branch or one.name:<20} {one.test}"
    return "\n".join([line, *indented([one.reason] if one.reason else [])])


def ports(ported: Sequence[Ported]) -> list[str]:
    """The table of a fix on each branch, with details below each row."""
    if not ported:
        return []
    head = ["branch", "version", "as it is", "outcome", "applied"]
    texts = [head, *(_port(one) for one in ported)]
    first, *lines = table(texts)
    shown = ["", first]
    for one, line in zip(ported, lines, strict=True):
        shown += [line, *indented(_cut(port_details(one)), 4)]
    return [*shown, ""]


def _port(one: Ported) -> list[str]:
    return [one.branch, one.version, one.affected or "unknown", one.outcome, one.how or "-"]


def port_details(one: Ported) -> list[str]:
    """The details of a branch in lines, the conflict last."""
    said = [*one.why.split("; "), _SAID.get(one.said, ""), *one.remark.split("; ")]
    said += [f"needs first: {commit}" for commit in one.prerequisites]
    said += [f"repaired later by {repair}" for repair in one.repairs]
    said += [f"created {one.created}"] if one.created else []
    said += [f"written {file}" for file in one.files]
    return [line for line in [*said, *one.conflict.splitlines()] if line]


def _cut(lines: Sequence[str]) -> list[str]:
    """The first _DETAILS lines, and the number of the others."""
    if len(lines) <= _DETAILS:
        return list(lines)
    return [*lines[:_DETAILS], f"… {counted(len(lines) - _DETAILS, 'line')} more, see --html"]


def port_line(one: Ported) -> str:
    """The line for a finished branch during the job."""
    line = f"{one.outcome:<11} {one.branch:<20} {one.how}".rstrip()
    return "\n".join([line, *indented([one.remark] if one.remark else [])])


def releases(released: Sequence[Released]) -> list[str]:
    """The section on releases: adjacent ones with the same verdict in one row."""
    if not released:
        return []
    texts = [[span(some), some[0].verdict, basis(some)] for some in stretches(released)]
    first, *more = table(texts)
    return row("releases", first, more)


def stretches(released: Sequence[Released]) -> list[list[Released]]:
    """Adjacent releases of one branch with the same verdict, and reason if they were not tested."""
    groups = groupby(
        released, key=lambda one: (one.branch, one.verdict, one.reason * (not one.verdict.tested))
    )
    return [list(some) for _, some in groups]


def span(some: Sequence[Released]) -> str:
    """The first and the last of adjacent releases."""
    return stretch([one.release for one in some])


def basis(some: Sequence[Released]) -> str:
    """The number of releases, how many were probed, and why they could not be tested."""
    probed = sum(one.probed for one in some)
    text = counted(len(some), "release")
    if len(some) > 1 or not probed:
        rest = len(some) - probed
        text += ", all probed" if not rest else f", {probed} probed, {rest} inferred"
    return text if some[0].verdict.tested else f"{text}: {some[0].reason}"


def reduced(one: Reduced | None) -> list[str]:
    """The section on the hunks of the introducing commit that alone bring the bug."""
    return row("reduced", reduced_said(one), one.kept) if one else []


def reduced_said(one: Reduced) -> str:
    """The number of these hunks, and why they may be fewer, or why they are not known."""
    if not one.kept:
        return one.problem
    bring = "brings" if len(one.kept) == 1 else "bring"
    said = f"{len(one.kept)} of {counted(one.total, 'hunk')} of {one.revision[:10]} {bring} the bug"
    return _with(said, one.problem)


def hunk_line(one: HunkDropped) -> str:
    """The line for a hunk left out during the job."""
    return f"{one.state:<11} {one.name:<20} without {hunk_place(one)} {hunk_why(one)}".rstrip()
