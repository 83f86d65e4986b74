"""The kinds of oracle, one module each; this is the only place that lists them."""

from __future__ import annotations

from collections.abc import Mapping

from bisector.testing.oracle import Oracle
from bisector.testing.oracles.build_test import BuildTest
from bisector.testing.oracles.command import Command
from bisector.testing.oracles.config_file import ConfigFile
from bisector.testing.oracles.crash_test import CrashTest
from bisector.testing.oracles.leak_test import LeakTest
from bisector.testing.oracles.measurement import Measurement
from bisector.testing.oracles.spin_test import SpinTest
from bisector.testing.oracles.vtest_case import VTestCase
from bisector.testing.wrapper import Wrapper

# by their option of the command line, without dashes
ORACLES: Mapping[str, type[Oracle]] = {
    kind.option: kind for kind in (VTestCase, Command, ConfigFile, BuildTest, Measurement)
}

# those that go around one of the above
WRAPPERS: Mapping[str, type[Wrapper]] = {
    kind.option: kind for kind in (CrashTest, SpinTest, LeakTest)
}
