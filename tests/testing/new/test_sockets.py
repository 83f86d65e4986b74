"""Sockets of a configuration become VTest's."""

from __future__ import annotations

import pytest

from bisector.testing.new.config_text import sections
from bisector.testing.new.sockets import (
    CERTIFICATE,
    Listener,
    back_server,
    bind_options,
    listener,
    port_of,
    server_options,
)


@pytest.mark.parametrize(
    ("own", "address", "same"),
    [
        ("*:80", "127.0.0.1:80", True),
        (":80", "localhost:80", True),
        ("127.0.0.1:80", "127.0.0.1:80", True),
        ("10.0.0.1:80", "127.0.0.1:80", False),
        ("*:80", "10.0.0.1:80", False),
        ("*:80", "127.0.0.1:8080", False),
        ("abns@x", "abns@x", True),
        ("/run/x.sock", "/run/x.sock", True),
        ("/run/x:80", "127.0.0.1:80", False),
        ("ipv6@:::443", "[::1]:443", True),
    ],
)
def test_a_listener_knows_connections_to_it(own: str, address: str, same: bool) -> None:
    assert Listener("x", (own,), ()).listens_to(address) is same


@pytest.mark.parametrize(
    ("address", "port"), [("*:80", "80"), (":::443", "443"), ("/run/x", ""), (":8000-8010", "8000")]
)
def test_a_port_is_found(address: str, port: str) -> None:
    assert port_of(address) == port


def test_listeners_have_names_of_their_own() -> None:
    ((section,), _) = sections("frontend www.example\n")
    words = ("bind", ":80,:81", "name", "x")
    first = listener(section, words, [])
    assert (first.name, first.addresses) == ("www_example", (":80", ":81"))
    assert listener(section, words, [first.name]).name == "www_example_2"
    ((section,), _) = sections("frontend control\n")
    assert listener(section, words, []).name == "control_2", "the test has one of this name"


def test_certificates_are_replaced_and_what_is_the_machines_goes() -> None:
    words = "ssl crt a.pem crt b.pem crl-file c user root alpn h2 ca-file d verify required"
    assert " ".join(bind_options(words.split())) == (
        f"ssl crt {CERTIFICATE} alpn h2 ca-file {CERTIFICATE} verify required"
    )
    words = "check port 81 ssl verify required ca-file x source 10.0.0.1 weight 5"
    assert " ".join(server_options(words.split())) == (
        f"check ssl verify none ca-file {CERTIFICATE} weight 5"
    )
    assert server_options(("check", "check-ssl")) == ("check",)


def test_a_server_of_the_test_speaks_what_the_line_asks_for() -> None:
    assert back_server(2, "a:1", ("check",)).lines()[1] == '    bind "fd@${app2}"'
    tls = back_server(1, "a:1", ("ssl", "send-proxy-v2")).lines()[1]
    assert f"ssl crt {CERTIFICATE}" in tls and tls.endswith("accept-proxy")
