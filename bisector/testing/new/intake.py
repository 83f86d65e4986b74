"""Take a configuration into a test: what is the machine's is left out, sockets and files turned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from bisector.testing.new import left_out
from bisector.testing.new.cleaned import cleaned
from bisector.testing.new.config_text import Line, Section, is_balanced, sections, unquoted
from bisector.testing.new.named_files import NamedFiles
from bisector.testing.new.sockets import (
    BackServer,
    Listener,
    back_server,
    bind_options,
    listener,
    server_options,
)

_THREADS = "kept, but builds take ten times as long for it; remove it unless the bug needs threads"
_TLS = ("crt", "crt-list", "ca-file")


@dataclass
class Taken:
    """A configuration as a test has it.

    ``text`` is that of the HAProxy under test; ``listeners`` are its bind lines, ``servers`` the
    test's, ``files`` the companions' texts by name. ``remarks`` say what was not taken: reasons
    with the lines that they hold for.
    """

    text: str = ""
    listeners: list[Listener] = field(default_factory=list)
    servers: list[BackServer] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def take_in(text: str, folder: Path) -> Taken:
    """The configuration *text*, whose files are in *folder*, as a test has it."""
    clean, had = cleaned(text)
    taken = Taken(remarks=had)
    parts, before = sections(clean)
    intake = _Intake(parts, NamedFiles(folder), taken)
    for line in before:
        intake.leave_out(line, "before the first section")
    taken.text = "\n\n".join(filter(None, map(intake.section, intake.sections)))
    taken.files = intake.files.files
    taken.remarks += intake.remarks()
    return taken


class _Intake:
    """Takes in *sections*; what it finds on the way goes to *taken*."""

    def __init__(self, parts: list[Section], files: NamedFiles, taken: Taken) -> None:
        self.sections, self.files, self._taken = parts, files, taken
        self._reasons: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        self._by_line: dict[int, Listener] = {}
        self._defaults: tuple[str, ...] = ()  # options of the last default-server in a defaults
        for section in parts:
            for line in section.lines:
                if line.keyword == "bind" and not _is_quic(line):
                    names = (one.name for one in taken.listeners)
                    found = listener(section, line.words, names)
                    taken.listeners.append(found)
                    self._by_line[line.number] = found

    def remarks(self) -> Iterable[str]:
        """What was not taken: each reason, with the keywords and the numbers of lines."""
        for reason, places in self._reasons.items():
            yield f"{reason}: {', '.join(f'{word} (line {number})' for word, number in places)}"

    def section(self, section: Section) -> str:
        """The *section* as the test has it; '' if it is left out."""
        if reason := left_out.section_left_out(section):
            self._reasons[reason].append((section.kind, section.head.number))
            return ""
        options: tuple[str, ...] = () if section.kind == "defaults" else self._defaults
        lines = [" ".join(section.head.words)]
        for line in section.lines:
            if line.keyword == "default-server":
                options = (*options, *line.words[1:])
            if turned := self._line(section, line, options):
                lines.append(f"    {turned}")
        if section.kind == "defaults":
            self._defaults = options
        return "\n".join(lines)

    def _line(self, section: Section, line: Line, inherited: tuple[str, ...]) -> str:
        """The *line* as the test has it; '' if it is left out."""
        if reason := left_out.line_left_out(section, line):
            return self.leave_out(line, reason)
        words, keyword = line.words, line.keyword
        self._note_certificates(line)
        if keyword in ("nbthread", "thread-groups"):
            self._reasons[_THREADS].append(_place(line))
        if keyword == "bind":
            return self._bind(line)
        if keyword in ("server", "server-template") and section.kind in ("backend", "listen"):
            return self._server(line, inherited)
        if keyword == "default-server":
            return " ".join((words[0], *server_options(words[1:])))
        if keyword == "nameserver" and len(words) > 2:
            self._reasons["no name is resolved; --kind dns is for that"].append(_place(line))
            return " ".join((*words[:2], self._address(words[2], ()), *words[3:]))
        if keyword == "log" and words[0] == "log" and words[1:2] not in (("global",), ("profile",)):
            return " ".join(("log stderr", *words[2:]))
        if "peers" in words and keyword == "stick-table":
            at = words.index("peers")
            words = (*words[:at], *words[at + 2 :])
        return self._with_files(line, " ".join(words))

    def leave_out(self, line: Line, reason: str) -> str:
        """Note why the *line* is left out; ''."""
        self._reasons[f"left out, {reason}"].append(_place(line))
        return ""

    def _with_files(self, line: Line, text: str) -> str:
        """*text*, that of *line*, if its braces are balanced; files have the names of copies."""
        if not is_balanced(text):
            return self.leave_out(line, "VTest needs balanced braces")
        turned = self.files.line(text)
        self._drain(line, "" if turned else "left out, ")
        return turned

    def _drain(self, line: Line, how: str) -> None:
        for problem in self.files.problems:
            self._reasons[how + problem].append(_place(line))
        self.files.problems.clear()

    def _note_certificates(self, line: Line) -> None:
        if line.keyword not in ("bind", "server", "server-template", "default-server"):
            return
        for option, value in zip(line.words, line.words[1:], strict=False):
            if option in _TLS:
                self._reasons["the test's own certificate stands in"].append(_place(line))
                self.files.certificate(value)
                self._drain(line, "")

    def _bind(self, line: Line) -> str:
        if line.number not in self._by_line:
            return self.leave_out(line, "no client of VTest speaks QUIC")
        found = self._by_line[line.number]
        return " ".join((f'bind "fd@${{{found.name}}}"', *bind_options(line.words[2:])))

    def _server(self, line: Line, inherited: tuple[str, ...]) -> str:
        at = 2 if line.keyword == "server" else 3
        head, options = line.words[:at], line.words[at + 1 :]
        if len(line.words) <= at:
            return self.leave_out(line, "it has no address")
        address = self._address(line.words[at], (*inherited, *options))
        return " ".join((*head, address, *server_options(options)))

    def _address(self, word: str, options: tuple[str, ...]) -> str:
        """The macros for the address *word*: the configuration's own listener, or one of `h0`."""
        address = unquoted(word)
        for one in self._taken.listeners:
            if one.listens_to(address):
                return f"${{h1_{one.name}_addr}}:${{h1_{one.name}_port}}"
        servers = self._taken.servers
        new = back_server(len(servers) + 1, address, options)
        same = (
            s for s in servers if (s.address, s.tls, s.proxied) == (address, new.tls, new.proxied)
        )
        if (server := next(same, None)) is None:
            servers.append(server := new)
        return f"${{h0_{server.name}_addr}}:${{h0_{server.name}_port}}"


def _place(line: Line) -> tuple[str, int]:
    """The line's keywords, without what could be secret, and its number."""
    more = line.words[1:2] if line.keyword in ("option", "stats", "http-check", "tcp-check") else ()
    return " ".join((line.keyword, *more)), line.number


def _is_quic(line: Line) -> bool:
    return len(line.words) > 1 and "quic" in line.words[1].partition("@")[0]
