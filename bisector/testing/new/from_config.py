"""The files of a scenario made from a configuration and a client's requests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from bisector.errors import UsageProblem
from bisector.printable import printable
from bisector.testing.new.client_request import Request
from bisector.testing.new.folder import MARK, check_name, of_kind
from bisector.testing.new.intake import Taken, take_in
from bisector.testing.new.sockets import CERTIFICATE, Listener, port_of

Requests = Sequence[tuple[Request, Sequence[str]]]
"""Each with VTest's lines on what is expected of the reply."""

_DEFAULTS = """\
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s"""
_CONTROL = """\
frontend vtc_control
    bind "fd@${control}"
    http-request return status 200"""
_SERVERS = """\
# The servers behind it, played by another HAProxy; change what they answer if it matters.
# If no reply of HAProxy's will do, take a server of VTest, as ${s1_addr}:${s1_port} below:
# server s1 {
#     rxreq
#     txresp -status 200 -hdr "X-Header: value" -body "text"
# } -start"""
_CONTROL_CLIENT = """\
# The control: HAProxy serves with this configuration.
client c_control -connect ${h1_control_sock} {
    txreq
    rxresp
    expect resp.status == 200
} -run
"""


def read(path: Path) -> str:
    """The configuration in the file *path*. Raises UsageProblem."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageProblem(f"cannot read {path}", error.strerror or str(error)) from None
    except UnicodeDecodeError as error:
        raise UsageProblem(f"{path} is no text in UTF-8", str(error)) from None


def made(path: Path, name: str, requests: Requests) -> tuple[dict[str, str], list[str]]:
    """The files of the scenario *name* from the configuration *path*; and what was not taken.

    Raises UsageProblem if the configuration cannot be read or no client can connect to it.
    """
    check_name(name)
    taken = take_in(read(path), path.absolute().parent)
    if not taken.listeners:
        raise UsageProblem(f"{path} has no bind line", "there is nothing that a client can ask")
    requests = requests or [(Request("GET", "/"), ())]
    case = _case(taken, requests)
    remarks = [printable(remark) for remark in taken.remarks]
    files = {f"{name}.vtc.j2": case}
    companions = {file: file for file in taken.files}
    if CERTIFICATE in case:
        companions["test.pem"] = "blocks/test.pem"
    return {
        "scenario.toml": _description(name, companions, remarks),
        **files,
        **taken.files,
    }, remarks


def _description(name: str, companions: dict[str, str], remarks: Sequence[str]) -> str:
    """scenario.toml: that of the kind http, with these files and what was not taken."""
    text = of_kind("http", name)["scenario.toml"].replace("c_bug", r"c_bug\d*")
    text = re.sub(r"^title = .*$", f'title = "HAProxy works with {name}"', text, flags=re.M)
    listed = "".join(f'\n"{file}" = "{template}"' for file, template in companions.items())
    text = re.sub(
        r"^\"\S+\" = \"\S+\.vtc\.j2\"$", lambda found: found[0] + listed, text, flags=re.M
    )
    if remarks:
        text += "\n# Of the configuration was not taken as it is:\n"
        text += "".join(f"# - {remark}\n" for remark in remarks)
    return text


def _case(taken: Taken, requests: Requests) -> str:
    """The VTest case, as a template."""
    targets = [_target(taken.listeners, request) for request, _ in requests]
    parts = ['varnishtest "{{ title }}"\n\nfeature ignore_unknown_macro\n']
    if taken.servers:
        servers = "\n\n".join("\n".join(server.lines()) for server in taken.servers)
        conf = f"{_indented(_DEFAULTS)}\n\n{_indented(servers)}"
        parts.append(f"{_SERVERS}\nhaproxy h0 -conf {{\n{conf}\n}} -start\n")
    own = "\n\n".join((_DEFAULTS, _CONTROL, *_entries(targets, requests)))
    conf = f"{_indented(taken.text)}\n\n    # what the test itself needs\n{_indented(own)}"
    parts += [f"haproxy h1 -conf {{\n{_raw(conf)}\n}} -start\n", _CONTROL_CLIENT]
    for number, (target, request) in enumerate(zip(targets, requests, strict=True), 1):
        name = "c_bug" if len(requests) == 1 else f"c_bug{number}"
        parts.append("\n".join(_client(name, target, *request)))
    return "\n".join(parts)


def _client(name: str, target: Listener, request: Request, expects: Sequence[str]) -> Iterator[str]:
    if not expects:
        yield f"# {MARK} what the reply should be, such as: expect resp.status == 200"
    socket = target.name if target.is_plain else f"vtc_{target.name}"
    yield f"client {name} -connect ${{h1_{socket}_sock}} {{"
    yield from (f"    {_raw(line)}" for line in (*request.spec(), *expects))
    yield "} -run\n"


def _target(listeners: Sequence[Listener], request: Request) -> Listener:
    """The listener that a *request* goes to: by its port, else the first that is like its URL."""
    if request.port:
        for one in listeners:
            if request.port in map(port_of, one.addresses):
                return one
    tls = request.url.startswith("https:")
    return next((one for one in listeners if ("ssl" in one.options) is tls), listeners[0])


def _entries(targets: Sequence[Listener], requests: Requests) -> Iterator[str]:
    """The ways in to those of *targets* that VTest's clients cannot talk to."""
    hosts = {one.name: request.host for one, (request, _) in zip(targets, requests, strict=True)}
    for one in dict.fromkeys(targets):
        if one.is_plain:
            continue
        words = [f"server {one.name} ${{h1_{one.name}_addr}}:${{h1_{one.name}_port}}"]
        if "ssl" in one.options:
            words += ["ssl verify none alpn h2,http/1.1", *_sni(hosts[one.name])]
            words += [f"crt {CERTIFICATE}"] if "verify" in one.options else []
        elif "proto" in one.options:
            words.append("proto h2")
        if "accept-proxy" in one.options:
            words.append("send-proxy-v2")
        yield (
            "# VTest's clients speak neither TLS nor the PROXY protocol: they come in by this\n"
            f"listen vtc_{one.name}\n"
            f'    bind "fd@${{vtc_{one.name}}}"\n'
            f"    {' '.join(words)}"
        )


def _sni(host: str) -> Iterator[str]:
    name = host.partition(":")[0]
    if re.fullmatch(r"[\w.-]*[A-Za-z][\w.-]*", name):
        yield f"sni str({name})"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in text.splitlines())


def _raw(text: str) -> str:
    """*text* as a template that renders to it."""
    if not re.search(r"\{[{%#]", text):
        return text
    return re.sub(r"\{[{%#]+", lambda found: f"{{{{ '{found[0]}' }}}}", text)
