"""What a client sends to workers, and what they send back: plain data that both sides import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

from bisector import __version__
from bisector.build.toolchain import Toolchain
from bisector.record.verdict import Result
from bisector.testing.oracle import Oracle


@dataclass(frozen=True)
class Recipe:
    """A toolchain that a worker is to find on its own machine.

    ``make`` are the variables of the scenario and the user, ``features`` what the test asks for,
    ``compiler`` the client's, in words.
    """

    toolchain: str
    make: tuple[tuple[str, str], ...]
    features: tuple[str, ...]
    compiler: str

    @classmethod
    def of(cls, toolchain: Toolchain) -> Self:
        """That of the client's *toolchain*."""
        return cls(toolchain.name, toolchain.asked, toolchain.features, toolchain.compiler)


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be done with ``trees`` on a worker.

    ``tools_digest`` identifies the client's tools, ``sandbox`` is a mode of --sandbox, ``version``
    that of the client's bisector.
    """

    trees: tuple[str, ...]
    recipe: Recipe
    tools_digest: str
    sandbox: str
    version: str = __version__


@dataclass(frozen=True, kw_only=True)
class ProbeOrder(Order):
    """A probe of a tree.

    ``files`` are those of a user's own test, by relative name; ``run`` and ``again`` are as in
    Probe. If ``strict``, a worker with other tools must refuse.
    """

    oracle: Oracle
    files: tuple[tuple[str, bytes], ...]
    run: int
    again: bool
    strict: bool


@dataclass(frozen=True, kw_only=True)
class BuildOrder(Order):
    """Trees to build ahead, in their order, by a worker with the client's own tools."""


class Reply(Protocol):
    """What a worker with this address has done."""

    @property
    def worker(self) -> str: ...


@dataclass(frozen=True)
class Lacking:
    """The reply of a worker without all of the trees: its address, and a tree that it has or ''."""

    worker: str
    base: str


@dataclass(frozen=True)
class Answer:
    """The result of a probe, its log (deflated), and a digest of the worker's tools."""

    worker: str
    result: Result
    log: bytes
    tools_digest: str


@dataclass(frozen=True)
class Built:
    """What was built ahead: the content of a file of prebuilt sources.

    ``problems`` has the trees that do not build, and why.
    """

    worker: str
    sources: bytes
    problems: tuple[tuple[str, str], ...]
