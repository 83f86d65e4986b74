"""Connections to a Dask scheduler: its address, TLS, and checks before it is used.

Dask is an optional dependency, imported only where a cluster is used.
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

PATIENCE = 60.0  # seconds to wait for a connection: a restarted scheduler is back by then
_REACH_SECONDS = 10.0  # for a host that does not answer, or a server that is no scheduler


@dataclass(frozen=True)
class Scheduler:
    """A Dask scheduler as the user named it.

    ``ca``, ``cert`` and ``key`` are paths of TLS files; ``insecure`` allows a network without TLS.
    ``same``: only workers with the client's own tools may answer. ``sandbox`` is the workers' mode
    of --sandbox.
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
        """The address's host. Raises UsageProblem if the address is invalid."""
        return _parsed(self.address)[1]

    def reach(self) -> None:
        """Raise ClusterLost if no scheduler answers within seconds; Dask would try for minutes.

        Raises what security() raises, too.
        """
        security = self.security()
        scheme, host, port = _parsed(self.address)
        try:
            socket.create_connection((host, port), _REACH_SECONDS).close()
        except OSError as error:
            raise self.unreachable(error) from None
        try:
            asyncio.run(_shake_hands(self.address, security))
        except Exception:  # Dask raises many kinds for a server with another protocol
            what = f"{self.address} is not a Dask scheduler that accepts us by {scheme}"
            raise ClusterLost(what, "give the address that the scheduler printed") from None

    def security(self) -> Security:
        """Dask's settings for connections, of clients and of workers.

        Raises UsageProblem if the address is invalid or unsafe, or for unusable certificates;
        MissingProgram without Dask.
        """
        scheme, host, _ = _parsed(self.address)
        require_distributed()
        from distributed import Security

        if scheme == "tcp":
            if not self.insecure and not is_loopback(host):
                what = f"{self.address}: without TLS, anyone on the network can run programs there"
                raise UsageProblem(what, "use tls://, or --insecure-cluster")
            return Security(require_encryption=False)
        files = {"ca_file": self.ca, "client_cert": self.cert, "client_key": self.key}
        files |= {"worker_cert": self.cert, "worker_key": self.key}
        named = {f"tls_{option}": path for option, path in files.items() if path}
        security = Security(require_encryption=True, **named)
        used = security.get_tls_config_for_role("client")
        if not (used["ca_file"] and used["cert"]):
            what = f"{self.address}: no certificates"
            raise UsageProblem(what, "give --tls-ca, --tls-cert and --tls-key")
        try:
            security.get_connection_args("client")
        except OSError as error:  # ssl's errors are OSErrors
            why = error.strerror or str(error)
            raise UsageProblem(f"{self.address}: its certificates cannot be used", why) from None
        return security

    def connect(self) -> Client:
        """A connected client. Raises ClusterLost if the scheduler cannot be reached."""
        self.reach()
        from distributed import Client

        try:
            with warnings.catch_warnings():  # about differing versions of Python and Dask
                warnings.simplefilter("ignore")
                return Client(
                    self.address, security=self.security(), timeout=PATIENCE, set_as_default=False
                )
        except OSError as error:
            raise self.unreachable(error) from None

    def unreachable(self, error: OSError) -> ClusterLost:
        """The error for a failed connection."""
        why = error.strerror or str(error)
        return ClusterLost(f"no scheduler at {self.address}: {why}", "is it running?")


async def _shake_hands(address: str, security: Security) -> None:
    """Connect and close. Raises an exception if the server does not use Dask's protocol."""
    from distributed.comm.core import connect

    async with asyncio.timeout(_REACH_SECONDS):  # connect()'s own limit leaves out the handshake
        comm = await connect(address, _REACH_SECONDS, **security.get_connection_args("client"))
        await comm.close()


def is_loopback(host: str) -> bool:
    """Whether *host* is this machine's loopback, which no other machine can reach."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _parsed(address: str) -> tuple[str, str, int]:
    """The scheme, the host and the port of an *address*. Raises UsageProblem."""
    try:
        parts = urlsplit(address if "://" in address else f"tcp://{address}")
        port = parts.port
    except ValueError:
        port = parts = None
    if not parts or not port or not parts.hostname or parts.scheme not in ("tcp", "tls"):
        what = f"'{address}' is no scheduler address"
        raise UsageProblem(what, "write tls://HOST:PORT or HOST:PORT")
    return parts.scheme, parts.hostname, port


def require_distributed() -> None:
    """Raise MissingProgram if Dask is not installed."""
    try:
        import distributed  # noqa: F401
    except ImportError:
        advice = f"{shlex.quote(sys.executable)} -m pip install distributed"
        raise MissingProgram("Dask is not installed", advice) from None
    # its log lines would mix with the progress line; errors are reported by exceptions
    for name in ("distributed", *logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)
