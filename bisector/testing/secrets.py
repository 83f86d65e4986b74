"""Secrets in texts that may be pasted somewhere: found by how they look; pure functions."""

from __future__ import annotations

import re

HIDDEN = "secret"  # what stands for a password or a token

_KEY = re.compile(r"-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", re.S)
# each with the text before the secret as its first group
_PASSWORDS = (
    re.compile(r"^(\s*stats\s+auth\s+[^\s:]+:)\S+", re.M),
    re.compile(r"(\b(?:Basic|Bearer)(?:\s|\\ )+)[\w+/=.~-]{6,}", re.I),
    re.compile(
        r"^(\s*(?:setenv|presetenv)\s+\w*(?:PASS|SECRET|TOKEN|KEY)\w*\s+)\S.*$", re.M | re.I
    ),
    re.compile(r"^(\s*dynamic-cookie-key\s+)\S+", re.M),
)
# in a userlist: what follows is a hash, too, which can be guessed
_USER = re.compile(r"^(\s*user\s+\S+\s+)(?:insecure-)?password\s+\S+", re.M)


def private_key(text: str) -> bool:
    """Whether a private key is in *text*, in the form of PEM."""
    return _KEY.search(text) is not None


def without_private_keys(text: str) -> str:
    """*text* without the private keys in it; its lines keep their numbers."""
    return _KEY.sub(lambda found: "\n" * found[0].count("\n"), text)


def without_passwords(text: str) -> str:
    """The configuration *text* with HIDDEN in the place of passwords and tokens."""
    for pattern in _PASSWORDS:
        text = pattern.sub(rf"\g<1>{HIDDEN}", text)
    return _USER.sub(rf"\g<1>insecure-password {HIDDEN}", text)
