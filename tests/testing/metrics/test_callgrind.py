"""What callgrind counted is read by function, each with its own costs."""

from __future__ import annotations

from bisector.testing.metrics import callgrind

FILE = """\
# callgrind format
version: 1
positions: line
events: Ir sysCount sysTime

fl=(1) stream.c
fn=(1) process_stream
10 100
+2 20 1
cfn=(2) http_wait
calls=5 30
* 500 3
fn=(2)
30 400 2
31 100 1
fn=(3) recurse'2
40 7

totals: 627 4
"""


def test_the_sums_are_by_event() -> None:
    assert callgrind.totals(FILE) == {"Ir": 627, "sysCount": 4, "sysTime": 0}
    assert callgrind.totals("events: Ir\n") == {}, "it is not complete"


def test_what_a_function_calls_is_not_its_own() -> None:
    assert callgrind.functions(FILE) == {"process_stream": 120, "http_wait": 500, "recurse": 7}


def test_other_events_are_in_other_columns() -> None:
    found = callgrind.functions(FILE, callgrind.SYSCALLS)
    assert {name: cost for name, cost in found.items() if cost} == {
        "process_stream": 1,
        "http_wait": 3,
    }


def test_a_log_keeps_them_per_request() -> None:
    log = "some output\n" + callgrind.listed({"process_stream": 12_000, "rare": 1}, 10)
    assert callgrind.of_log(log) == {"process_stream": 1200.0, "rare": 0.1}
    assert callgrind.of_log("no functions here") == {}
