"""Text that strangers wrote, for a terminal: what would steer it is shown and not obeyed."""

from __future__ import annotations

import re
import unicodedata

_OTHER = re.compile(r"[^\x20-\x7e\n\t]")
# controls; what turns the direction of writing; what ends a line
_STEERING = ("Cc", "Cf", "Cs", "Zl", "Zp")


def printable(text: str) -> str:
    r"""*text* with \x1b and its like spelled out; line breaks and tabs stay."""
    return _OTHER.sub(_spelled, text)


def _spelled(found: re.Match[str]) -> str:
    sign = found[0]
    if unicodedata.category(sign) not in _STEERING:
        return sign
    return (
        sign.encode("ascii", "backslashreplace").decode() if ord(sign) > 127 else repr(sign)[1:-1]
    )
