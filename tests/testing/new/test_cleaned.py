"""Secrets leave a configuration, which stays one, and what is no secret stays."""

from __future__ import annotations

from bisector.testing.new.cleaned import cleaned, has_private_key

NAME = "RSA PRIVATE KEY"
KEY = f"-----BEGIN {NAME}-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END {NAME}-----"


def test_passwords_are_replaced_by_one_that_haproxy_takes() -> None:
    text = (
        "userlist u\n user joe password $6$abc$defghi\n user ann insecure-password mypass\n"
        "backend b\n stats auth admin:hunter2\n dynamic-cookie-key abc\n"
        "global\n setenv DB_PASSWORD xyz\n setenv COLOUR red\n"
    )
    clean, had = cleaned(text)
    assert clean == (
        "userlist u\n user joe insecure-password secret\n user ann insecure-password secret\n"
        "backend b\n stats auth admin:secret\n dynamic-cookie-key secret\n"
        "global\n setenv DB_PASSWORD secret\n setenv COLOUR red\n"
    )
    assert had == ["passwords and tokens were not taken; 'secret' stands in for them"]


def test_a_private_key_goes_with_its_lines_and_the_others_keep_their_numbers() -> None:
    clean, had = cleaned(f"global\n{KEY}\ndefaults\n")
    assert clean.split("\n") == ["global", "", "", "", "defaults", ""]
    assert had == ["a private key was in the configuration; it was not taken"]
    assert has_private_key(KEY)


def test_a_configuration_without_secrets_stays_as_it_is() -> None:
    text = "frontend f\n bind :443 ssl crt x.pem\n http-request auth if !{ http_auth(u) }\n"
    assert cleaned(text) == (text, [])
    assert not has_private_key("-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----")
