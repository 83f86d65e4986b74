"""The kinds of oracle, one module each. A new one is listed here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping

from bisector.testing.oracle import Oracle
from bisector.testing.oracles.vtest_case import VTestCase

# by the option that names one on the command line
ORACLES: Mapping[str, type[Oracle]] = {kind.option: kind for kind in (VTestCase,)}
