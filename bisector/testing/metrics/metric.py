"""A metric: what is measured of HAProxy under load, and how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Round:
    """What one round of load took. Of HAProxy number ``side``, which is 0, or 1 for the reference.

    ``seconds`` are those of the client, ``ran`` those in which HAProxy ran, ``resident`` is the
    memory in kB that it had written to then. ``events`` are counted by callgrind, ``latencies`` are
    in microseconds; both may be empty.
    """

    side: int
    requests: int
    seconds: float
    ran: float = 0.0
    resident: int = 0
    events: Mapping[str, int] = field(default_factory=dict)
    latencies: tuple[float, ...] = ()


class Unmeasured(Exception):
    """Why a round has no value of a metric, in one line."""


@dataclass(frozen=True)
class Metric:
    """A property of HAProxy that a load shows, with its ``unit``; {what} there is a request.

    ``value`` takes it from a round, and raises Unmeasured. ``digits`` of it are shown after the
    point. ``more_is_worse``, unless it is like a speed.

    A ``counted`` metric is of a run under callgrind, and nearly free of noise. A ``timed`` one is
    not: its rounds take so many ``seconds``, there are several of them, and with a reference these
    are made in turns. For any other, a round has ``times`` the requests that would be counted.
    """

    name: str
    summary: str
    unit: str
    value: Callable[[Round], float]
    counted: bool = False
    timed: bool = False
    more_is_worse: bool = True
    digits: int = 0
    times: int = 1
    connections: int = 1

    def shown(self, value: float, what: str) -> str:
        """A *value* with its unit, where the load's requests are called *what*."""
        return f"{value:,.{self.digits}f} {self.unit.format(what=what)}"
