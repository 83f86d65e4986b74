"""Addresses and TLS of schedulers; each error is one line."""

from __future__ import annotations

import builtins
import contextlib
import socket
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import trustme

from bisector.errors import ClusterLost, MissingProgram, UsageProblem
from bisector.probing.dask import scheduler
from bisector.probing.dask.scheduler import Scheduler
from tests.support.clusters import machines


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:8786", "localhost:8786", "tcp://[::1]:8786", "127.9.9.9:1"]
)
def test_loopback_addresses_need_no_encryption(address: str) -> None:
    assert not Scheduler(address).security().require_encryption


@pytest.mark.parametrize(
    "address", ["tcp://10.0.0.1:8786", "example.org:8786", "tcp://[fe80::1]:1"]
)
def test_network_addresses_need_tls_or_insecure_cluster(address: str) -> None:
    with pytest.raises(UsageProblem, match="--insecure-cluster"):
        Scheduler(address).security()
    assert not Scheduler(address, insecure=True).security().require_encryption


@pytest.mark.parametrize(
    "address", ["", "localhost", "tcp://localhost", "http://localhost:80", "tcp://:1", "a:b", "[:1"]
)
def test_an_invalid_address_is_an_error(address: str) -> None:
    with pytest.raises(UsageProblem, match="is no scheduler"):
        Scheduler(address).security()


def test_tls_without_usable_certificates_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="--tls-ca, --tls-cert and --tls-key"):
        Scheduler("tls://127.0.0.1:1").security()
    bad = tmp_path / "bad.pem"
    bad.write_text("no certificate")
    for path in (bad, tmp_path / "absent.pem"):
        with pytest.raises(UsageProblem, match="cannot be used"):
            Scheduler("tls://127.0.0.1:1", str(path), str(path), str(path)).security()


def test_without_dask_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *rest: Any) -> Any:
        if name == "distributed":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingProgram, match="-m pip install distributed"):
        Scheduler("127.0.0.1:1").security()


def test_a_missing_scheduler_is_an_error_in_one_line() -> None:
    address = machines().address
    with pytest.raises(ClusterLost, match=f"no scheduler at {address}"):
        Scheduler(address).connect()


@pytest.mark.parametrize("words", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"\0" * 8, b"\xff" * 64])
def test_a_server_that_is_no_scheduler_is_an_error_within_seconds(
    monkeypatch: pytest.MonkeyPatch, words: bytes
) -> None:
    monkeypatch.setattr(scheduler, "_REACH_SECONDS", 1.0)
    said = []  # kept open

    def say() -> None:
        for _ in range(2):
            said.append(stranger.accept()[0])
            with contextlib.suppress(OSError):
                said[-1].sendall(words)

    with socket.create_server(("127.0.0.1", 0)) as stranger:
        Thread(target=say, daemon=True).start()
        with pytest.raises(ClusterLost, match="is not a Dask scheduler that accepts us by tcp"):
            Scheduler(f"127.0.0.1:{stranger.getsockname()[1]}").reach()


def test_tls_accepts_only_certificates_of_the_authority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "PATIENCE", 3.0)
    ours, another = (certificate(tmp_path / name) for name in ("ours.pem", "another.pem"))
    with machines(tls=ours) as made:
        known = Scheduler(made.address, str(ours), str(ours), str(ours)).connect()
        assert known.scheduler_info(0)["n_workers"] == 0
        known.close()
        for ca in (ours, another):
            stranger = Scheduler(made.address, str(ca), str(another), str(another))
            with pytest.raises(ClusterLost):
                stranger.connect()
        with pytest.raises(ClusterLost):
            Scheduler(made.address.replace("tls", "tcp")).connect()


def certificate(path: Path) -> Path:
    """A certificate for this machine with its key and its own authority, all in one file."""
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    path.write_bytes(issued.private_key_and_cert_chain_pem.bytes() + authority.cert_pem.bytes())
    return path
