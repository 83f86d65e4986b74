"""Where a C file defines or declares a name; pure.

Not a parser: the name's places are found, and what stands around them says what each of them is.
That suffices for HAProxy's style, in which a brace in the first column ends a block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bisector.patch import c_source


class Kind(StrEnum):
    """What a name is."""

    MACRO = "macro"
    FUNCTION = "function"  # its definition
    PROTOTYPE = "prototype"
    TYPE = "type"  # a tag with its members, or a typedef
    VALUE = "value"  # of an enum
    FIELD = "field"
    VARIABLE = "variable"  # outside functions


@dataclass(frozen=True)
class Definition:
    """A definition or declaration of a name.

    ``owner`` is the tag of a field's structure, ``parameters`` the text of a macro's or function's.
    ``is_local`` means static: in a source, no other file can use it.
    """

    kind: Kind
    owner: str = ""
    parameters: str = ""
    is_local: bool = False


_DIRECTIVE = re.compile(rb"^[ \t]*#.*$", re.M)
_STRUCTURE = re.compile(
    rb"^[ \t]*#[ \t]*define[ \t]+\w+(?:\([^)]*\))?(.*\b(?:struct|enum)\b.*\{.*)$", re.M
)
_IN_BLOCK = (Kind.FIELD, Kind.VALUE)
_FUNCTION_BODY = re.compile(rb"\)\s*^\{.*?^\}", re.M | re.S)
_NEAR = 99  # characters that are looked at for what follows, or comes before
_BLOCK_END = b"\n}"
_BRACE = re.compile(rb"[{}]")
_BLOCK = re.compile(rb"\b(struct|union|enum)\b[^;{}()=]*(?:\([^;{}=]*\)[^;{}()=]*)?\Z")
_TAG = re.compile(rb"\b(?:struct|union|enum)\s+(?:\w+\s*\([^{}]*\)\s*)?(\w+)\s*\Z")
_TAGGED = re.compile(rb"\b(?:struct|union|enum)\s+\Z")
_BODY = re.compile(rb"[^;{}()=]*(?:\([^;{}=]*\)[^;{}()=]*)?\{")
_PARAMETERS = re.compile(rb"\s*\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)")
_OPENS_BODY = re.compile(rb"(?:\s++|\w++|\((?:[^(){};]|\([^(){};]*\))*\))*+\{")
_DECLARED = re.compile(rb"\s*(?:[\[;,=:)]|__\w+|[A-Z_]+\b|\Z)")
# a declaration inside a macro's arguments: __decl_thread(int x), DECLARE_POOL(x, …)
_BY_MACRO = re.compile(rb"\s*(?:static\s+)?\w*(?:decl|DECL|DEFINE|COUNTERS|ALIGN)\w*\s*\([^()*]*\Z")
_POINTER = re.compile(rb"\(\s*\*\s*\Z")
_WORD = re.compile(rb"\w")
_INCLUDE = re.compile(rb"^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"\n]+)", re.M)
_AROUND = re.compile(rb"(?:[ \t]*\([^()]*\))?[^\n]*\n?[^\n]*")
_CALL = re.compile(rb"\b([A-Za-z_]\w*)\s*\(")
_STATEMENTS = frozenset({b"if", b"while", b"for", b"switch", b"return", b"sizeof"})


def outline(source: bytes) -> bytes:
    """The C file *source* without the bodies of functions, which begin and end in a first column.

    Much faster to search than the whole.
    """
    return _FUNCTION_BODY.sub(b"){}", source)


def definitions(source: bytes, name: str) -> frozenset[Definition]:
    """The definitions and declarations of *name* in the C file *source*."""
    word = name.encode()
    if word not in source:
        return frozenset()
    code = c_source.without_comments(source).replace(b"\\\n", b"  ")
    found = {*_macros(code, word), *_declared(_DIRECTIVE.sub(b"", code), word)}
    for body in _STRUCTURE.findall(code):  # a macro that stands for the members of a structure
        found.update(name for name in _declared(body, word) if name.kind in _IN_BLOCK)
    return frozenset(found)


def context(source: bytes, name: str) -> tuple[bytes, ...]:
    """The parts of *source* around *name*, on which definitions() mostly depends.

    These are the lines with the name, the line before, a list of arguments, and the line that
    begins the block. Versions of a file with the same parts need not all be read.
    """
    parts, word = [], name.encode()
    for place in re.finditer(rb"\b" + re.escape(word) + rb"\b", source) if word in source else ():
        block = source.rfind(b"{\n", 0, place.start())
        start = source.rfind(b"\n", 0, max(0, source.rfind(b"\n", 0, place.start()))) + 1
        parts.append(source[source.rfind(b"\n", 0, max(0, block)) + 1 : block + 1])
        parts.append(source[start : _AROUND.match(source, place.end()).end()])  # type: ignore[union-attr]
    return tuple(parts)


def included(source: bytes) -> frozenset[str]:
    """The names of the headers that the C file *source* includes, even if only on a condition."""
    return frozenset(name.decode("utf-8", "replace") for name in _INCLUDE.findall(source))


def called(lines: bytes) -> tuple[str, ...]:
    """The names that *lines* of C call as functions or macros, in their order."""
    names = (name for name in _CALL.findall(lines) if name not in _STATEMENTS)
    return tuple(dict.fromkeys(name.decode() for name in names))


def called_with(source: bytes, name: str) -> tuple[str, ...]:
    """The functions and macros that the C file *source* calls with *name* as an argument."""
    if name.encode() not in source:
        return ()
    call = rb"\b([A-Za-z_]\w*)\s*\((?:[^();{}]|\([^();{}]*\))*\b" + name.encode() + rb"\b"
    names = (name for name in re.findall(call, source) if name not in _STATEMENTS)
    return tuple(dict.fromkeys(name.decode() for name in names))


def _macros(code: bytes, word: bytes) -> Iterator[Definition]:
    define = rb"^[ \t]*#[ \t]*define[ \t]+" + re.escape(word) + rb"(\([^)]*\)|(?!\w))"
    for macro in re.finditer(define, code, re.M):
        yield Definition(Kind.MACRO, parameters=_text(macro[1]))


def _declared(code: bytes, word: bytes) -> Iterator[Definition]:
    for place in re.finditer(rb"\b" + re.escape(word) + rb"\b", code):
        found = _read(code, place.start(), place.end())
        if found:
            yield found


def _read(code: bytes, start: int, end: int) -> Definition | None:
    """What the word from *start* to *end* is; None if it is only used there."""
    blocks = _blocks(code, start)
    before = re.split(rb"[;{}]", code[_chunk(code, start) : start])[-1]
    if _TAGGED.search(before):
        return Definition(Kind.TYPE) if _BODY.match(code, end) else None
    if not blocks:
        return _global(code, before, start, end)
    kind, owner = blocks[-1]
    if kind == b"enum":
        last = before.rstrip()[-1:]
        return Definition(Kind.VALUE) if last in (b"", b",") else None
    if kind in (b"struct", b"union"):
        return Definition(Kind.FIELD, owner) if _is_member(code, before, end) else None
    return None


def _global(code: bytes, before: bytes, start: int, end: int) -> Definition | None:
    """What the word from *start* to *end* is, outside all blocks; *before* begins its statement."""
    is_local = re.search(rb"\bstatic\b", before) is not None
    if re.match(rb"\s*typedef\b", before):
        ends = _POINTER.search(before) or re.match(rb"\s*[;\[]", code[end : end + _NEAR])
        return Definition(Kind.TYPE) if ends else None
    if not before.strip():  # behind a block, or the return type is not on this line
        ends_block = code[max(0, start - _NEAR) : start].rstrip().endswith(b"}")
        follows = re.match(rb"\s*;", code[end : end + _NEAR])
        return Definition(Kind.TYPE) if ends_block and follows else None
    if b"=" in before:
        return None
    if parameters := _PARAMETERS.match(code, end):
        if before.count(b"(") != before.count(b")") or not _WORD.search(before):
            return None
        kind = Kind.FUNCTION if _OPENS_BODY.match(code, parameters.end()) else Kind.PROTOTYPE
        return Definition(kind, "", _text(parameters[1]), is_local)
    if _BY_MACRO.match(before) or _is_member(code, before, end):
        return Definition(Kind.VARIABLE, is_local=is_local)
    return None


def _is_member(code: bytes, before: bytes, end: int) -> bool:
    """Whether a word is declared that stands between *before*, its type, and *end*."""
    if not _WORD.search(before) or b"=" in before.rpartition(b",")[2]:
        return False
    if before.count(b"(") > before.count(b")"):
        return bool(_POINTER.search(before) or _BY_MACRO.match(before))
    return _DECLARED.match(code, end) is not None


def _blocks(code: bytes, at: int) -> list[tuple[bytes, str]]:
    """The blocks around *at*, outer ones first: struct, union or enum, else b"", and the tag.

    A block without a tag has the tag of the one around it.
    """
    start, blocks = _chunk(code, at), list[tuple[bytes, str]]()
    for brace in _BRACE.finditer(code, start, at):
        if brace[0] == b"}":
            del blocks[-1:]
            continue
        head = re.split(rb"[;{}]", code[start : brace.start()])[-1]
        if b'extern ""' in head:
            continue
        kind, tag = _BLOCK.search(head), _TAG.search(head)
        outer = blocks[-1][1] if blocks else ""
        blocks.append((kind[1] if kind else b"", tag[1].decode() if tag else outer))
    return blocks


def _chunk(code: bytes, at: int) -> int:
    """Where the text begins that *at* is in, behind the last block that ended before."""
    found = code.rfind(_BLOCK_END, 0, at)
    return found + len(_BLOCK_END) if found >= 0 else 0


def _text(parameters: bytes) -> str:
    return " ".join(parameters.decode("utf-8", "replace").split())
