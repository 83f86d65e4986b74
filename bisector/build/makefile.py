"""What a makefile says before it is run: its variables, and the lines of its recipes.

Nothing is run. Variables, conditions and some functions of make are evaluated; what only a run
could tell, such as the output of a command or an included file's variables, is UNKNOWN.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

UNKNOWN = "\0"

_ASSIGNED = re.compile(r"\s*(?:export\s+|override\s+)*([\w.-]+)\s*(::?=|\?=|\+=|!=|=)\s*(.*)")
_CONDITION = re.compile(r"\s*(ifeq|ifneq|ifdef|ifndef|else|endif)\b\s*(.*)")
_PAIR = re.compile(r"""\((.*?),(.*)\)|(["'])(.*?)\3\s+(["'])(.*?)\5""")
_REFERENCE = re.compile(r"\$(?:\(([^$(){}]*)\)|\{([^$(){}]*)\}|([\w@<^*%]))")
_MAX_DEPTH = 50  # of references in references
_MAX_TEXT = 1 << 13  # characters of a text and of what it refers to; longer ones are UNKNOWN


def evaluated(text: str, known: Mapping[str, str]) -> tuple[Mapping[str, str], list[str]]:
    """The variables of the makefile *text*, not expanded, and the lines of its recipes.

    *known* are variables that are set before, such as by files that it includes.
    """
    variables, recipes = dict(known), list[str]()
    active, decided = [True], [True]  # of each condition: its current branch; whether one was taken
    in_rule = in_define = False
    for line in re.sub(r"[ \t]*\\\n[ \t]*", " ", text).split("\n"):
        if in_define or re.match(r"\s*define\b", line):
            in_define = not re.match(r"\s*endef\b", line)
        elif match := _CONDITION.match(line):
            _branch(match[1], match[2], active, decided, variables)
        elif not all(active):
            continue
        elif in_rule and line.startswith("\t"):
            recipes.append(line.strip())
        elif assigned := _ASSIGNED.fullmatch(line):
            _assign(variables, assigned[1], assigned[2], assigned[3])
            in_rule = False
        elif ":" in line and not line.lstrip().startswith("#"):
            in_rule = True
    return variables, recipes


def _branch(
    word: str, rest: str, active: list[bool], decided: list[bool], variables: Mapping[str, str]
) -> None:
    """Enter, change or leave a condition."""
    if word == "endif":
        if len(active) > 1:
            active.pop()
            decided.pop()
    elif word == "else" and len(active) > 1:
        chained = _CONDITION.match(rest)
        holds = _holds(chained[1], chained[2], variables) if chained else True
        active[-1] = holds and not decided[-1]
        decided[-1] = decided[-1] or holds
    elif word != "else":
        holds = _holds(word, rest, variables)
        active.append(holds)
        decided.append(holds)


def _holds(word: str, rest: str, variables: Mapping[str, str]) -> bool:
    """Whether the condition `word rest` holds. What is unknown equals nothing."""
    if word in ("ifdef", "ifndef"):
        return (rest.strip() in variables) is (word == "ifdef")
    pair = _PAIR.match(expanded(rest.strip(), variables))
    if pair is None:
        return word == "ifneq"
    one, other = (pair[1], pair[2]) if pair[3] is None else (pair[4], pair[6])
    return (one.strip() == other.strip() and UNKNOWN not in one) is (word == "ifeq")


def _assign(variables: dict[str, str], name: str, how: str, text: str) -> None:
    text = re.sub(r"(?:^|\s)#.*", "", text)
    if how == "+=":
        variables[name] = f"{variables.get(name, '')} {text}".strip()
    elif how == "!=":
        variables[name] = UNKNOWN
    elif how != "?=" or name not in variables:
        variables[name] = expanded(text, variables) if ":" in how else text


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """*text* with the values of variables and functions, UNKNOWN for what cannot be told."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2] or match[3] or ""
        function, blank, rest = name.strip().partition(" ")
        if blank:
            return _called(function, rest)
        known = variables.get(name.strip(), UNKNOWN)
        return known if len(known) <= _MAX_TEXT else UNKNOWN

    text = text.replace("$$", UNKNOWN)  # the shell's
    for _ in range(_MAX_DEPTH):
        if len(text) > _MAX_TEXT:
            return UNKNOWN
        after = _REFERENCE.sub(value, text)
        if after == text:
            return re.sub(r"\$[({].*", UNKNOWN, text)
        text = after
    return UNKNOWN


def _called(function: str, rest: str) -> str:
    """The value of a call of one of make's functions."""
    known, count = _FUNCTIONS.get(function, (None, 0))
    arguments = rest.split(",", count - 1) if count else []
    if known is None or len(arguments) < count or UNKNOWN in rest:
        return UNKNOWN
    return known(*arguments)


def _filtered(patterns: str, text: str, wanted: bool = True) -> str:
    like = [re.compile(re.escape(one).replace("%", ".*", 1)) for one in patterns.split()]
    words = text.split()
    return " ".join(w for w in words if any(one.fullmatch(w) for one in like) is wanted)


# each with the number of its arguments
_FUNCTIONS: Mapping[str, tuple[Callable[..., str], int]] = {
    "filter": (_filtered, 2),
    "filter-out": (lambda patterns, text: _filtered(patterns, text, wanted=False), 2),
    "findstring": (lambda part, text: part if part in text else "", 2),
    "strip": (lambda text: " ".join(text.split()), 1),
    "firstword": (lambda text: (text.split() or [""])[0], 1),
    "lastword": (lambda text: (text.split() or [""])[-1], 1),
    "subst": (lambda old, new, text: text.replace(old, new), 3),
}
