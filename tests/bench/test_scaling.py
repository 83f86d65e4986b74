"""bench/scale: what it reckons with, what it prints."""

from __future__ import annotations

from bench.growth import Figures
from bench.scaling import LINE, Client, Sweep, clients, figures_of, measured

SWEEPS = [Sweep(0, 10.0, (5.0,)), Sweep(1, 12.0, (4.0, 6.0)), Sweep(2, 8.0, (7.0, 9.0))]
CLIENT = Client(0.01, 0.03, whole=3_000_000, packing_whole=0.3, part=40_000, packing_part=0.02)


def test_what_is_reckoned_with_is_one_worker_s_and_the_client_s() -> None:
    assert figures_of(SWEEPS, CLIENT) == Figures(
        (4.0, 6.0), client=0.03, first=3_000_000 / LINE, transfer=40_000 / LINE
    )


def test_the_tables_say_it_beside_what_takes_no_cluster() -> None:
    assert measured(SWEEPS).splitlines()[1:] == [
        "no workers     10.0         1.00         5.0",
        "1 worker       12.0         1.20         5.0",
        "2 workers       8.0         0.80         8.0",
    ]
    assert clients(CLIENT).splitlines()[1].split() == ["processor", "10.0"]
