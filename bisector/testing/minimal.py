"""Whether a HAProxy starts and serves at all, so that a failure of a test can be about the test."""

from __future__ import annotations

from dataclasses import replace

from bisector.record.failure import Failure, FailureClass
from bisector.record.verdict import Ruling, Verdict
from bisector.testing import vtest
from bisector.testing.oracle import Trial

NAME = "minimal.vtc"
SECONDS = 10.0  # the time limit; it takes 0.1 s
TEXT = """\
varnishtest "HAProxy starts and serves"

feature ignore_unknown_macro

haproxy h1 -conf {
    defaults
        mode http
        timeout connect 5s
        timeout client 5s
        timeout server 5s

    frontend fe
        bind "fd@${fe}"
        http-request redirect location /
} -start

client c1 -connect ${h1_fe_sock} {
    txreq
    rxresp
    expect resp.status == 302
} -run
"""


def starts(trial: Trial) -> bool:
    """Whether the binary of *trial* serves with a minimal configuration; its log stays as it is."""
    with vtest.place(NAME, [(NAME, TEXT)], "", trial) as place:
        brief = replace(trial, log=place.scratch / "log", seconds=SECONDS)
        return vtest.run_test(place, brief, vtest.SCENARIO_BUFFER).ok


def broken(ruling: Ruling) -> Ruling:
    """The ruling in place of *ruling* if the binary does not start at all."""
    reason = f"HAProxy does not serve with a minimal configuration either: {ruling.reason}"
    failure = Failure(FailureClass.BROKEN, "HAProxy does not serve")
    return replace(ruling, verdict=Verdict.UNTESTABLE, reason=reason, failure=failure)
