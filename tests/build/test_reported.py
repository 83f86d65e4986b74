"""What `haproxy -vv` says of its build, and what of that can be built here."""

from __future__ import annotations

import pytest

from bisector.build.reported import parse

OUTPUT = """\
> HAProxy version 3.0.8-1 2024/12/12 - https://haproxy.org/
> Build options :
>   TARGET  = linux-glibc
>   CC      = x86_64-linux-gnu-gcc
>   CFLAGS  = -O2 -g -fwrapv -DX=1 -Wall
>   OPTIONS = USE_OPENSSL=1 USE_LUA=1 USE_THREAD= USE_QUIC=1 USE_PCRE=1 USE_WURFL=1
>   DEBUG   = -DDEBUG_STRICT
>
> Feature list : -51DEGREES +ACCEPT4
"""


def test_options_are_features_or_make_variables_or_left_out() -> None:
    found = parse(OUTPUT)
    assert found
    assert found.features == {"OPENSSL", "QUIC"}
    assert found.variables == {
        "TARGET": "linux-glibc",
        "USE_LUA": "1",
        "USE_THREAD": "",
        "DEBUG": "-DDEBUG_STRICT -DX=1",
    }
    assert found.left_out == ("USE_PCRE", "USE_WURFL")


def test_a_build_without_options_has_its_target() -> None:
    found = parse("  TARGET  = linux-musl\n  CFLAGS = -O2\n  OPTIONS = \n  DEBUG = \n")
    assert found
    assert (found.features, found.variables) == (frozenset(), {"TARGET": "linux-musl"})


def test_other_text_says_nothing() -> None:
    assert parse("") is None
    assert parse("HAProxy version 3.0.8\nUSE_OPENSSL=1\n") is None


@pytest.mark.parametrize(
    ("line", "revisions"),
    [
        ("HAProxy version 3.0.11-1+deb13u1 2025/06/03 - https://haproxy.org/", ("v3.0.11",)),
        ("HA-Proxy version 2.2.9-2 2022/03/10", ("v2.2.9",)),
        ("HAProxy version 3.5-dev5-50872d-38 2026/08/21", ("50872d", "v3.5-dev5")),
        ("HAProxy version 3.0.7-c8bbd22 2024/12/12", ("v3.0.7",)),
        ("> HAProxy version 3.0.8-1 2024/12/12", ("v3.0.8",)),
        ("nginx version: 1.27", ()),
    ],
)
def test_the_version_names_revisions(line: str, revisions: tuple[str, ...]) -> None:
    found = parse(f"{line}\n  TARGET  = linux-glibc\n  OPTIONS =\n")
    assert found and found.revisions == revisions
