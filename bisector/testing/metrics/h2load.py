"""What h2load says of the load that it made; pure functions."""

from __future__ import annotations

import re

_FINISHED = re.compile(r"^finished in (\d+(?:\.\d+)?)(us|ms|s|m|h)\b", re.M)
_REQUESTS = re.compile(r"^requests: (\d+) total, .*?(\d+) succeeded", re.M)
_CODES = re.compile(r"^status codes: .*$", re.M)
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(output: str) -> float | None:
    """The seconds that all requests took; None if this is no output of h2load's."""
    found = _FINISHED.search(output)
    return float(found[1]) * _SECONDS[found[2]] if found else None


def problem(output: str) -> str:
    """Why not all requests succeeded, in one line; '' if they did."""
    found = _REQUESTS.search(output)
    if not found or found[1] == found[2]:
        return ""
    codes = _CODES.search(output)
    more = f" ({codes[0]})" if codes else ""
    return f"only {int(found[2]):,} of {int(found[1]):,} requests succeeded{more}"


def latencies(log: str) -> list[float]:
    """The microseconds of each request in the file of --log-file."""
    rows = (line.split("\t") for line in log.splitlines())
    return [float(row[2]) for row in rows if len(row) > 2 and row[2].isdecimal()]
