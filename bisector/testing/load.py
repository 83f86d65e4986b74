"""Loads: a configuration of HAProxy and the requests that are made, as a folder with a load.toml.

A user's own is a TOML file of the same form. Errors in it are reported with the file's name.
"""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bisector.errors import ScenarioProblem
from bisector.testing import templates

BUNDLED = Path(__file__).parent / "loads"
DEFAULT = "http1"
NAME = "load.toml"
CONFIG, ORIGIN = "haproxy.cfg", "origin.cfg"  # of the HAProxy that is measured, of the one behind

_MOST_REQUESTS = 100_000
_SIZE = 4 << 20  # bytes of a load's files, which are sent with each probe


@dataclass(frozen=True)
class Client:
    """The requests of a load.

    They are made by h2load: ``connections`` with ``streams`` requests each at a time, for ``path``.
    With the protocol ``checks`` there is no client, and HAProxy's health checks are counted. A
    ``command`` is a user's own client, in whose words {port} and {requests} are filled in.
    """

    protocol: Literal["http/1", "http/2", "checks"] = "http/1"
    tls: bool = False
    path: str = "/"
    connections: int = 1
    streams: int = 1
    options: tuple[str, ...] = ()
    command: str = ""

    @property
    def uses_h2load(self) -> bool:
        """Whether the client is h2load."""
        return not self.command and self.protocol != "checks"

    def words(self, h2load: str, times: int = 1) -> list[str]:
        """The client's command with {port}, {requests} and {log}; empty without a client.

        h2load opens so many *times* the connections.
        """
        if self.command:
            return shlex.split(self.command)
        if self.protocol == "checks":
            return []
        scheme = "https" if self.tls else "http"
        kind = ("--h1",) if self.protocol == "http/1" else ("--npn-list=h2", "--no-tls-proto=h2c")
        how = ("-c", str(self.connections * times), "-m", str(self.streams), *self.options)
        url = f"{scheme}://127.0.0.1:{{port}}{self.path}"
        return [h2load, *kind, *how, "--log-file={log}", "-n", "{requests}", url]


@dataclass(frozen=True)
class Load:
    """A load: its ``files``, texts by name, among which CONFIG is and ORIGIN may be.

    ``what`` is what is counted, such as a request. ``requests`` of them are measured by callgrind,
    after ``warm_up``.
    """

    name: str
    title: str
    files: tuple[tuple[str, str], ...]
    what: str
    requests: int
    warm_up: int
    client: Client

    @property
    def has_origin(self) -> bool:
        """Whether a second HAProxy serves the requests."""
        return any(name == ORIGIN for name, _ in self.files)


@dataclass(frozen=True)
class _Table:
    """A load.toml."""

    title: str
    files: dict[str, str] = field(default_factory=lambda: {CONFIG: f"{CONFIG}.j2"})
    what: str = "request"
    requests: int = 400
    warm_up: int = 100
    client: Client = field(default_factory=Client)


def bundled() -> list[str]:
    """The names of the loads that come with bisector, the default first."""
    names = sorted(path.parent.name for path in BUNDLED.glob(f"*/{NAME}"))
    return sorted(names, key=lambda name: name != DEFAULT)


def load(name: str) -> Load:
    """A bundled load by its name, or the user's own by its file.

    Raises ScenarioProblem if there is none, or for an error in it.
    """
    if name in bundled():
        return _read(BUNDLED / name / NAME, name)
    path = Path(name)
    if path.suffix != ".toml" and "/" not in name:
        hint = f"there are {', '.join(bundled())}; or a FILE.toml"
        raise ScenarioProblem(f"no load '{name}'", hint)
    return _read(path.absolute(), path.stem)


def _read(path: Path, name: str) -> Load:
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioProblem(f"cannot read {path}", error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:  # no TOML, or no UTF-8
        raise ScenarioProblem(f"{path} is not TOML", str(error)) from error
    made = _checked(path, table)
    folders = (path.parent, BUNDLED)
    files = {key: templates.rendered(folders, value, {}) for key, value in made.files.items()}
    if sum(map(len, files.values())) > _SIZE:
        raise ScenarioProblem(f"{path}: its files are too large", f"{_SIZE >> 20} MiB at most")
    numbers = (made.what, made.requests, made.warm_up)
    return Load(name, made.title, tuple(files.items()), *numbers, made.client)


def _checked(path: Path, table: dict[str, Any]) -> _Table:
    """The load.toml with the contents *table*. Raises ScenarioProblem."""
    import msgspec

    _refuse_unknown(path, table, _Table, "")
    _refuse_unknown(path, table.get("client", {}), Client, "client.")
    try:
        made = msgspec.convert(table, _Table)
    except msgspec.ValidationError as error:
        raise ScenarioProblem(str(path), str(error)) from None
    if CONFIG not in made.files:
        raise ScenarioProblem(f"{path}: [files] needs '{CONFIG}'")
    for name in made.files:
        if name != Path(name).name or name.startswith("."):
            raise ScenarioProblem(f"{path}: [files]: '{name}' must be a plain file name")
    client = made.client
    for key, number in (
        ("requests", made.requests),
        ("warm_up", made.warm_up),
        ("client.connections", client.connections),
        ("client.streams", client.streams),
    ):
        if not 1 <= number <= _MOST_REQUESTS:
            raise ScenarioProblem(f"{path}: '{key}' is {number}", f"from 1 to {_MOST_REQUESTS:,}")
    try:
        words = shlex.split(client.command)
    except ValueError as error:
        raise ScenarioProblem(f"{path}: [client]: 'command'", str(error)) from None
    if client.command and not any("{requests}" in word for word in words):
        what = f"{path}: [client]: 'command' lacks {{requests}}"
        raise ScenarioProblem(what, "how many it makes decides what one costs")
    return made


def _refuse_unknown(path: Path, table: object, kind: type, where: str) -> None:
    """Raise ScenarioProblem for a key that *kind* does not have."""
    known = kind.__dataclass_fields__  # type: ignore[attr-defined]
    for key in table if isinstance(table, Mapping) else ():
        if key not in known:
            raise ScenarioProblem(f"{path}: unknown key '{where}{key}'", f"{', '.join(known)}")
