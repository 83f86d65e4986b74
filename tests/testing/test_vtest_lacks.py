"""What a VTest does not know, told by the case's text and by VTest's program."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.system.tools import Tool
from bisector.testing.vtest_lacks import REMEDY, hint, lacks, missed, reason, unknown

ALL = (
    "haproxy -Ws",
    "quic+fd@",
    "include",
    "filewrite",
    "shutdown",
    "txresp -nodate",
    "txresp -noserver",
    "txreq -nouseragent",
    "-connect @",
    "-listen @",
    "feature abstract_uds",
    "feature vtest_cmd",
    "process -key",
    "process -match-text",
    "${vtcid}",
)
OLD = b"\x7fELF\0Unknown haproxy argument: %s\0-W\0"
NEW = OLD + b"CMD include\0sd_notify\0quic+\0filewrite\0http shutdown spec\0-nodate\0-noserver\0"
NEW += b"-nouseragent\0abstract_uds\0vtest_cmd\0Unknown key\0-match-text\0vtcid\0"


def vtest(folder: Path, content: bytes, version: str = "varnishtest 7.1.1") -> Tool:
    program = folder / "vtest"
    program.write_bytes(content)
    return Tool(program, version, "id")


def test_what_a_program_knows_is_told_by_its_texts(tmp_path: Path) -> None:
    assert tuple(one.name for one in lacks(vtest(tmp_path, OLD).path)) == ALL
    assert lacks(vtest(tmp_path, NEW).path) == ()
    later = OLD + b"CMD include\0filewrite\0"
    assert lacks(vtest(tmp_path, later).path)[0].name == "haproxy -Ws"


def test_that_it_cannot_include_files_is_not_missed(tmp_path: Path) -> None:
    assert missed(vtest(tmp_path, OLD).path) == tuple(one for one in ALL if one != "include")
    assert missed(vtest(tmp_path, NEW).path) == ()


def test_nothing_is_claimed_of_a_script_or_of_a_program_that_is_gone(tmp_path: Path) -> None:
    assert lacks(vtest(tmp_path, b"#!/bin/sh\nexec vtest\n").path) == ()
    assert lacks(tmp_path / "gone") == ()


def test_of_a_fetched_one_the_program_behind_the_script_counts(tmp_path: Path) -> None:
    script = vtest(tmp_path, b"#!/bin/sh\nexec lib/vtest\n")
    (tmp_path / "lib").mkdir()
    vtest(tmp_path / "lib", OLD)
    assert lacks(script.path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("include", "include ${testdir}/more.vtci"),
        ("include", "client c1 {\n    include ${testdir}/more.vtci\n}"),
        ("haproxy -Ws", "haproxy h1 -Ws -S -conf {\n    global\n}  -start"),
        ("quic+fd@", 'haproxy h1 -conf {\n    frontend fe\n        bind "quic+fd@${fe}"\n}'),
        ("quic+fd@", "setenv VTC_SOCK_TYPE quic"),
        ("filewrite", 'filewrite ${tmpdir}/x "text"'),
        ("shutdown", "client c1 {\n    txreq\n    shutdown -write\n}"),
        ("txresp -nodate", "server s1 {\n    rxreq\n    txresp -nodate\n} -start"),
        ("txresp -noserver", "server s1 {\n    txresp -status 200 -noserver\n}"),
        ("txreq -nouseragent", "client c1 {\n    txreq -nouseragent -url /\n}"),
        ("-connect @", 'client c1 -connect "@name" {\n    txreq\n}'),
        ("-listen @", "server s1 -listen @name {\n    rxreq\n} -start"),
        ("feature abstract_uds", "feature ignore_unknown_macro abstract_uds"),
        ("feature vtest_cmd", "feature vtest_cmd filewrite"),
        ("process -key", "process p1 -key NPAGE"),
        ("process -match-text", 'process p1 -match-text 0 0 "x"'),
        ("${vtcid}", 'shell "echo ${vtcid}"'),
    ],
)
def test_each_construct_is_found_in_a_case(tmp_path: Path, name: str, text: str) -> None:
    case = f'varnishtest "a case"\n\n{text}\n'
    assert unknown(case, vtest(tmp_path, OLD)) == (name,)
    assert unknown(case, vtest(tmp_path, NEW)) == ()


@pytest.mark.parametrize(
    "text",
    [
        "# include ${testdir}/more.vtci",
        "haproxy h1 -W -S -conf {\n    global\n    # like -Ws\n} -start",
        'haproxy h1 -conf {\n    server s1 abns@wpproc1 send-proxy\n    bind "fd@${fe}"\n}',
        'haproxy h1 -mcli {\n    send "show info"\n    expect ~ ".*"\n} -wait',
        "haproxy h1 -arg -V -conf-OK {\n    global\n}\nhaproxy h2 -conf-BAD {} {\n    x\n}",
        'haproxy h1 -cli {\n    send "shutdown session server be/s1"\n    expect ~ ""\n}',
        "haproxy h1 -conf {\n    global\n} -start -expectexit 1",
        'server s1 {\n    rxreq\n    txresp -hdr "Date: now" -nolen\n} -start',
        'client c1 -connect ${h1_fe_sock} {\n    txreq -url "/include "\n    rxresp\n}',
        "feature cmd \"$HAPROXY_PROGRAM -cc 'feature(OPENSSL)'\"\nfeature ignore_unknown_macro",
        'shell {\n    echo "include x"\n    shutdown() { :; }\n}',
        "setenv VTC_SOCK_TYPE stream",
        "process p1 {cat} -hup\nserver s1 {\n    txreq -req include\n}",
    ],
)
def test_what_every_vtest_knows_is_not_found(tmp_path: Path, text: str) -> None:
    assert unknown(f'varnishtest "include -Ws filewrite"\n{text}\n', vtest(tmp_path, OLD)) == ()


def test_the_reason_names_the_tool_the_constructs_and_the_remedy(tmp_path: Path) -> None:
    said = reason(vtest(tmp_path, OLD), ("haproxy -Ws", "quic+fd@"))
    assert said == f"varnishtest 7.1.1 does not know 'haproxy -Ws', 'quic+fd@': {REMEDY}"
    assert "bisector doctor --fix --vtest-source" in REMEDY


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("h1: Unknown haproxy argument: -Wx", True),
        ('top: Unknown command: "frobnicate"', True),
        ("h1: Assert error in haproxy_wait(), vtc_haproxy.c line 818:", True),
        ("top: FAIL test, unknown feature", True),
        ("its log is longer than VTest's buffer", False),
        ("top: Missing '}'", False),
    ],
)
def test_what_vtest_itself_does_not_know_gets_the_remedy_unless_it_is_vtest_2(
    tmp_path: Path, said: str, told: bool
) -> None:
    assert (REMEDY in hint(vtest(tmp_path, OLD), said)) is told
    assert hint(vtest(tmp_path, NEW), said) == ""
