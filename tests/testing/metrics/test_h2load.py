"""What h2load says: how long it took, whether all requests succeeded, how long each took."""

from __future__ import annotations

from bisector.testing.metrics import h2load

OUTPUT = """\
finished in 712.97ms, 140.26 req/s, 9.45KB/s
requests: 100 total, 100 started, 100 done, %d succeeded, 0 failed, 0 errored, 0 timeout
status codes: %d 2xx, 0 3xx, 0 4xx, 3 5xx
"""


def test_seconds_have_several_units() -> None:
    assert h2load.seconds(OUTPUT) == 0.71297
    assert h2load.seconds("finished in 4.38s, 0.23 req/s\n") == 4.38
    assert h2load.seconds("another program") is None


def test_requests_that_fail_are_a_problem() -> None:
    assert h2load.problem(OUTPUT % (100, 100)) == ""
    assert h2load.problem(OUTPUT % (97, 97)).startswith("only 97 of 100 requests succeeded")


def test_latencies_are_the_third_column() -> None:
    assert h2load.latencies("1\t200\t46\n2\t200\t51\nbroken\n") == [46.0, 51.0]
