"""Secrets are found where only a secret can be, and nothing else is."""

from __future__ import annotations

import pytest

from bisector.testing import secrets

_BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n"
KEY = f"-----BEGIN PRIVATE KEY-----\n{_BODY * 3}kQ==\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("text", "secret", "kind"),
    [
        ("userlist u\n  user joe password $5$abc$DEFghi groups g\n", "$5$abc$DEFghi", "a password"),
        ("  user joe password $2y$05$DEFghi\n", "$2y$05$DEFghi", "a password"),
        ("    user joe insecure-password mypass\n", "mypass", "a password"),
        ("  stats auth admin:s3cr3t\n", "s3cr3t", "a password"),
        ("[x.cfg:7] : 'stats auth admin:s3cr3t' comes too late", "s3cr3t", "a password"),
        ("***  h1 CFG|    user joe insecure-password mypass", "mypass", "a password"),
        ('txreq -hdr "Authorization: Basic am9lOnNlY3JldA=="', "am9lOnNlY3JldA==", None),
        ("http-request set-header Authorization Bearer\\ eyJhbGciOi", "eyJhbGciOi", None),
        ('http-request set-header Authorization "Bearer eyJhbGciOi"', "eyJhbGciOi", None),
        ("curl -H 'X-Api-Key: 0123456789abcdef' x", "0123456789abcdef", "a token"),
        ("curl -sS -u joe:mypass http://x/", "mypass", "a password"),
        ("curl --user 'joe:mypass' http://x/", "mypass", "a password"),
        ("GET http://joe:mypass@example.org/", "mypass", "a password"),
    ],
)
def test_a_secret_is_found_and_left_out(text: str, secret: str, kind: str | None) -> None:
    (found,) = secrets.find(text)
    assert text[found.start : found.end] == secret
    assert found.kind == (kind or "a password or a token")
    clean = secrets.without(text)
    assert secret not in clean and f"[{found.kind} was here]" in clean
    assert secrets.find(clean) == [], "what is clean stays as it is"


def test_a_private_key_is_left_out_as_a_whole() -> None:
    text = f"global\n{KEY}defaults\n"
    (found,) = secrets.find(text)
    assert (found.kind, found.line) == ("a private key", 2)
    clean = secrets.without(text)
    assert "MIIE" not in clean and "kQ==" not in clean
    assert clean.startswith("global\n-----BEGIN PRIVATE KEY-----")
    assert clean.endswith("-----END PRIVATE KEY-----\ndefaults\n")


@pytest.mark.parametrize("name", ["RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"])
def test_keys_of_all_kinds_count(name: str) -> None:
    assert len(secrets.find(KEY.replace("PRIVATE KEY", name) * 2)) == 2


def test_a_key_that_is_cut_off_is_left_out_to_its_end() -> None:
    cut = KEY.partition("-----END")[0]
    assert "MIIE" not in secrets.without(cut)
    indented = "\n".join(f"    {line}" for line in cut.splitlines())
    assert "MIIE" not in secrets.without(indented)


def test_several_are_in_their_order_and_none_twice() -> None:
    text = f"{KEY}stats auth a:secret\n"
    assert [one.line for one in secrets.find(text)] == [1, 7]


@pytest.mark.parametrize(
    "text",
    [
        "# user joe has a password that nobody knows",
        "    http-request auth realm x if !{ http_auth(users) }",
        "    http-request set-header Authorization %[req.hdr(x)]",
        "    http-request set-header X-Auth-Token %[var(txn.t)]",
        '    expect req.http.Authorization == "<undef>"',
        "    http-request del-header Authorization",
        "    stats auth ${USER}:${PASS}",
        "    user joe password $HASH",
        "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
        "no -----BEGIN PRIVATE KEY----- in the file x.pem, so it is not loaded",
        "    server s1 127.0.0.1:8080 user admin",
        "    ssl-default-bind-options no-sslv3",
        "GET http://example.org:8080/user@x",
        "c1 rxhdr (Password required)",
        "curl -sS --retry 5 -o body -w '%{http_code}' http://127.0.0.1:8000/",
        "option httpchk HEAD / HTTP/1.1",
        "",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert secrets.find(text) == []
    assert secrets.without(text) == text


def test_long_texts_take_no_time() -> None:
    assert secrets.find("-----BEGIN PRIVATE KEY----- " * 2000 + "a" * 200_000) is not None
    assert secrets.find("user " * 50_000) == []
