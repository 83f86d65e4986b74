"""A Dask scheduler by its address: may it be spoken to, and how?

Dask's own package is an extra, imported only where a cluster is asked for.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import shlex
import socket
import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bisector.errors import ClusterLost, MissingProgram, UsageProblem

if TYPE_CHECKING:
    from distributed import Client, Security

PATIENCE = 60.0  # seconds; a scheduler that restarts is back by then
_REACH_SECONDS = 10.0  # for a host that does not even refuse, or somebody else who listens there


@dataclass(frozen=True)
class Scheduler:
    """A Dask scheduler as the user named it, with the files of its TLS.

    ``same`` says that only workers with the client's own tools may answer, and ``sandbox`` is the
    mode in which they are to run what they build.
    """

    address: str
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    insecure: bool = False
    same: bool = False
    sandbox: str = "auto"

    @property
    def host(self) -> str:
        """The host that the address names. Raises UsageProblem if it is no address."""
        return _parsed(self.address)[1]

    def reach(self) -> None:
        """Raise ClusterLost if no scheduler answers there. Dask would try for minutes."""
        security = self.security()
        scheme, host, port = _parsed(self.address)
        try:
            socket.create_connection((host, port), _REACH_SECONDS).close()
        except OSError as error:
            raise self.unreachable(error) from None
        try:
            asyncio.run(_shake_hands(self.address, security))
        except Exception:  # whatever Dask makes of a stranger's words
            what = f"who listens at {self.address} is no Dask scheduler that lets us in by {scheme}"
            raise ClusterLost(what, "name the address that it printed") from None

    def security(self) -> Security:
        """What connections are made with, here and on workers.

        Raises UsageProblem for an address that is none or not safe, MissingProgram without Dask.
        """
        scheme, host, _ = _parsed(self.address)
        require_distributed()
        from distributed import Security

        if scheme == "tcp":
            if not self.insecure and not is_loopback(host):
                what = f"{self.address}: whoever reaches a Dask scheduler runs what they like there"
                raise UsageProblem(what, "use tls://, or say --insecure-cluster")
            return Security(require_encryption=False)
        files = {"ca_file": self.ca, "client_cert": self.cert, "client_key": self.key}
        files |= {"worker_cert": self.cert, "worker_key": self.key}
        named = {f"tls_{what}": path for what, path in files.items() if path}
        security = Security(require_encryption=True, **named)
        used = security.get_tls_config_for_role("client")
        if not (used["ca_file"] and used["cert"]):
            what = f"{self.address}: no certificates"
            raise UsageProblem(what, "--tls-ca, --tls-cert and --tls-key name them")
        try:
            security.get_connection_args("client")
        except OSError as error:  # ssl's errors, too
            why = error.strerror or str(error)
            raise UsageProblem(f"{self.address}: its certificates cannot be used", why) from None
        return security

    def connect(self) -> Client:
        """A client of it. Raises ClusterLost if it cannot be reached."""
        self.reach()
        from distributed import Client

        try:
            with warnings.catch_warnings():  # of Python's and Dask's versions that are not the same
                warnings.simplefilter("ignore")
                return Client(
                    self.address, security=self.security(), timeout=PATIENCE, set_as_default=False
                )
        except OSError as error:
            raise self.unreachable(error) from None

    def unreachable(self, error: OSError) -> ClusterLost:
        """How to say that it did not answer."""
        why = error.strerror or str(error)
        return ClusterLost(f"no scheduler at {self.address}: {why}", "is it running?")


async def _shake_hands(address: str, security: Security) -> None:
    """Raise something if who is at *address* does not speak as Dask does."""
    from distributed.comm.core import connect

    async with asyncio.timeout(_REACH_SECONDS):  # its own is for the connection alone
        comm = await connect(address, _REACH_SECONDS, **security.get_connection_args("client"))
        await comm.close()


def is_loopback(host: str) -> bool:
    """Is *host* this machine, as nobody else can reach it?"""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _parsed(address: str) -> tuple[str, str, int]:
    """The scheme, the host and the port of an *address*."""
    try:
        parts = urlsplit(address if "://" in address else f"tcp://{address}")
        port = parts.port
    except ValueError:
        port = parts = None
    if not parts or not port or not parts.hostname or parts.scheme not in ("tcp", "tls"):
        raise UsageProblem(f"'{address}' is no scheduler", "write tls://HOST:PORT or HOST:PORT")
    return parts.scheme, parts.hostname, port


def require_distributed() -> None:
    """Raise MissingProgram if Dask is not installed."""
    try:
        import distributed  # noqa: F401
    except ImportError:
        advice = f"{shlex.quote(sys.executable)} -m pip install distributed"
        raise MissingProgram("Dask is not installed", advice) from None
    # what it has to say, it says to whoever asks: the user has our lines to read
    for name in ("distributed", *logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)
