"""The kinds of oracle, one module each; this is the only place that lists them."""

from __future__ import annotations

from collections.abc import Mapping

from bisector.testing.oracle import Oracle
from bisector.testing.oracles.vtest_case import VTestCase

# by their option of the command line, without dashes
ORACLES: Mapping[str, type[Oracle]] = {kind.option: kind for kind in (VTestCase,)}
