"""Each load and each metric on a real HAProxy, built once for all."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from bisector.build import binaries
from bisector.git.history import History
from bisector.probing import setup
from bisector.probing.context import Context
from bisector.probing.options import Options
from bisector.record.verdict import Ruling, Verdict
from bisector.system import programs
from bisector.system.slots import Slot
from bisector.system.workspace import Workspace
from bisector.testing import load
from bisector.testing.metrics import METRICS
from bisector.testing.oracle import Oracle, Trial
from bisector.testing.oracles.measurement import Measurement
from tests.support.obtain import obtain

SECONDS = 600.0  # on a busy machine
# A metric for each load, so that all are tried; those of a clock take the least time.
CASES = {
    "http1": "instructions",
    "http2": "latency",
    "connections": "syscalls",
    "large-bodies": "memory",
    "tls-ecdsa": "cpu",
    "tls-rsa": "rate",
    "tls-transfer": "rate",
    "rules": "cpu",
    "maps": "cpu",
    "stick-tables": "cpu",
    "logs": "rate",
    "lua": "latency",
    "checks": "cpu",
}
OWN = """\
title = "a redirection for each request"
requests = 50
warm_up = 20
files = { "haproxy.cfg" = "own.cfg.j2" }

[client]
path = "/old"
"""
CONFIG = """\
{% include "base.cfg" %}

frontend fe
    bind "fd@${listener}"
    KEYWORD redirect location /new if { path /old }
"""


@pytest.fixture(scope="module")
def context(real_workspace: Workspace, ground_history: History, with_tcc: None) -> Context:
    """What measurements need: valgrind, h2load, and a toolchain with OpenSSL."""
    for name in (programs.VALGRIND, programs.H2LOAD):
        obtain(partial(programs.fetch, real_workspace, name))
    options = Options(own_test=("metric", "cpu"), extras=(("load", "tls-ecdsa"),))
    return setup.find_context(options, real_workspace, ground_history, setup.find_test(options))


@pytest.fixture(scope="module")
def binary(context: Context) -> Iterator[Path]:
    store, revision = context.history.store, context.history.resolve("v3.0.11").id
    tree, toolchain = context.history.tree_id(revision), context.equipped(context.toolchains.search)
    slot = Slot(sandbox=context.sandbox)
    with binaries.built(context.workspace, store, tree, toolchain, slot) as built:
        assert not built.problem, built.problem
        yield built.binary


def oracle_of(metric: str, name: str) -> Measurement:
    return Measurement.of_option(metric, bad_if=None, skip_if=None).with_extra("load", name)


def tried(context: Context, binary: Path, log: Path, oracle: Oracle) -> Ruling:
    tools = oracle.find_tools(context.workspace)
    slot = Slot(sandbox=context.sandbox)
    return oracle.run(Trial(binary, log, tools, SECONDS, slot))


def run(context: Context, binary: Path, log: Path, oracle: Oracle) -> Ruling:
    """One run of *oracle*, which has to have a value."""
    ruling = tried(context, binary, log, oracle)
    assert ruling.verdict is Verdict.GOOD, ruling.reason + log.read_text()
    assert min(ruling.samples) > 0
    return ruling


@pytest.mark.parametrize(("name", "metric"), CASES.items())
def test_each_load_gives_a_value(
    context: Context, binary: Path, tmp_path: Path, name: str, metric: str
) -> None:
    run(context, binary, tmp_path / "log", oracle_of(metric, name))


def test_all_loads_and_all_metrics_are_tried() -> None:
    assert set(CASES) == set(load.bundled())
    assert set(CASES.values()) == set(METRICS)


def test_instructions_are_the_same_each_time_and_are_told_by_function(
    context: Context, binary: Path, tmp_path: Path
) -> None:
    oracle, logs = oracle_of("instructions", "http1"), (tmp_path / "first", tmp_path / "second")
    first, second = (run(context, binary, log, oracle).samples for log in logs)
    assert second == pytest.approx(first, rel=0.003)
    before, after = (oracle.costs(log.read_text()) for log in logs)
    assert sum(before.values()) == pytest.approx(first[0], rel=0.01)
    assert after["process_stream"] == pytest.approx(before["process_stream"], rel=0.01)


def test_each_connection_is_a_new_one(context: Context, binary: Path, tmp_path: Path) -> None:
    """With a handshake of its own: no session is resumed."""
    oracle = oracle_of("instructions", "tls-ecdsa")
    run(context, binary, tmp_path / "log", oracle)
    costs = oracle.costs((tmp_path / "log").read_text())
    assert costs["ssl_sock_handshake"] > 0
    assert costs["listener_accept"] > 0
    assert "d2i_SSL_SESSION" not in costs


def test_a_binary_that_takes_turns_with_itself_is_as_fast(
    context: Context, binary: Path, tmp_path: Path
) -> None:
    oracle = oracle_of("cpu", "logs").against(binary, "the same")
    ruling = run(context, binary, tmp_path / "log", oracle)
    assert statistics.median(ruling.samples) == pytest.approx(1, abs=0.2)


def test_a_load_of_ones_own(context: Context, binary: Path, tmp_path: Path) -> None:
    """What HAProxy refuses cannot be measured."""
    log, config, own = tmp_path / "log", tmp_path / "own.cfg.j2", tmp_path / "own.toml"
    own.write_text(OWN)
    config.write_text(CONFIG.replace("KEYWORD", "http-request"))
    ruling = run(context, binary, log, oracle_of("cpu", str(own)))
    assert ruling.reason.endswith(" µs of processor time per request")

    config.write_text(CONFIG.replace("KEYWORD", "http-reqest"))
    ruling = tried(context, binary, log, oracle_of("cpu", str(own)))
    assert ruling.verdict is Verdict.UNTESTABLE
    assert ruling.reason.startswith("HAProxy refuses the load's configuration: ")
    assert "unknown keyword 'http-reqest'" in ruling.reason
