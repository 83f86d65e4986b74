"""A configuration without the secrets in it, which still is one; pure functions."""

from __future__ import annotations

import re

from bisector.testing import secrets

STANDS_IN = "secret"  # for a password or a token

_KEY = "a private key"  # the kind of such a Secret
_PEM = re.compile(r"-----BEGIN ([A-Z ]{1,30})-----.*?-----END \1-----", re.S)
_KEY_LINE = re.compile(r"-----(?:BEGIN|END) [A-Z ]{0,20}PRIVATE KEY-----")
_HASH = re.compile(rf"^(\s*user\s+\S+\s+)password(\s+{STANDS_IN})\b", re.M)
_SETTINGS = re.compile(
    r"^(\s*(?:setenv|presetenv)\s+\w*(?:PASS|SECRET|TOKEN|KEY)\w*\s+|\s*dynamic-cookie-key\s+)\S.*$",
    re.M | re.I,
)


def has_private_key(text: str) -> bool:
    """Whether there is a private key in *text*."""
    return any(one.kind == _KEY for one in secrets.find(text))


def cleaned(text: str) -> tuple[str, list[str]]:
    """The configuration *text* without secrets, its lines as they were numbered; and what it had.

    STANDS_IN takes the place of passwords and tokens.
    """
    had = []
    found = secrets.find(text)
    for one in reversed(found):
        blank = "\n" * text.count("\n", one.start, one.end)
        text = text[: one.start] + (blank if one.kind == _KEY else STANDS_IN) + text[one.end :]
    if any(one.kind == _KEY for one in found):
        had.append("a private key was in the configuration; it was not taken")
    text = _PEM.sub(lambda block: "\n" * block[0].count("\n"), text)
    text = _HASH.sub(r"\1insecure-password\2", _KEY_LINE.sub("", text))
    text, settings = _SETTINGS.subn(rf"\g<1>{STANDS_IN}", text)
    if settings or any(one.kind != _KEY for one in found):
        had.append(f"passwords and tokens were not taken; '{STANDS_IN}' stands in for them")
    return text, had
