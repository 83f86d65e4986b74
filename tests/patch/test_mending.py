"""Which hunks of a patch a compiler's error is about."""

from __future__ import annotations

import pytest

from bisector.patch.hunks import FileDiff, Hunk
from bisector.patch.mending import hunks_about, place
from bisector.patch.model import Patch


def hunk(*lines: str) -> Hunk:
    return Hunk(1, 1, "", tuple(f"{line}\n".encode() for line in lines))


PATCH = Patch(
    "name",
    "subject",
    "message",
    (
        FileDiff("include/x.h", "include/x.h", hunks=(hunk(" int a;", "+#define MAY_FORWARD 1"),)),
        FileDiff(
            "src/mux.c",
            "src/mux.c",
            hunks=(
                hunk(" #include <a.h>", "+#include <family.h>"),
                hunk(" MAY_FORWARD", "-MAY_FORWARD_CONS", "+MAY_FORWARD_PROD"),
                hunk("-\t#error no", "+\tclear(MAY_FORWARD);"),
            ),
        ),
    ),
)
UNDECLARED = "error: 'MAY_FORWARD' undeclared; did you mean 'MAY_FORWARD_CONS'?"


@pytest.mark.parametrize(
    ("problem", "line", "about"),
    [
        (f"src/stats.c:660:36: {UNDECLARED}", b"", (0, 3)),
        (f"src/mux.c:660:36: {UNDECLARED}", b"", (0, 1, 3)),
        ("mux.c:(.text+0x8f3): undefined reference to `family'", b"", (1,)),
        ("src/mux.c:3:2: error: #error no", b"\t#error no", (3,)),
        ("src/mux.c:3:2: error: #error no", b"", ()),
        ("src/mux.c:3:2: error: 'other' undeclared", b"", (1,)),
        ("make: *** [haproxy] Error 1", b"", ()),
    ],
)
def test_hunks_that_change_a_quoted_name_the_line_or_the_includes(
    problem: str, line: bytes, about: tuple[int, ...]
) -> None:
    assert hunks_about(PATCH, problem, line) == about


def test_the_place_of_an_error() -> None:
    assert place("src/mux.c:660:36: error: no") == ("src/mux.c", 660)
    assert place("mux.c:(.text+0x8f3): undefined reference to `family'") is None
    assert place("make: *** [haproxy] Error 1") is None
