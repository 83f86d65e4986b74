"""A configuration is taken into a test, and what is not taken is said with its lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.testing.new.intake import Taken, take_in

LISTENERS = "frontend fe\n bind *:80\n bind :::443 ssl crt /etc/x.pem alpn h2\n default_backend b\n"


def taken(text: str, folder: Path = Path("/nonexistent")) -> Taken:
    return take_in(text, folder)


def lines(text: str) -> list[str]:
    return [line.strip() for line in taken(text).text.splitlines() if line]


def test_what_is_about_the_machine_is_left_out() -> None:
    text = "global\n daemon\n user haproxy\n stats socket /run/x level admin\n nbthread 4\n"
    assert lines(text) == ["global", "nbthread 4"]
    assert taken(text).remarks == [
        "left out, about the machine: daemon (line 2), user (line 3), stats socket (line 4)",
        "kept, but builds take ten times as long for it; remove it unless the bug needs threads: "
        "nbthread (line 5)",
    ]


def test_a_keyword_of_another_section_stays() -> None:
    text = "userlist u\n group g users joe\nfrontend f\n bind :1\n maxconn 10\n description x\n"
    assert lines(text)[1] == "group g users joe"
    assert lines(text)[-2:] == ["maxconn 10", "description x"]


def test_listeners_get_file_descriptors_and_the_tests_certificate() -> None:
    found = taken(LISTENERS)
    assert 'bind "fd@${fe}"' in found.text
    assert 'bind "fd@${fe_2}" ssl crt ${testdir}/test.pem alpn h2' in found.text
    assert [(one.name, one.is_plain) for one in found.listeners] == [("fe", True), ("fe_2", False)]
    assert "the test's own certificate stands in: bind (line 3)" in found.remarks


def test_servers_become_those_of_the_test() -> None:
    text = "backend b\n server a 10.0.0.1:80 check port 81\n server b 10.0.0.2:80\n"
    found = taken(f"{LISTENERS}{text} server c 10.0.0.1:80 backup\n")
    assert "server a ${h0_app1_addr}:${h0_app1_port} check\n" in found.text
    assert "server b ${h0_app2_addr}:${h0_app2_port}\n" in found.text
    assert "server c ${h0_app1_addr}:${h0_app1_port} backup" in found.text
    assert [server.address for server in found.servers] == ["10.0.0.1:80", "10.0.0.2:80"]


def test_a_server_that_is_another_listener_of_the_configuration_stays_one() -> None:
    text = "listen b\n bind 127.0.0.1:9000\nbackend c\n server x 127.0.0.1:9000 send-proxy\n"
    found = taken(text)
    assert "server x ${h1_b_addr}:${h1_b_port} send-proxy" in found.text
    assert found.servers == []


def test_what_all_servers_of_a_section_speak_counts() -> None:
    text = "defaults\n default-server ssl verify none\nbackend b\n server a x:1\n"
    assert [server.tls for server in taken(text).servers] == [True]
    text = "backend a\n default-server send-proxy\n server a x:1\nbackend b\n server a y:1\n"
    assert [server.proxied for server in taken(text).servers] == [True, False]


@pytest.mark.parametrize(
    ("line", "turned"),
    [
        ("log 127.0.0.1:514 len 2048 local0 info", "log stderr len 2048 local0 info"),
        ("log global", "log global"),
        ("no log", "no log"),
        ("stick-table type ip size 1 peers p expire 1m", "stick-table type ip size 1 expire 1m"),
        ("server-template t 1-3 x.test:80 check", "server-template t 1-3 ${h0_app1_addr}:"),
    ],
)
def test_other_lines_are_turned(line: str, turned: str) -> None:
    assert lines(f"backend b\n {line}\n")[1].startswith(turned)


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("peers p\n peer a 10.0.0.1:1\n", "other processes are not there: peers (line 1)"),
        (
            "frontend f\n bind quic4@:443 ssl\n",
            "left out, no client of VTest speaks QUIC: bind (line 2)",
        ),
        (
            "backend b\n http-check expect status 204\n",
            "left out, the test's servers answer any check with status 200: "
            "http-check expect (line 2)",
        ),
        (
            "frontend f\n acl x path_reg a{\n",
            "left out, VTest needs balanced braces: acl (line 2)",
        ),
        ("```haproxy\nglobal\n", "left out, before the first section: ```haproxy (line 1)"),
        (
            "backend b\n errorfile 503 /etc/503.http\n",
            "left out, 503.http is not beside the configuration: errorfile (line 2)",
        ),
    ],
)
def test_what_cannot_be_taken_is_said(text: str, remark: str) -> None:
    assert remark in taken(text).remarks


def test_a_private_key_is_said_first_and_is_nowhere(tmp_path: Path) -> None:
    body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"
    key = f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"
    (tmp_path / "x.pem").write_text(key)
    found = take_in(f"{LISTENERS}{key}backend b\n", tmp_path)
    assert found.remarks[0] == "a private key was in the configuration; it was not taken"
    assert "x.pem has a private key in it, and was not taken: bind (line 3)" in found.remarks
    assert body not in found.text + "".join(found.files.values())


def test_a_configuration_that_needs_nothing_is_taken_without_a_word() -> None:
    text = "defaults\n mode http\nfrontend f\n bind :80\n http-request return status 200\n"
    assert taken(text).remarks == []
