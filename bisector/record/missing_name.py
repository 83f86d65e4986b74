"""A name of the source that a build misses, as data that both builds and patches know."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class NameKind(StrEnum):
    """What is missing, as far as the compiler can tell; tcc takes an unknown type for a name."""

    IDENTIFIER = "identifier"  # a macro, an enum value, a variable, a function that is not called
    LABEL = "label"  # of a function, to which it jumps
    FIELD = "field"
    TYPE = "type"
    FUNCTION = "function"  # a function or a macro with arguments, or a symbol that was not linked
    HEADER = "header"
    SIGNATURE = "signature"  # the name is there, but with other parameters


@dataclass(frozen=True)
class MissingName:
    """A name that is missing where it is used, at ``path``:``line``; "" and 0 for the linker.

    ``owner`` is the tag of the structure that lacks a field, "" if it is not known. The ``name`` of
    a SIGNATURE is "" if the compiler does not tell which function the line calls wrongly.
    """

    kind: NameKind
    name: str
    path: str = ""
    line: int = 0
    owner: str = ""
