"""What others read has no secrets, and neither paths nor names of the machine."""

from __future__ import annotations

import pytest

from bisector.record.summary import Summary
from bisector.record.triage_events import Repeatable
from bisector.record.words import Job
from bisector.report.shared import cleaner, shareable
from tests.support.records import ANSWERED, STARTED, summary

PRIVATE = ("/srv/people/joe", "/srv/people/joe/bugs", "/data/ws", "joes-laptop", "joe", "root")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("cannot open /srv/people/joe/bugs/bug.cfg: no file", "cannot open bug.cfg: no file"),
        ("[/srv/people/joe/bugs/bug.cfg:12] : unknown", "[bug.cfg:12] : unknown"),
        ("see /data/ws/logs/ab/cd.log.", "see cd.log."),
        ("'/data/ws'", "'ws'"),
        ("in /home/jane/x/y.pem", "in y.pem"),
        ("cd /home/jane", "cd ~"),
        ("/root is there", "~ is there"),
        ("/tmp/bisector-17/h1/cfg", "cfg"),
        ("no peer named 'joes-laptop'", "no peer named 'NAME'"),
        ("joe@joes-laptop", "NAME@NAME"),
    ],
)
def test_paths_become_names_of_files_and_the_machine_has_no_name(text: str, clean: str) -> None:
    assert cleaner(PRIVATE)(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "GET /api/v1/users HTTP/1.1",
        "http://127.0.0.1/tmp/x is no file of this machine",
        "/homes/x and /rooted and /data/wsx",
        "src/server.c, include/haproxy/x.h",
        "root cause, joey, joe-like",
        "resp.http.address (127.0.0.1:0)",
        "",
    ],
)
def test_other_texts_stay(text: str) -> None:
    assert cleaner(PRIVATE)(text) == text


def test_secrets_are_left_out() -> None:
    assert "s3cr3t" not in cleaner(())("stats auth admin:s3cr3t")


def test_a_whole_summary_is_cleaned_and_its_words_stay() -> None:
    known = Repeatable(("v2.9.0",), (), private=("/haproxy",))
    dirty = summary([*ANSWERED, known])
    clean = shareable(dirty)
    assert isinstance(clean, Summary)
    assert clean.started.repository == "haproxy"
    assert clean.started.job is Job.RUN
    assert clean.findings == dirty.findings
    assert [one.verdict for one in clean.probes] == [one.verdict for one in dirty.probes]
    assert STARTED.repository == "/haproxy", "events are not changed"
