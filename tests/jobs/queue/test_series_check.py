"""A series of picks for a tiny HAProxy is built and tested, with the real gcc and a VTest of sh."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest

from bisector.build.toolchain import Toolchains
from bisector.build.toolchains.dev import Dev
from bisector.jobs.catalog import journal_of
from bisector.jobs.queue.series_check import Checked, check
from bisector.jobs.queue.source import Line, Source
from bisector.probing import supply
from bisector.probing.context import Context
from bisector.probing.executors import Local
from bisector.probing.prober import Prober
from bisector.record.events import Event, Noted, Probed
from bisector.record.patch_events import RegTested
from bisector.record.queue_events import (
    Decided,
    Evidence,
    Queued,
    Repair,
    RepairState,
    Statement,
    Word,
)
from bisector.system.tools import Lua, Tool
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.gcc_job import gcc_job, program

pytestmark = pytest.mark.slow  # each builds something some times, with counters, too

MAKEFILE = """\
haproxy: src/haproxy.o src/tool.o
\t$(CC) $(ARCH_FLAGS) -o $@ $^ $(ADDLIB)
%.o: %.c
\t@echo "  CC      $@"
\t@$(CC) -Wall $(OPT_CFLAGS) $(ARCH_FLAGS) -Iinclude -c -o $@ $<
"""
MAIN = """\
#include "haproxy/tool.h"

int main(int argc, char **argv)
{
	return argc > 1 ? special() : usual();
}
"""
TOOL = """\
#include "haproxy/tool.h"

int usual(void)
{
	return 0;
}

/* some lines
 * that keep
 * both apart
 */

