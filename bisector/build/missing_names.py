"""The names that a failed build misses, from the output of gcc, clang, tcc and linkers; pure.

Compilers say what they did not find where it is used. gcc and clang report all of it, tcc only the
first in each file; it says nothing of an undeclared function before the program is linked, and for
an unknown type at the top level it reports a syntax error, which names nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bisector.build import shortage
from bisector.record.missing_name import MissingName, NameKind

# Only at the start of a line: the compiler quotes source lines indented.
_MESSAGE = re.compile(
    r"^(\S{1,300}?):(\d{1,9}):(?:\d{1,9}:)? (?:fatal )?(error|warning): (\S.{1,999})$", re.M
)
_NAME = r"'(?P<name>\w{1,200})'"
_CALLED = r"'(?P<name>[^'\s]{1,200})'"  # may be a member: o->go
_TAG = r"'(?:(?:struct|union|enum) )?(?P<name>\w{1,200})'"
_OWNER = r"'(?:(?:const|volatile|struct|union) )*(?P<owner>\w{1,200})'"

_FORMS = tuple(
    (kind, re.compile(form))
    for kind, form in (
        # gcc and tcc; clang
        (NameKind.IDENTIFIER, rf"{_NAME} undeclared"),
        (NameKind.IDENTIFIER, rf"use of undeclared identifier {_NAME}"),
        # gcc and tcc; clang
        (NameKind.LABEL, rf"label {_NAME} used but not defined"),
        (NameKind.LABEL, rf"use of undeclared label {_NAME}"),
        # gcc; clang, the second form in an initializer; tcc
        (NameKind.FIELD, rf"{_OWNER} has no member named {_NAME}"),
        (NameKind.FIELD, rf"no member named {_NAME} in {_OWNER}"),
        (NameKind.FIELD, rf"field designator {_NAME} does not refer to any field in type {_OWNER}"),
        (NameKind.FIELD, r"field not found: (?P<name>\w{1,200})"),
        # gcc and clang
        (NameKind.TYPE, rf"unknown type name {_NAME}"),
        # a tag without a definition: gcc; clang; tcc
        (NameKind.TYPE, rf"(?:.* )?(?:undefined|incomplete(?: element)?) type {_TAG}"),
        (NameKind.TYPE, rf"incomplete definition of type {_TAG}"),
        (NameKind.TYPE, rf"tentative definition has type {_TAG}"),
        (NameKind.FUNCTION, rf"implicit declaration of function {_NAME}"),
        (NameKind.FUNCTION, rf"call to undeclared function {_NAME}"),
        (NameKind.FUNCTION, rf"function-like macro {_NAME} is not defined"),
        # gcc; clang and tcc, without the function's name
        (NameKind.SIGNATURE, rf"too (?:many|few) arguments to function {_CALLED}"),
        (NameKind.SIGNATURE, r"too (?:many|few) arguments to function(?P<name>)(?: call|$)"),
        (NameKind.SIGNATURE, r"too (?:many|few) arguments provided to function-like(?P<name>) "),
        (NameKind.SIGNATURE, rf"incompatible type for argument \d+ of {_CALLED}"),
        (NameKind.SIGNATURE, rf"passing argument \d+ of {_CALLED} "),
        (NameKind.SIGNATURE, rf"conflicting types for {_NAME}"),
        (NameKind.SIGNATURE, rf"incompatible types for redefinition of {_NAME}"),
        (NameKind.SIGNATURE, rf"macro {_NAME} used with too (?:many|few) args"),
        (NameKind.SIGNATURE, r'macro "(?P<name>\w{1,200})" (?:passed|requires) \d+ arguments'),
    )
)
# gcc does not name what it wants the storage size of, but in the line of source that follows
_UNKNOWN_SIZE = re.compile(rf"storage size of {_NAME} isn't known")
_UNKNOWN_TAG = r"\b(?:struct|union|enum) (?P<tag>\w{{1,200}})[^;{{}}\n]{{0,200}}\b{}\b"

# ld and gold; lld; tcc
_UNLINKED = re.compile(
    r"(?:undefined reference to [`']|^ld\.lld: error: undefined symbol: "
    r"|^tcc: error: undefined symbol ')(?P<name>[A-Za-z_]\w{0,199})(?:'|$)",
    re.M,
)


def missing_names(output: str) -> tuple[MissingName, ...]:
    """The names that a build with this *output* misses, each once, without its later places.

    Headers come first, since they may have the rest, then what compilers miss, then linkers. What
    the machine lacks rather than the revision, such as a library's header, is among them.
    """
    wrongly_used = {name.name for name in _compiled(output) if name.kind is NameKind.SIGNATURE}
    found: dict[tuple[str, str, str], MissingName] = {}
    for name in (*_headers(output), *_compiled(output), *_linked(output)):
        # gcc takes a macro with the wrong number of arguments for undeclared, too
        repeated = name.kind is NameKind.IDENTIFIER and name.name in wrongly_used
        unnamed = "" if name.name else f"{name.path}:{name.line}"
        group = NameKind.IDENTIFIER if name.kind is NameKind.FUNCTION else name.kind
        if not repeated:
            found.setdefault((group, name.name or unnamed, name.owner), name)
    return tuple(found.values())


def _headers(output: str) -> Iterator[MissingName]:
    for item in shortage.missing(output):
        if not item.library:
            yield MissingName(NameKind.HEADER, item.name, item.path, item.line)


def _compiled(output: str) -> Iterator[MissingName]:
    for message in _MESSAGE.finditer(output):
        path, line, severity, text = message.groups()
        if size := _UNKNOWN_SIZE.match(text):
            quoted = output[message.end() + 1 :].partition("\n")[0]
            if tag := re.search(_UNKNOWN_TAG.format(size["name"]), quoted):
                yield MissingName(NameKind.TYPE, tag["tag"], path, int(line))
            continue
        for kind, form in _FORMS:
            if severity == "warning" and kind is not NameKind.FUNCTION:
                continue  # of the others, what is missing is an error
            if found := form.match(text):
                name = re.split(r"->|\.", found["name"])[-1]
                yield MissingName(kind, name, path, int(line), found.groupdict().get("owner") or "")
                break


def _linked(output: str) -> Iterator[MissingName]:
    for symbol in _UNLINKED.finditer(output):
        yield MissingName(NameKind.FUNCTION, symbol["name"])
