"""What a makefile says without a run of make."""

from __future__ import annotations

import pytest

from bisector.build import makefile
from bisector.build.makefile import UNKNOWN


def value(text: str, name: str = "X") -> str:
    variables, _ = makefile.evaluated(text, {"OS": "linux", "EMPTY": ""})
    return makefile.expanded(f"$({name})", variables)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("X = a\nX += b", "a b"),
        ("X=a \\\n\t  b \\\n\tc", "a b c"),
        ("X := $(Y)\nY = late", UNKNOWN),
        ("X = $(Y)\nY = late", "late"),
        ("X ?= a\nX ?= b", "a"),
        ("export X = a # why", "a"),
        ("X = $(shell date)", UNKNOWN),
        ("X != date", UNKNOWN),
        ("X = ${OS}", "linux"),
        ("X = $(filter l%,$(OS) windows)$(strip  a  b )", "linuxa b"),
        ("X = $(lastword $(subst -, ,1-2-3))", "3"),
        ("X = $(X)$(X)", UNKNOWN),
        ("define X\nlines\nendef\n", UNKNOWN),
    ],
)
def test_variables_are_expanded_as_far_as_they_are_known(text: str, expected: str) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("ifeq ($(OS),linux)", True),
        ("ifneq ($(OS),linux)", False),
        ('ifeq "$(OS)" "linux"', True),
        ("ifdef OS", True),
        ("ifndef OS", False),
        ("ifneq ($(filter arm mips,$(OS)),)", False),
        ("ifeq (,$(findstring nocheck,$(EMPTY)))", True),
        ("ifeq ($(shell uname),$(shell uname))", False),
        ("ifeq what", False),
    ],
)
def test_conditions_choose_the_lines(condition: str, holds: bool) -> None:
    assert value(f"{condition}\nX = yes\nelse\nX = no\nendif") == ("yes" if holds else "no")


def test_one_branch_of_several_is_taken_and_conditions_are_nested() -> None:
    text = """
ifeq ($(OS),hurd)
X = 1
else ifeq ($(OS),linux)
X = 2
ifeq (a,b)
X = 3
endif
else ifeq ($(OS),linux)
X = 4
else
X = 5
endif
endif
"""
    assert value(text) == "2"


def test_the_lines_of_recipes_are_told_from_variables() -> None:
    text = "\tX = a\nall: other\n\tmake $(X)\n\nX += b\n\tX += c\nifeq (a,b)\nno:\n\tnever\nendif\n"
    variables, recipes = makefile.evaluated(text, {})
    assert (variables["X"], recipes) == ("a b c", ["make $(X)"])


def test_a_hostile_makefile_takes_no_time_and_no_room() -> None:
    double = "\n".join(f"X{n + 1} = $(X{n})$(X{n})" for n in range(60))
    assert value(f"X0 = a\n{double}\nX = $(X60)") == UNKNOWN
    assert value(f"Y = {'a' * 10**6}\nX = {'$(Y)' * 1000}") == UNKNOWN * 1000
    assert value(f"X = $(filter {'%' * 50}b,{'a' * 5000})") == ""
    assert value(f"Y = {'a' * 8000}\nX = $(subst a,$(Y),$(Y))") == UNKNOWN