int special(void)
{
	return 0;
}
"""
HEADER = "int usual(void);\nint special(void);\n"
# a case is good if HAProxy ends with 0
VTEST = """\
#!/bin/sh
for last; do :; done
grep -q special "$last" && set -- x || set --
"$HAPROXY_PROGRAM" "$@"
"""
PLAIN, SPECIAL = "reg-tests/a/plain.vtc", "reg-tests/a/special.vtc"
NO_FUNCTION, NONE = "it changes no function", "none executes it"


class Branch:
    """A stable branch, and a source line on which a test commits."""

    def __init__(self, clone: Clone) -> None:
        self.clone = clone
        self._files = {"src/haproxy.c": MAIN, "src/tool.c": TOOL, "include/haproxy/tool.h": HEADER}
        tests = {PLAIN: 'vtest "plain"\n', SPECIAL: 'vtest "special"\n'}
        self.tip = clone.commit({"Makefile": MAKEFILE, **self._files, **tests})
        self.before: list[str] = []

    def commit(self, subject: str, *edits: tuple[str, str, str]) -> str:
        """A commit on the source line that replaces texts: (file, old, new)."""
        for path, old, new in edits:
            assert self._files[path].count(old) == 1
            self._files[path] = self._files[path].replace(old, new)
        changed: dict[str, str | None] = {path: self._files[path] for path, _, _ in edits}
        self.before.append(self.clone.commit(changed, subject=subject))
        return self.before[-1]

    @property
    def source(self) -> Source:
        before = tuple(self.before)
        line = Line("master", before[-1], None)
        return Source(Line("3.0", self.tip, None), line, self.tip, before, before, ())


Run = Callable[..., Checked]


@pytest.fixture
def branch(clone: Clone) -> Branch:
    return Branch(clone)


@pytest.fixture
def context(
    branch: Branch, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Context:
    """A job on a machine without tcc; the repository is complete when it is asked for."""
    vtest = program(tmp_path / "vtest", VTEST)
    monkeypatch.setenv("VTEST_PROGRAM", str(vtest))
    return gcc_job(branch.clone, workspace, vtest, monkeypatch)


def row(branch: Branch, commit: str) -> Queued:
    return Queued("3.0", commit, "a subject", "Jo", 0, Word.PICK, "the message asks for it")


def run(
    context: Context,
    branch: Branch,
    commits: Iterable[str],
    rows: Iterable[Queued] = (),
    progress: Callable[[str], None] = lambda line: None,
) -> tuple[Checked, list[Event]]:
    """Check a series of *commits*; *rows* stand for those that a plan would have."""
    known = {one.revision: one for one in rows}
    picks = dict.fromkeys(commits, "")
    given = [known.get(commit) or row(branch, commit) for commit in picks]
    with journal_of(context.workspace, "queue", False) as journal, Local(context.workspace, 1) as e:
        prober = Prober(context, journal, e, None, False)
        done = check(prober, branch.source, given, picks, frozenset(picks), progress)
        return done, list(journal.events)


def words(checked: Checked) -> dict[str, Word]:
    return {one.revision: one.word for one in checked.rows}


def found(checked: Checked, commit: str) -> Queued:
    return next(one for one in checked.rows if one.revision == commit)


def origins(checked: Checked) -> list[str]:
    return [origin for origin, _ in checked.picks]


def brings_limit(branch: Branch) -> str:
    return branch.commit(
        "MINOR: tool: add limit()",
        ("include/haproxy/tool.h", HEADER, f"{HEADER}int limit(void);\n"),
        ("src/tool.c", "/* some", "int limit(void)\n{\n\treturn 0;\n}\n\n/* some"),
    )


def uses_limit(branch: Branch) -> str:
    return branch.commit(
        "BUG/MINOR: main: heed the limit", ("src/haproxy.c", ": usual()", ": usual() + limit()")
    )


def harmless(branch: Branch) -> str:
    return branch.commit(
        "BUG/MINOR: main: add a function",
        ("src/haproxy.c", "int main", "int unused(void) { return 3; }\n\nint main"),
    )


def test_of_a_series_without_fault_nothing_is_set_aside(branch: Branch, context: Context) -> None:
    commits = [brings_limit(branch), uses_limit(branch), harmless(branch)]
    checked, events = run(context, branch, commits)
    assert origins(checked) == commits
    assert set(words(checked).values()) == {Word.PICK}
    assert [str(one.builds and one.builds.text) for one in checked.rows] == ["builds"] * 3
    said = [str(one.reg_tests and one.reg_tests.text) for one in checked.rows]
    assert said == [NONE, "2 tests execute it, all as before", NONE]
    assert all(not one.warnings and not one.needs for one in checked.rows)
    assert not [event for event in events if isinstance(event, Noted)]
    assert all(
        one.picked == pick for one, (_, pick) in zip(checked.rows, checked.picks, strict=True)
    )


def test_what_a_pick_misses_is_picked_before_it(branch: Branch, context: Context) -> None:
    """No plan: the compiler says what is missing, and history who brought it."""
    first, brings, uses = harmless(branch), brings_limit(branch), uses_limit(branch)
    checked, _ = run(context, branch, [first, uses])
    assert origins(checked) == [first, brings, uses]
    own = found(checked, uses)
    assert own.word is Word.PICK_WITH
    (needed,) = own.needs
    assert (needed.revision, needed.subject) == (brings, "MINOR: tool: add limit()")
    assert needed.why == "it brought limit, which the compiler misses"
    assert found(checked, brings).word is Word.PICK
    assert found(checked, brings).needed_by == (uses,)


def test_what_is_missed_then_is_picked_too(branch: Branch, context: Context) -> None:
    brings = brings_limit(branch)
    more = branch.commit(
        "MINOR: tool: add other()",
        ("include/haproxy/tool.h", "int limit(void);\n", "int limit(void);\nint other(void);\n"),
        (
            "src/tool.c",
            "both apart\n */\n",
            "both apart\n */\nint other(void) { return limit(); }\n",
        ),
    )
    harmless(branch)
    uses = branch.commit("BUG/MINOR: main: x", ("src/haproxy.c", ": usual()", ": other()"))
    checked, _ = run(context, branch, [uses])
    assert origins(checked) == [brings, more, uses]
    assert [one.revision for one in found(checked, uses).needs] == [brings, more]


def test_what_is_refused_is_not_picked_for_others(branch: Branch, context: Context) -> None:
    brings, uses = brings_limit(branch), uses_limit(branch)
    refused = replace(row(branch, brings), word=Word.NOT_NEEDED, decided=Decided.NO)
    picks = {uses: ""}
    with journal_of(context.workspace, "queue", False) as journal, Local(context.workspace, 1) as e:
        prober = Prober(context, journal, e, None, False)
        rows = [refused, row(branch, uses)]
        checked = check(prober, branch.source, rows, picks, (), lambda line: None)
    assert origins(checked) == []
    own = found(checked, uses)
    assert own.word is Word.BREAKS
    (needed,) = own.needs
    assert needed.revision == brings
    assert needed.why == "it brought limit, which the compiler misses; it is not to be picked"


def test_what_breaks_the_build_is_set_aside_and_what_needs_it_conflicts(
    branch: Branch, context: Context
) -> None:
    bad = branch.commit(
        "BUG/MINOR: tool: x",
        ("src/tool.c", "int special(void)\n{\n\treturn 0;", "int special(void)\n{\n\treturn gone;"),
    )
    on_top = branch.commit("BUG/MINOR: tool: y", ("src/tool.c", "return gone", "return gone + 1"))
    good = harmless(branch)
    checked, _ = run(context, branch, [bad, on_top, good])
    assert origins(checked) == [good]
    own = found(checked, bad)
    assert own.word is Word.BREAKS
    assert "does not build: src/tool.c:" in own.why and "gone" in own.why
    other = found(checked, on_top)
    assert other.word is Word.CONFLICT
    assert other.why.startswith(f"without {bad[:10]}, which does not build, it conflicts")
    assert "return gone + 1" in other.conflict
    assert found(checked, good).word is Word.PICK


def test_what_was_picked_for_it_alone_leaves_with_it(branch: Branch, context: Context) -> None:
    brings = brings_limit(branch)
    bad = branch.commit(
        "BUG/MINOR: main: x", ("src/haproxy.c", ": usual()", ": usual() + limit() + gone()")
    )
    good = harmless(branch)
    for_it = replace(row(branch, brings), why=f"{bad[:10]} needs it", needed_by=(bad,))
    checked, _ = run(context, branch, [brings, bad, good], [for_it])
    assert origins(checked) == [good]
    assert found(checked, brings).word is Word.NOT_NEEDED
    assert found(checked, good).builds == Statement("builds", Evidence.PROVEN)


def test_a_pick_that_its_repair_makes_build_stays(branch: Branch, context: Context) -> None:
    bad = branch.commit("BUG/MINOR: main: x", ("src/haproxy.c", ": usual()", ": usual() + later()"))
    good = harmless(branch)
    repair = branch.commit("BUILD: main: y", ("src/haproxy.c", " + later()", ""))
    mended = replace(
        row(branch, bad), repairs=(Repair(repair, "y", "it says so", RepairState.QUEUED),)
    )
    checked, _ = run(context, branch, [bad, good, repair], [mended])
    assert origins(checked) == [bad, repair, good]
    builds = found(checked, bad).builds
    assert builds and builds.text.startswith(f"does not build without {repair[:10]}")
    assert set(words(checked).values()) == {Word.PICK}


def test_what_follows_such_a_pair_is_built_too(branch: Branch, context: Context) -> None:
    """The series stays as it is then, since the repair follows at once; its end builds, too."""
    bad = branch.commit("BUG/MINOR: main: x", ("src/haproxy.c", ": usual()", ": usual() + later()"))
    repair = branch.commit("BUILD: main: y", ("src/haproxy.c", " + later()", ""))
    worse = branch.commit("BUG/MINOR: main: z", ("src/haproxy.c", ": usual()", ": gone()"))
    last = branch.commit("BUG/MINOR: main: a", ("src/haproxy.c", ": gone()", ": usual() + 0"))
    mended = replace(
        row(branch, bad), repairs=(Repair(repair, "y", "it says so", RepairState.QUEUED),)
    )
    checked, _ = run(context, branch, [bad, repair, worse, last], [mended])
    assert origins(checked) == [bad, repair]
    assert words(checked)[worse] is Word.BREAKS


def test_a_pick_that_breaks_a_reg_test_is_named_and_set_aside(
    branch: Branch, context: Context
) -> None:
    first = harmless(branch)
    bad = branch.commit(
        "BUG/MINOR: tool: x",
        ("src/tool.c", "int usual(void)\n{\n\treturn 0;", "int usual(void)\n{\n\treturn 1;"),
    )
    last = branch.commit(
        "BUG/MINOR: tool: y",
        (
            "src/tool.c",
            "int special(void)\n{\n\treturn 0;",
            "int special(void)\n{\n\treturn 0 * 1;",
        ),
    )
    checked, events = run(context, branch, [first, bad, last])
    assert origins(checked) == [first, last]
    own = found(checked, bad)
    assert own.word is Word.BREAKS
    assert own.why.endswith(f"but it breaks {PLAIN}")
    assert own.reg_tests and own.reg_tests.text.startswith(f"{PLAIN} fails: ")
    said = found(checked, last).reg_tests
    assert said and said.text == "1 test executes it, all as before"
    tested = [(e.revision, e.test, str(e.change)) for e in events if isinstance(e, RegTested)]
    assert tested == [(bad, PLAIN, "newly fails"), (branch.tip, SPECIAL, "same")]


def test_a_new_warning_is_told_of_the_pick_that_brought_it(
    branch: Branch, context: Context
) -> None:
    first = harmless(branch)
    warns = branch.commit(
        "BUG/MINOR: tool: x",
        ("src/tool.c", "/* some", "static int idle(void) { return 1; }\n/* some"),
    )
    checked, _ = run(context, branch, [first, warns])
    assert found(checked, first).warnings == ()
    (warning,) = found(checked, warns).warnings
    assert warning.startswith("src/tool.c: ") and "idle" in warning


def test_a_branch_that_does_not_build_is_not_blamed_on_a_pick(
    clone: Clone, branch: Branch, context: Context
) -> None:
    broken: dict[str, str | None] = {"src/tool.c": "#error this does not compile\n"}
    branch.tip = clone.commit(broken, parents=[branch.tip], branch="stable")
    fix = branch.commit("BUG/MINOR: main: x", ("src/haproxy.c", ": usual()", ": 1 * usual()"))
    checked, events = run(context, branch, [fix])
    assert (origins(checked), checked.built) == ([fix], False)
    assert found(checked, fix).builds is None
    (note,) = (event.text for event in events if isinstance(event, Noted))
    assert note.startswith("3.0 itself does not build: src/tool.c:1:2: error: ")


@dataclass(frozen=True)
class Picky(Dev):
    """A fast toolchain: sources see that they are compiled by it."""

    name: ClassVar[str] = "picky"
    is_real: ClassVar[bool] = False
    flags: ClassVar[Mapping[str, str]] = {**Dev.flags, "ARCH_FLAGS": "-DPICKY"}


@pytest.fixture
def with_picky(context: Context) -> Context:
    """The same job with a fast toolchain and a real one."""
    real = context.toolchains.search
    gcc, make = Tool(Path("gcc"), "gcc", "gcc-id"), Tool(Path("make"), "make", "make-id")
    lua = Lua("5.4", Path("/lua/include"), Path("/lua/lib"), "lua5.4", "lua-id")
    picky = Picky.of(make, gcc, lua, {})
    return replace(context, toolchains=Toolchains(picky, real, real))


def unless(branch: Branch, condition: str) -> str:
    text = f"#{condition} PICKY\n#error no\n#endif\n/* some"
    return branch.commit("BUG/MINOR: tool: x", ("src/tool.c", "/* some", text))


def test_what_only_the_fast_compiler_refuses_is_no_fault(
    branch: Branch, with_picky: Context
) -> None:
    commits = [unless(branch, "ifdef"), harmless(branch)]
    checked, events = run(with_picky, branch, commits)
    assert origins(checked) == commits
    assert set(words(checked).values()) == {Word.PICK}
    assert {event.toolchain for event in events if isinstance(event, Probed)} == {"picky", "dev"}


def test_what_only_the_real_compiler_refuses_is_found_at_the_end(
    branch: Branch, with_picky: Context
) -> None:
    first, bad, last = harmless(branch), unless(branch, "ifndef"), brings_limit(branch)
    checked, _ = run(with_picky, branch, [first, bad, last])
    assert origins(checked) == [first]  # the last one changes the line after it
    assert found(checked, bad).word is Word.BREAKS
    assert found(checked, last).word is Word.CONFLICT


PROMEX = "addons/promex/x.c"
WITH_PROMEX = MAKEFILE.replace(
    "src/tool.o\n", "src/tool.o $(if $(USE_PROMEX),addons/promex/x.o)\n", 1
)


@pytest.mark.parametrize("content", ["int x;\n", "#error no\nint x;\n"])
def test_changed_lines_are_built_unless_the_branch_itself_does_not(
    clone: Clone,
    branch: Branch,
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    content: str,
) -> None:
    monkeypatch.setattr(supply, "fetch_tools", lambda *_, **__: None)
    context = replace(context, supply=supply.Supply(context.workspace, lambda line: None))
    branch.tip = clone.commit({"Makefile": WITH_PROMEX, PROMEX: content})
    fix = clone.commit({PROMEX: f"{content}int y;\n"}, subject="BUG/MINOR: promex: x")
    branch.before = [fix]
    checked, events = run(context, branch, [fix])
    builds = found(checked, fix).builds
    notes = [event.text for event in events if isinstance(event, Noted)]
    assert found(checked, fix).word is Word.PICK
    if content.startswith("#error"):
        assert builds and builds.text == "builds"
        (note,) = notes
        assert note.startswith(f"3.0 itself does not build with PROMEX: {PROMEX}:1:2: error: ")
    else:
        assert builds and builds.text == "builds with PROMEX"
        assert not notes


def test_an_interrupted_check_goes_on(branch: Branch, context: Context) -> None:
    harmless(branch)
    brings_limit(branch)
    commits = [uses_limit(branch)]
    commits.append(branch.commit("BUG/MINOR: x", ("src/tool.c", "/* some", "#error no\n/* some")))
    total, whole = 0, list[str]()

    def interrupt_at(number: int) -> Callable[[str], None]:
        def progress(line: str) -> None:
            whole.append(line)
            if len(whole) == number:
                raise KeyboardInterrupt

        return progress

    for number in range(1, 100):
        whole.clear()
        try:
            checked, events = run(context, branch, commits, progress=interrupt_at(number))
            break
        except KeyboardInterrupt:
            total += 1
    again, once_more = run(context, branch, commits)
    assert total > 3
    assert again == checked
    assert once_more == events
    new = [e.key for e in events if isinstance(e, Probed) and not e.known]
    assert len(new) == len(set(new))
