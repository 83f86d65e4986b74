"""Parsing of HAProxy's subject lines, in today's and the older convention."""

from __future__ import annotations

import pytest

from bisector.search.commit_subject import parse, tags_of


@pytest.mark.parametrize(
    "line, kind, tags",
    [
        ("BUG/MEDIUM: server/dns: prevent DOWN/UP flap", "BUG MEDIUM", "server dns"),
        ("MINOR: stats, http: add: this", "MINOR", "stats http"),
        ("BUILD: fix a warning", "BUILD", ""),
        ("CI: github: bump", "CI", "github"),
        ("BUG/MINOR: mux-h2: a text: with a colon", "BUG MINOR", "mux-h2"),
        ('Revert "MEDIUM: dns: use it"', "MEDIUM", "dns"),
        ("[MEDIUM] acl: old style", "MEDIUM", "acl"),
        ("[RELEASE] Released version 3.5-dev5", "RELEASE", ""),
        ("MINOR: ssl: ", "MINOR", "ssl"),
        ("Merge branch 'x'", "", ""),
        ("", "", ""),
    ],
)
def test_class_and_subsystems_are_read(line: str, kind: str, tags: str) -> None:
    subject = parse(line)
    assert subject.kind == frozenset(kind.split())
    assert subject.tags == frozenset(tags.split())


def test_tags_are_read_with_any_separator_and_case() -> None:
    assert tags_of("Server/DNS") == tags_of("server, dns") == {"server", "dns"}
