"""A client's request, as one writes it for curl, in VTest's words; pure functions."""

from __future__ import annotations

import argparse
import re
import shlex
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import urlsplit

from bisector.errors import UsageProblem
from bisector.testing.new.config_text import is_balanced

_EXAMPLE = "e.g. 'GET /a', or curl's own: curl -H 'Host: example.com' http://127.0.0.1:8080/a"
_IGNORED_FLAGS = ("-v", "-s", "-S", "-k", "-i", "-L", "-f", "-g", "-#", "-N", "-0")
_IGNORED_LONG = (
    *("--verbose", "--silent", "--show-error", "--insecure", "--include", "--location", "--fail"),
    *("--no-buffer", "--http1.1", "--http1.0", "--path-as-is", "--no-progress-meter", "--raw"),
)
_IGNORED_VALUES = ("-o", "-w", "-m", "-c", "--output", "--write-out", "--max-time", "--resolve")
_IGNORED_LONG_VALUES = ("--connect-timeout", "--cacert", "--cert", "--key", "--retry")
_EXPECT = re.compile(
    r"(?:resp\.)?(status|reason|proto|body|bodylen|http\.[\w-]+)\s*(==|!=|!~|~|<=|>=|<|>)\s*(.+)"
)


@dataclass(frozen=True)
class Request:
    """A request: ``url`` as it was written, ``target`` what the request line has of it."""

    method: str
    url: str
    headers: tuple[str, ...] = ()
    body: str = ""
    http2: bool = False

    @property
    def target(self) -> str:
        """Path and query."""
        parts = urlsplit(self.url)
        path = parts.path if self.has_host else self.url.partition("#")[0]
        return (path or "/") + (f"?{parts.query}" if self.has_host and parts.query else "")

    @property
    def has_host(self) -> bool:
        """Whether the URL has more than a path."""
        return "://" in self.url

    @property
    def host(self) -> str:
        """The value of the header Host."""
        own = (line.partition(":")[2].strip() for line in self.headers if _is_host(line))
        return next(own, self._authority if self.has_host else "")

    @property
    def _authority(self) -> str:
        """HOST:PORT of the URL, without the scheme's own port."""
        parts = urlsplit(self.url)
        usual = {"http": ":80", "https": ":443"}.get(parts.scheme, ":")
        return parts.netloc.rpartition("@")[2].removesuffix(usual)

    @property
    def port(self) -> str:
        """The port to which it goes; '' if it is not said."""
        if not self.has_host:
            return ""
        parts = urlsplit(self.url)
        return str(parts.port or (443 if parts.scheme == "https" else 80))

    def spec(self) -> Iterator[str]:
        """VTest's lines for the request and its reply, without expectations."""
        words = ["txreq"]
        if self.method != "GET":
            words += ("-method", self.method if self.method.isalpha() else _quoted(self.method))
        words += ("-url", _quoted(self.target))
        if self.host:
            words += ("-hdr", _quoted(f"Host: {self.host}"))
        for line in self.headers:
            words += () if _is_host(line) else ("-hdr", _quoted(line))
        if self.body:
            words += ("-body", _quoted(self.body))
        yield " ".join(words)
        yield "rxresp -no_obj" if self.method == "HEAD" else "rxresp"


def _is_host(header: str) -> bool:
    return header.lower().startswith("host:")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        hint = "leave out of curl's options what is not about the request"
        raise UsageProblem(f"--request: {message}", hint)


def _parser() -> _Parser:
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("-X", "--request")
    parser.add_argument("-H", "--header", action="append", default=[])
    parser.add_argument(
        *("-d", "--data", "--data-raw", "--data-binary", "--data-ascii"),
        dest="data",
        action="append",
    )
    parser.add_argument("-I", "--head", action="store_true")
    parser.add_argument("-A", "--user-agent")
    parser.add_argument("-b", "--cookie")
    parser.add_argument("-e", "--referer")
    parser.add_argument("-u", "--user")
    parser.add_argument("--compressed", action="store_true")
    parser.add_argument("--http2", "--http2-prior-knowledge", dest="http2", action="store_true")
    for name in (*_IGNORED_FLAGS, *_IGNORED_LONG):
        parser.add_argument(name, action="store_true", dest="ignored")
    for name in (*_IGNORED_VALUES, *_IGNORED_LONG_VALUES):
        parser.add_argument(name, dest="ignored_value")
    parser.add_argument("words", nargs="*")
    return parser


def parse(text: str) -> Request:
    """The request *text*: METHOD PATH, or a command with curl. Raises UsageProblem."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageProblem(f"--request '{text}': {error}", _EXAMPLE) from None
    if words[:1] == ["curl"]:
        del words[0]
    found = _parser().parse_intermixed_args(words)
    method = "HEAD" if found.head else found.request or ("POST" if found.data else "GET")
    if len(found.words) == 2 and found.words[0].isalpha() and found.words[0].isupper():
        method, found.words = found.words[0], found.words[1:]
    if len(found.words) != 1:
        raise UsageProblem(f"--request '{text}': it needs one path or URL", _EXAMPLE)
    (url,) = found.words
    if not url.startswith("/") and "://" not in url and url != "*":
        url = f"http://{url}"  # as curl takes it
    try:
        request = Request(
            method, url, tuple(_headers(found)), "&".join(found.data or ()), found.http2
        )
        _ = request.port
    except ValueError as error:
        raise UsageProblem(f"--request '{text}': {error}", _EXAMPLE) from None
    if not is_balanced(" ".join(request.spec())):
        raise UsageProblem(f"--request '{text}': unbalanced braces", "VTest cannot have them")
    return request


def _headers(found: argparse.Namespace) -> Iterator[str]:
    yield from found.header
    if found.user_agent:
        yield f"User-Agent: {found.user_agent}"
    if found.cookie:
        yield f"Cookie: {found.cookie}"
    if found.referer:
        yield f"Referer: {found.referer}"
    if found.user:
        yield f"Authorization: Basic {b64encode(found.user.encode()).decode()}"
    if found.compressed:
        yield "Accept-Encoding: gzip"
    given = {line.partition(":")[0].lower() for line in found.header}
    if found.data and "content-type" not in given:
        yield "Content-Type: application/x-www-form-urlencoded"


def expectation(text: str) -> str:
    """VTest's line for --expect *text*, such as `status == 200`. Raises UsageProblem."""
    found = _EXPECT.fullmatch(text.strip())
    if not found:
        raise UsageProblem(
            f"--expect '{text}'",
            "write 'status == 200', 'http.location == /a', 'body ~ part' or 'bodylen > 0'",
        )
    what, operator, value = found[1], found[2], found[3].strip()
    if value[:1] == value[-1:] == '"' and len(value) > 1:
        value = value[1:-1]
    return f"expect resp.{what} {operator} {value if value.isdecimal() else _quoted(value)}"


def paired(requests: Sequence[str], expects: Sequence[str]) -> list[tuple[Request, list[str]]]:
    """Each request with its expectations: the first with the first one, the last with the rest.

    Raises UsageProblem.
    """
    if expects and not requests:
        raise UsageProblem("--expect without --request", "it is about the reply to a request")
    found: list[tuple[Request, list[str]]] = [(parse(text), []) for text in requests]
    for at, text in enumerate(expects):
        found[min(at, len(found) - 1)][1].append(expectation(text))
    return found


def _quoted(text: str) -> str:
    """*text* as a word of VTest."""
    escaped = (
        text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    )
    return f'"{escaped}"'
