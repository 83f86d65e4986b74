"""The C library, which decides what HAProxy is built for."""

from __future__ import annotations

import platform
import sysconfig

import pytest

from bisector.system import libc


@pytest.mark.parametrize(
    ("soabi", "target"),
    [
        ("cpython-311-x86_64-linux-gnu", "linux-glibc"),
        ("cpython-312-x86_64-linux-musl", "linux-musl"),
        ("cpython-312-aarch64-linux-musl", "linux-musl"),
        (None, "linux-glibc"),
    ],
)
def test_the_target_is_told_by_pythons_modules(
    monkeypatch: pytest.MonkeyPatch, soabi: str | None, target: str
) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: soabi)
    assert libc.target() == target


def test_this_machines_is_the_one_that_python_was_linked_with() -> None:
    assert libc.is_musl() is (platform.libc_ver()[0] != "glibc")
