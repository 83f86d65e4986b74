"""The sockets of a configuration as VTest's: listeners have file descriptors, servers macros.

The servers are frontends of another HAProxy in the test, `h0`, so that health checks, kept
connections, TLS and the PROXY protocol work as with real ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bisector.testing.new.config_text import Section, unquoted

CERTIFICATE = "${testdir}/test.pem"
_RESERVED = {"cli", "mcli", "control"}  # VTest's own, and the one of the test's control
_ADDRESS = re.compile(r"(?:(?:ipv4|ipv6|tcp|tcp4|tcp6)@)?(.*?):?(\d+)(?:-\d+)?$")
_HERE = ("", "*", "0.0.0.0", "::", "[::]", "127.0.0.1", "localhost", "::1", "[::1]")

# Options of bind and server lines: how many values they have, of those that are left out.
_BIND_OUT = {
    **dict.fromkeys(("user", "group", "uid", "gid", "mode", "interface", "namespace"), 1),
    **dict.fromkeys(("process", "tls-ticket-keys", "crt-ignore-err", "level", "expose-fd"), 1),
    **dict.fromkeys(("transparent", "v4v6", "v6only", "strict-sni", "generate-certificates"), 0),
}
_SERVER_OUT = {
    **dict.fromkeys(("port", "addr", "source", "usesrc", "interface", "namespace"), 1),
    **dict.fromkeys(("agent-port", "agent-addr", "agent-inter", "agent-send", "verifyhost"), 1),
    **dict.fromkeys(("agent-check", "external-check"), 0),
}
_TLS_FILES = ("crt", "crt-list", "ca-file", "crl-file", "ca-verify-file", "ca-sign-file")
_NO_FILES = ("crl-file", "ca-verify-file", "ca-sign-file")  # nothing stands in for these
PROXIED = ("send-proxy", "send-proxy-v2", "send-proxy-v2-ssl", "send-proxy-v2-ssl-cn")


@dataclass(frozen=True)
class Listener:
    """A bind line: ``name`` is that of its file descriptor, ``addresses`` what it listened to.

    ``options`` are the words after the address.
    """

    name: str
    addresses: tuple[str, ...]
    options: tuple[str, ...]

    @property
    def is_plain(self) -> bool:
        """Whether VTest's client can talk HTTP/1 to it."""
        return not {"ssl", "accept-proxy", "proto"} & set(self.options)

    def listens_to(self, address: str) -> bool:
        """Whether a connection to *address*, HOST:PORT or a path, gets here."""
        return any(_is_same(own, address) for own in self.addresses)


@dataclass(frozen=True)
class BackServer:
    """A server of the test: a frontend of `h0` called ``name`` in the place of ``address``."""

    name: str
    address: str
    tls: bool
    proxied: bool

    def lines(self) -> list[str]:
        """The frontend."""
        tls = f" ssl crt {CERTIFICATE} alpn h2,http/1.1" if self.tls else ""
        proxied = " accept-proxy" if self.proxied else ""
        return [
            f"frontend {self.name}",
            f'    bind "fd@${{{self.name}}}"{tls}{proxied}',
            f"    http-request return status 200 content-type text/plain string {self.name}",
        ]


def port_of(address: str) -> str:
    """The port of HOST:PORT, or of a range the first one; '' for a path."""
    return found[2] if (found := _ADDRESS.fullmatch(address)) and "/" not in address else ""


def _is_same(own: str, address: str) -> bool:
    if own == address:
        return True
    here, there = _ADDRESS.fullmatch(own), _ADDRESS.fullmatch(address)
    if not here or not there or "/" in own + address or here[2] != there[2]:
        return False
    return here[1] == there[1] or (here[1] in _HERE and there[1] in _HERE)


def listener(section: Section, words: Sequence[str], taken: Iterable[str]) -> Listener:
    """The bind line *words* of *section*, with a name that is not among those *taken*."""
    base = re.sub(r"\W", "_", section.name)
    names = [base, *(f"{base}_{number}" for number in range(2, 1000))]
    name = next(one for one in names if one not in {*_RESERVED, *taken})
    addresses = tuple(unquoted(words[1]).split(",")) if words[1:] else ()
    return Listener(name, addresses, bind_options(words[2:]))


def bind_options(words: Sequence[str]) -> tuple[str, ...]:
    """The options of a bind line as the test has them."""
    return tuple(_tls_files(_without(words, _BIND_OUT)))


def server_options(words: Sequence[str]) -> tuple[str, ...]:
    """The options of a server line as the test has them."""
    kept = _tls_files(_without(words, _SERVER_OUT))
    if "ssl" not in kept:
        kept = [word for word in kept if word != "check-ssl"]
    return tuple(
        "none" if before == "verify" else word
        for before, word in zip(["", *kept], kept, strict=False)
    )


def back_server(number: int, address: str, options: Iterable[str]) -> BackServer:
    """The server of the test in the place of *address*, for a server line with these *options*."""
    given = set(options)
    return BackServer(f"app{number}", address, "ssl" in given, bool(given & set(PROXIED)))


def _without(words: Sequence[str], out: dict[str, int]) -> list[str]:
    """*words* without the options *out* and their values."""
    kept, at = [], 0
    while at < len(words):
        if words[at] in out:
            at += out[words[at]]
        else:
            kept.append(words[at])
        at += 1
    return kept


def _tls_files(words: Sequence[str]) -> list[str]:
    """*words*, with the test's certificate in the place of all others."""
    kept, at, has = [], 0, False
    while at < len(words):
        word = words[at]
        if word not in _TLS_FILES:
            kept.append(word)
        else:
            at += 1
            own = "crt" if word == "crt-list" else word
            if word not in _NO_FILES and not (own == "crt" and has):
                kept += (own, CERTIFICATE)
                has = has or own == "crt"
        at += 1
    return kept
