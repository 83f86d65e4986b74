"""What a VTest case uses and the VTest at hand does not know; pure functions but for lacks().

Upstream writes its reg-tests for VTest 2. What a release of its predecessor varnishtest knows of
that is not told by its name or version: VTest prints none. So the program itself is searched for
texts that go with each of these constructs.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import NamedTuple

from bisector.build.vtest_source import KINDS
from bisector.system.tools import Tool
from bisector.testing.vtc_text import commands

REMEDY = f"bisector doctor --fix --vtest-source {KINDS}"

# a text in each VTest and varnishtest: without it, this is a script, and nothing is known of it
_ANY_VTEST = b"Unknown haproxy argument"

# What VTest says of something that it does not know, or that it knows in another form.
_NOT_KNOWN = re.compile(
    r"Unknown (?:command\b|\w+ argument|http \w+ spec|key\b)|unknown feature"
    r"|Assert error in |waits for a text that it no longer prints"
)


class Construct(NamedTuple):
    """Something that a case can use: its name, the commands that can have it, and how it looks.

    The program of a VTest that knows it contains ``mark``.
    """

    name: str
    commands: tuple[str, ...]
    form: re.Pattern[str]
    mark: bytes

    def is_in(self, command: str) -> bool:
        """Whether *command*, with its arguments, uses it."""
        return command.split(None, 1)[0] in self.commands and bool(self.form.search(command))


def _construct(name: str, where: str, form: str, mark: str) -> Construct:
    return Construct(name, tuple(where.split()), re.compile(form, re.M), mark.encode())


# upstream's tests that several protocols share have the protocol in a variable
_QUIC = r"\bquic\+fd@|\Asetenv\s+\w+\s+\"?quic\"?\s*$"

# the ones that upstream uses most come first
_CONSTRUCTS = (
    _construct("haproxy -Ws", "haproxy", r"\A[^{]*\s-Ws\b", "sd_notify"),
    _construct("quic+fd@", "haproxy setenv", _QUIC, "quic+"),
    _construct("include", "include client server", r"^\s*include\s", "CMD include"),
    _construct("filewrite", "filewrite", r"\Afilewrite\s", "filewrite"),
    _construct("shutdown", "client server", r"^\s*shutdown\b(?!:)", "http shutdown spec"),
    _construct("txresp -nodate", "server", r"^\s*txresp\b.*\s-nodate\b", "-nodate"),
    _construct("txresp -noserver", "server", r"^\s*txresp\b.*\s-noserver\b", "-noserver"),
    _construct("txreq -nouseragent", "client", r"^\s*txreq\b.*\s-nouseragent\b", "-nouseragent"),
    _construct("-connect @", "client", r"\A[^{]*\s-connect\s+\"?@", "abstract_uds"),
    _construct("-listen @", "server", r"\A[^{]*\s-listen\s+\"?@", "abstract_uds"),
    _construct("feature abstract_uds", "feature", r"\A[^\"{]*\sabstract_uds\b", "abstract_uds"),
    _construct("feature vtest_cmd", "feature", r"\A[^\"{]*\svtest_cmd\b", "vtest_cmd"),
    _construct("process -key", "process", r"\s-key\s", "Unknown key"),
    _construct("process -match-text", "process", r"\s-match-text\s", "-match-text"),
    _construct("${vtcid}", "client server haproxy shell", r"\$\{vtcid\}", "vtcid"),
)


def unknown(text: str, tool: Tool) -> tuple[str, ...]:
    """The names of what the case *text* uses and the VTest *tool* does not know."""
    lacking = lacks(tool.path)
    used = list(commands(text)) if lacking else []
    return tuple(one.name for one in lacking if any(map(one.is_in, used)))


def missed(program: Path) -> tuple[str, ...]:
    """The names of what cases that use it miss in the VTest *program*.

    `include` is not among them: included files are put into the text of a case before it is run.
    """
    return tuple(one.name for one in lacks(program) if one.name != "include")


def lacks(program: Path) -> tuple[Construct, ...]:
    """What the VTest *program* does not know; () if it knows all, or if nothing is known of it."""
    inner = program.parent / "lib" / program.name  # a fetched one is a script, see debian.py
    actual = inner if inner.is_file() else program
    try:
        state = actual.stat()
        return _lacks(actual, state.st_size, state.st_mtime_ns)
    except OSError:  # to run it will tell
        return ()


@functools.lru_cache
def _lacks(program: Path, size: int, mtime: int) -> tuple[Construct, ...]:
    content = program.read_bytes()
    if _ANY_VTEST not in content:
        return ()
    return tuple(one for one in _CONSTRUCTS if one.mark not in content)


def reason(tool: Tool, names: tuple[str, ...]) -> str:
    """Why a case that uses *names* cannot run with *tool*, and what to do."""
    listed = ", ".join(f"'{name}'" for name in names)
    return f"{tool.version} does not know {listed}: {REMEDY}"


def hint(tool: Tool, said: str) -> str:
    """What to do if VTest *said* that it does not know something; '' if that is not so."""
    if not (_NOT_KNOWN.search(said) and lacks(tool.path)):
        return ""
    return f" ({tool.version} does not know all that VTest 2 knows: {REMEDY})"
