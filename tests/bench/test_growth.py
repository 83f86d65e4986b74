"""The simulation of many workers: what it counts, and what bounds it."""

from __future__ import annotations

import pytest

from bench.growth import Crew, Figures, hunt, sweep

FREE = Figures((3.0,), client=0.0, first=0.0, transfer=0.0)


def test_one_worker_that_costs_nothing_else_takes_as_long_as_its_probes() -> None:
    assert Crew(1, FREE).round(0.0, [1.0, 2.0, 3.0]) == 6.0
    assert sweep(10, 1, FREE).speedup == 1.0


def test_so_many_workers_take_so_much_less_as_long_as_there_is_work() -> None:
    assert sweep(12, 4, FREE).speedup == 4.0
    assert sweep(12, 100, FREE).speedup == 12.0


def test_who_has_ended_takes_the_next() -> None:
    assert Crew(2, FREE).round(0.0, [5.0, 1.0, 1.0, 1.0]) == 5.0


def test_a_round_begins_when_it_is_asked_for() -> None:
    crew = Crew(2, FREE)
    assert crew.round(crew.round(0.0, [1.0]) + 0.5, [2.0, 3.0]) == 4.5


@pytest.mark.parametrize(
    "figures", [Figures((3.0,), 1.0, 0.0, 0.0), Figures((3.0,), 0.0, 1.0, 1.0)]
)
def test_the_client_and_its_line_bound_it(figures: Figures) -> None:
    assert sweep(100, 1000, figures).seconds == 100 + 3


def test_a_worker_s_first_tree_costs_more_than_the_others() -> None:
    figures = Figures((3.0,), client=0.0, first=1.0, transfer=0.25)
    assert sweep(4, 1, figures).seconds == 4 * 3 + 1 + 3 * 0.25
    assert sweep(4, 4, figures).seconds == 4 * 1 + 3


def test_a_hunt_takes_fewer_rounds_but_more_probes_with_more_workers() -> None:
    alone, eight = hunt(200, 1, FREE, "a"), hunt(200, 8, FREE, "a")
    assert eight.seconds < alone.seconds
    assert eight.speedup < 8
