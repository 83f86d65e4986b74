"""The C library that programs on this machine use: glibc or musl."""

from __future__ import annotations

import sysconfig


def is_musl() -> bool:
    """Whether it is musl, as on Alpine. Python's own modules are named after it."""
    return "musl" in str(sysconfig.get_config_var("SOABI"))


def target() -> str:
    """The TARGET of HAProxy's Makefile for it; linux-musl is there since 2.2."""
    return "linux-musl" if is_musl() else "linux-glibc"
