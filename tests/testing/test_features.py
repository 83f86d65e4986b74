"""What a test asks for: guards, comments, configuration; and what asks for nothing."""

from __future__ import annotations

import pytest

from bisector.testing.features import asked


@pytest.mark.parametrize(
    ("text", "features"),
    [
        ("feature cmd \"$HAPROXY_PROGRAM -cc 'feature(OPENSSL)'\"", {"OPENSSL"}),
        ("feature cmd \"$X -cc 'feature(LUA) && feature(OPENSSL)'\"", {"LUA", "OPENSSL"}),
        (
            "-cc 'feature(QUIC) && !feature(QUIC_OPENSSL_COMPAT)'",
            {"QUIC", "!QUIC_OPENSSL_COMPAT"},
        ),
        ("-cc 'feature(ZLIB)'", {"ZLIB"}),
        ("-cc 'feature(ZLIB) || feature(SLZ)'", {"SLZ"}),
        ("-cc 'feature(PCRE) || feature(PCRE2)'", {"PCRE2"}),
        ("#REQUIRE_OPTIONS=ZLIB|SLZ,LUA,OPENSSL", {"SLZ", "LUA", "OPENSSL"}),
        ("#REQUIRE_OPTION=OPENSSL, for the server's certificate", {"OPENSSL"}),
        ("#REQUIRE_SERVICES=prometheus-exporter", {"PROMEX"}),
        ("#REQUIRE_SERVICE=other", set()),
        ("-cc 'version_atleast(2.5-dev0)'", set()),
    ],
)
def test_guards_and_comments_name_features(text: str, features: set[str]) -> None:
    found = asked(text)
    assert found & {*features} == features
    assert found - features <= {"for", "the", "server", "s", "certificate"}


@pytest.mark.parametrize(
    "line",
    [
        'bind "fd@${fe}" ssl crt ${testdir}/common.pem',
        "\tserver s1 ${htst}:${port} ssl verify none",
        "default-server ssl verify none",
        "http-request set-header X-SSL %[ssl_fc]",
        "tcp-request content reject unless { ssl_c_verify 0 }",
        "http-response set-header x %[path,sha2(256),hex]",
        "ssl-default-bind-options ssl-min-ver TLSv1.2",
    ],
)
def test_a_configuration_with_tls_asks_for_openssl(line: str) -> None:
    assert asked(f"frontend fe\n    {line}\n") == {"OPENSSL"}


@pytest.mark.parametrize(
    "line",
    [
        "# bind :443 ssl crt x.pem",
        "option ssl-hello-chk",
        "server s1 127.0.0.1:80 check",
        "http-request set-path /ssl",
        "acl tls req.ssl_hello_type 1",
        "bind :443 name nossl",
    ],
)
def test_what_only_looks_like_tls_asks_for_nothing(line: str) -> None:
    assert asked(f"frontend fe\n    {line}\n") == frozenset()


def test_quic_addresses_and_the_exporter_speak_for_themselves() -> None:
    assert asked("  bind quic4@127.0.0.1:443 ssl crt x.pem alpn h3") == {"QUIC", "OPENSSL"}
    assert asked("  http-request use-service prometheus-exporter if { path /m }") == {"PROMEX"}
