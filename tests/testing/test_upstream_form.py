"""The form of upstream's reg-tests: what lacks is added, what is against it is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bisector.testing import render_reg_tests
from bisector.testing.scenario import BUNDLED
from bisector.testing.scenario_loader import bundled, load
from bisector.testing.upstream_form import completed, obstacles
from tests.support.scenarios import scenario

CASE = """\
varnishtest "A title"

feature ignore_unknown_macro

haproxy h1 -conf {
    global
        lua-load ${testdir}/x.lua
    frontend fe
        bind "fd@${fe}" ssl crt ${testdir}/test.pem
} -start
"""
KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n"


def test_story_type_and_guards_are_added(tmp_path: Path) -> None:
    told = replace(scenario(tmp_path), story="It was wrong.\n\nSince 3.0.", since="3.0")
    assert completed(CASE, told).startswith(
        'varnishtest "A title"\n'
        "\n# It was wrong.\n#\n# Since 3.0.\n"
        "\n#REGTEST_TYPE=bug\n"
        "\nfeature ignore_unknown_macro\n"
        "feature cmd \"$HAPROXY_PROGRAM -cc 'version_atleast(3.0) && feature(LUA) && "
        "feature(OPENSSL)'\"\n"
        "\nhaproxy h1"
    )


def test_a_case_without_any_of_it_gets_all(tmp_path: Path) -> None:
    plain = replace(scenario(tmp_path), story="")
    bare = CASE.replace("feature ignore_unknown_macro\n\n", "")
    assert completed(bare, plain) == completed(CASE, plain)


def test_a_complete_case_stays_as_it_is(tmp_path: Path) -> None:
    told = replace(scenario(tmp_path), story="It was wrong.", since="3.0")
    assert completed(completed(CASE, told), told) == completed(CASE, told)


@pytest.mark.parametrize("name", bundled())
def test_the_bundled_ones_are_complete_and_nothing_is_against_them(name: str) -> None:
    one = load(name)
    chosen = one.choose({})
    assert completed(one.render(chosen)[one.vtc], one) == one.render(chosen)[one.vtc]
    assert list(obstacles(render_reg_tests.rendered(one))) == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("# FILL IN: x", "not filled in"),
        ("        bind :8080", "a fixed port"),
        ("        bind 127.0.0.1:8080 ssl", "a fixed port"),
        ("        bind *:80", "a fixed port"),
        ("server s1 -listen 127.0.0.1:8080 {", "a fixed port"),
        ("client c1 -connect 127.0.0.1:8080 {", "a fixed port"),
        ("delay 2", "a sleep"),
        ("    delay .5", "a sleep"),
        ('shell "sleep 1"', "a sleep"),
        ("\tcore.sleep(1)", "a sleep"),
    ],
)
def test_what_upstream_would_not_take_is_named_with_its_line(line: str, what: str) -> None:
    (found,) = obstacles({"server/x.vtc": f"\n{line}\n"})
    assert found.startswith("server/x.vtc:2: ") and what in found


@pytest.mark.parametrize(
    "line",
    [
        '        bind "fd@${fe}"',
        "        server s1 ${s1_addr}:${s1_port}",
        "        server dead 127.0.0.1:1",
        "\tcore.msleep(5)",
        "# to delay 2 of them, or to sleep",
        "        timeout client 30s",
        "client c1 -connect ${h1_fe_sock} {",
    ],
)
def test_what_it_takes_is_not(line: str) -> None:
    assert list(obstacles({"x.vtc": line})) == []


def test_a_private_key_is_named_unless_it_is_the_tests_own() -> None:
    assert list(obstacles({"x.pem": KEY})) == ["x.pem: a private key"]
    own = (BUNDLED / "blocks" / "test.pem").read_text()
    assert list(obstacles({"x.pem": own})) == []
