"""Fixtures for the benchmarks' tests."""

from __future__ import annotations

import pytest

from tests.support.clone import Clone


@pytest.fixture
def line_and_fixes(clone: Clone) -> tuple[list[str], list[str]]:
    """A line of commits, and its fixes: three of them blame commit 1, 2, 4."""
    line = clone.line(6)
    texts = [
        f"BUG/MINOR: x: one\n\nIt was introduced in 2.4-dev1 by commit {line[1][:10]}.",
        f"BUG/MEDIUM: x: two\n\nBroken since {line[2]} at least.",
        f"BUG/MAJOR: x: three\n\nA regression\nfrom {line[4][:8]} (see {line[0][:8]}).",
        f"MINOR: x: no bug\n\nIntroduced by {line[4][:8]}.",
        f"BUG/MINOR: x: blames nobody\n\nIt is caused by haste. See commit {line[3][:8]}.",
        "BUG/MINOR: x: blames what there is not\n\nIntroduced by 0123456789ab.",
    ]
    fixes = [
        clone.commit({"src/haproxy.c": f"int y = {n};\n"}, subject=text)
        for n, text in enumerate(texts)
    ]
    return line, fixes
