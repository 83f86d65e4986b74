"""What the user asked for, as data: the options, and the test that they name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bisector.system import sandbox
from bisector.testing.oracle import Oracle
from bisector.testing.scenario import Known, Scenario

AUTO = "auto"  # search with fast, prove with dev
NONE = "none"  # prove nothing; build without what the test asks for


@dataclass(frozen=True)
class Options:
    """The options that commands with probes share, as the user wrote them.

    ``own_test`` is an option of ORACLES and its value; it names a test instead of a scenario.
    ``around`` is an option of WRAPPERS and its value, for what is looked for in that test.
    ``beside`` are the repositories of --with; ``offline``: nothing is fetched that is there.
    ``extras`` are options that go with one kind of test, and their values.
    """

    repo: str | None = None
    beside: tuple[str, ...] = ()
    offline: bool = False
    scenario: str | None = None
    settings: tuple[str, ...] = ()
    own_test: tuple[str, str] | None = None
    extras: tuple[tuple[str, str], ...] = ()
    around: tuple[str, str] | None = None
    bad_if: str | None = None
    skip_if: str | None = None
    patches: tuple[str, ...] = ()
    fixups: tuple[str, ...] = ()
    toolchain: str = AUTO
    make: tuple[str, ...] = ()
    like: str | None = None
    confirm: str = ""
    hint: str = ""
    flaky: bool = False
    hunks: bool = False
    sandbox: str = sandbox.AUTO


@dataclass(frozen=True)
class Test:
    """The oracle, and what its scenario knows about the bug.

    ``make`` are the scenario's make variables, ``toolchain`` the one that it asks for ('': any).
    """

    __test__ = False

    oracle: Oracle
    title: str
    known: Known
    make: Mapping[str, str]
    tags: tuple[str, ...] = ()
    toolchain: str = ""
    flaky: bool = False
    scenario: Scenario | None = None
