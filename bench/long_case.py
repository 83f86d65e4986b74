"""A long VTest case: a bundled reg-test, whose configuration is buried in a site's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.measure import ROOT

REG_TESTS = ROOT / "reg-tests" / "server"
CASE, COMPANIONS = "dns_flap_a.vtc", ("dns_flap.lua",)
LINES = 2000
_BEGIN = "    resolvers res\n"  # the first section of the case's own that may stand among others


def write(folder: Path, lines: int = LINES) -> Path:
    """Write the case with at least so many *lines*, and its companions, into *folder*."""
    for name in COMPANIONS:
        (folder / name).write_text((REG_TESTS / name).read_text())
    own = (REG_TESTS / CASE).read_text()
    head, _, tail = own.partition(_BEGIN)
    missing = lines - len(own.splitlines())
    site: list[str] = []
    number = 0
    while len(site) < missing:
        number += 1
        site += _application(number)
    half = site.index("", len(site) // 2) + 1
    parts = (head, _indented(site[:half]), _BEGIN + tail)
    text = "".join(parts)
    # the other half comes behind the case's own sections
    text = text.replace("\n} -start\n", "\n\n" + _indented(site[half:]) + "} -start\n", 1)
    case = folder / "long.vtc"
    case.write_text(text)
    return case


def _indented(lines: list[str]) -> str:
    return "".join(f"    {line}".rstrip() + "\n" for line in lines)


def _application(number: int) -> Iterator[str]:
    """The sections of one application: a frontend, its backends, who may use it."""
    name = f"app{number}"
    yield from (
        f"# {name}: owned by team {number % 7}, see the wiki before you change it",
        f"userlist users_{name}",
        f"    user reader{number} insecure-password secret{number}",
        f"    user writer{number} insecure-password secret{number + 1}",
        "    group staff users " + f"reader{number},writer{number}",
        "",
        f"frontend {name}",
        f"    bind 127.0.0.1:{20000 + number} name {name}",
        "    option httplog",
        "    option forwardfor except 127.0.0.0/8",
        f"    maxconn {100 * number}",
        f"    acl is_api path_beg /api/{number}/ /v{number % 3 + 1}/",
        "    acl is_static path_end .css .js .png .svg",
        f"    acl is_admin path_beg /admin hdr(host) -i admin{number}.example.com",
        f"    acl may_write http_auth(users_{name})",
        "    http-request set-header X-Request-Start t=%Ts",
        "    # nobody knows why this is needed",
        "    http-request deny if is_admin !may_write",
        f"    http-request set-var(txn.app) str({name})",
        "    http-response set-header X-Served-By %[var(txn.app)]",
        "    http-response del-header Server",
        f"    use_backend {name}_api if is_api",
        f"    use_backend {name}_static if is_static",
        f"    default_backend {name}_web",
        "",
    )
    for kind, balance in (("api", "leastconn"), ("static", "uri"), ("web", "roundrobin")):
        yield f"backend {name}_{kind}"
        yield f"    balance {balance}"
        yield "    option httpchk GET /health"
        yield "    http-check expect status 200"
        yield f"    # {kind} servers of {name}"
        for server in range(1, 4):
            address = f"127.0.0.{server}:{30000 + number}"
            yield f"    server {kind}{server} {address} check inter 30s fall 3 weight {10 * server}"
        yield "    retries 2"
        yield "    timeout server 20s"
        yield ""
