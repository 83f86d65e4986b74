"""Which features of HAProxy a test asks for: by its guards and comments, and by its configuration.

A feature has the name that `haproxy -vv` and feature() have for it, such as OPENSSL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_CONDITION = re.compile(r"(!?)\s*\bfeature\((\w+)\)")
_COMMENT = re.compile(r"^#REQUIRE_OPTIONS?=([\w|, ]+)", re.M)
_SERVICES = re.compile(r"^#REQUIRE_SERVICES?=.*\bprometheus-exporter\b", re.M)
_REMARK = re.compile(r"^[ \t]*#.*$", re.M)

# What a configuration says only if it needs the feature.
_KEYWORDS = {
    "OPENSSL": re.compile(
        r"^[ \t]*(?:bind|server|server-template|default-server|peer)[ \t]"
        r"(?:.*[ \t])?(?:ssl|crt)(?:[ \t]|$)"
        r"|^[ \t]*(?:ssl-default-|ssl-server-verify|ca-base|crt-base|crt-store)"
        r"|\bssl_[a-z]{1,2}(?:_\w+)?\b|\b(?:sha2|digest|hmac|aes_gcm_(?:dec|enc)|jwt_verify)\(",
        re.M,
    ),
    "QUIC": re.compile(r"\bquic[46]@"),
    "PROMEX": re.compile(r"\buse-service[ \t]+prometheus-exporter\b"),
}

# Of two features either of which will do: the second one, which HAProxy has by default or which is
# the better kept.
_INSTEAD = {"ZLIB": "SLZ", "PCRE": "PCRE2"}


def asked(text: str) -> frozenset[str]:
    """The features that the test or configuration *text* asks for.

    One that must not be there is among them with a "!" before its name.
    """
    found = {*_conditions(text), *_keywords(_REMARK.sub("", text))}
    return frozenset(name for name in found if _INSTEAD.get(name) not in found)


def _conditions(text: str) -> Iterator[str]:
    for negation, name in _CONDITION.findall(text):
        yield negation + name
    for names in _COMMENT.findall(text):
        yield from re.findall(r"\w+", names)
    if _SERVICES.search(text):
        yield "PROMEX"


def _keywords(text: str) -> Iterator[str]:
    for name, pattern in _KEYWORDS.items():
        if pattern.search(text):
            yield name
