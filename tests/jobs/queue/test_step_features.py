"""The features with which changed lines are compiled: by paths, and by the conditions around."""

from __future__ import annotations

import pytest

from bisector.git.history import History
from bisector.jobs.queue.step_features import features_of, of_change
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

TEXT = """\
int always;
#ifdef USE_OPENSSL
int with_tls;
#if (defined(USE_QUIC) && !defined(USE_ZLIB))
int with_both;
#endif
#else
int without_tls;
#endif
#ifndef USE_PCRE2
int without;
#else
int with_pcre;
#endif
# if defined(USE_SLZ) || defined(USE_ZLIB)
int either;
#elif defined USE_SYSTEMD
int with_systemd;
#endif
"""


def at(word: str) -> frozenset[str]:
    """The features that the line with *word* needs."""
    (line,) = (number for number, text in enumerate(TEXT.split("\n"), 1) if f" {word};" in text)
    return features_of("src/x.c", TEXT, [line])


@pytest.mark.parametrize(
    ("word", "features"),
    [
        ("always", set()),
        ("with_tls", {"OPENSSL"}),
        ("with_both", {"OPENSSL", "QUIC"}),
        ("without_tls", set()),
        ("without", set()),
        ("with_pcre", {"PCRE2"}),
        ("either", set()),  # one of both is there anyway
        ("with_systemd", {"SYSTEMD"}),
    ],
)
def test_conditions_around_a_line_name_features(word: str, features: set[str]) -> None:
    assert at(word) == features


@pytest.mark.parametrize(
    ("path", "features"),
    [
        ("src/ssl_sock.c", {"OPENSSL"}),
        ("include/haproxy/quic_conn-t.h", {"OPENSSL", "QUIC"}),
        ("src/h3.c", {"QUIC"}),
        ("addons/promex/service-prometheus.c", {"PROMEX"}),
        ("src/h1.c", set()),
        ("src/stream.c", set()),
        ("doc/ssl_notes.txt", set()),
    ],
)
def test_some_files_need_a_feature(path: str, features: set[str]) -> None:
    assert features_of(path, "", []) == features


def test_a_change_needs_what_its_lines_need(clone: Clone, workspace: Workspace) -> None:
    """Lines that are not changed do not count, nor do files that no build reads."""
    before = clone.commit({"src/x.c": TEXT, "reg-tests/ssl_x.vtc": "a"})
    tls = TEXT.replace("with_tls", "changed")
    after = clone.commit({"src/x.c": tls, "reg-tests/ssl_x.vtc": "b"})
    history = History.open(clone.path, workspace)
    trees = history.tree_id(before), history.tree_id(after)
    assert of_change(history.store, *trees) == {"OPENSSL"}
    assert of_change(history.store, *trees[:1] * 2) == set()
