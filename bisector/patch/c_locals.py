"""Which functions of a C file declare a parameter, a local variable or a label; pure."""

from __future__ import annotations

import re

from bisector.patch import c_source

_END = b"\n}"  # of a function, as in all of HAProxy's sources
_DEFINITION = re.compile(rb"^[A-Za-z_][\w \t*]*?(\w+)[ \t]*\(([^;{}]*)\)\s*\{", re.M)
_DIRECTIVE = re.compile(rb"^[ \t]*#(?:.*\\\n)*.*$", re.M)
_TYPE = rb"(?!(?:return|goto|else|case|do)\b)[A-Za-z_]\w*(?:\s+\w+)*[\s*]+"
# behind a type, perhaps with other declarators between
_DECLARATION = rb"(?:^|[;{}])\s*" + _TYPE + rb"(?:\w[^;{}]*,[\s*]*)?%b\s*(?:[;,=\[]|$)"
_LABEL = rb"(?:^|[;{}:])\s*%b\s*:(?!:)"
_PARAMETER = rb"[\w*]\s*\b%b\b\s*(?:[,)\[]|\Z)"


def declaring(source: bytes, name: str, only: str = "") -> frozenset[str]:
    """The names of the functions in *source* that declare *name*; if given, *only* that one."""
    word, function, found = name.encode(), only.encode(), set()
    local = re.compile(_DECLARATION % word + rb"|" + _LABEL % word, re.M)
    parameter = re.compile(_PARAMETER % word)
    for part in source.split(_END):
        if word in part and function in part:
            code = _DIRECTIVE.sub(b"", c_source.without_comments(part))
            for head in _DEFINITION.finditer(code):
                if only and head[1] != function:
                    continue
                if parameter.search(head[2]) or local.search(code, head.end() - 1):
                    found.add(head[1].decode())
    return frozenset(found)
