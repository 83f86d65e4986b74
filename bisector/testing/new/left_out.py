"""What of a configuration has no place in a test, as tables: keyword, and why it is left out."""

from __future__ import annotations

from bisector.testing.new.config_text import Line, Section

_MACHINE = "about the machine"
_PEERS = "other processes are not there"
_FILES = "files of another machine"
_CHECKS = "the test's servers answer any check with status 200"

# keywords, of one or two words
_LINES = {
    **dict.fromkeys(
        (
            *("daemon", "user", "group", "uid", "gid", "chroot", "pidfile", "ulimit-n", "cpu-map"),
            *("nbproc", "bind-process", "master-worker", "mworker-max-reloads", "node"),
            *("description", "stats socket", "stats timeout", "stats bind-process", "unix-bind"),
            *("set-dumpable", "log-send-hostname", "source", "localpeer", "cpu-policy"),
        ),
        _MACHINE,
    ),
    **dict.fromkeys(
        (
            *("server-state-file", "server-state-base", "load-server-state-from-file"),
            *("ca-base", "crt-base", "key-base", "issuers-chain-path", "default-path"),
            *("errorfiles", "ssl-dh-param-file", "ssl-engine", "ssl-provider", "filter spoe"),
            *("ssl-provider-path", "wurfl-data-file", "51degrees-data-file", "stats-file"),
            *("deviceatlas-json-file", "external-check", "parse-resolv-conf", "lua-prepend-path"),
        ),
        _FILES,
    ),
    **dict.fromkeys(
        (
            *("http-check expect", "tcp-check expect", "tcp-check send", "tcp-check send-binary"),
            *("tcp-check send-lf", "option redis-check", "option mysql-check", "option ldap-check"),
            *("option pgsql-check", "option smtpchk", "option ssl-hello-chk"),
            "option external-check",
        ),
        _CHECKS,
    ),
    **dict.fromkeys(("email-alert", "cluster-secret", "peer"), _PEERS),
}
_SECTIONS = {
    "peers": _PEERS,
    "mailers": _PEERS,
    "program": _PEERS,
    "ring": _PEERS,
    "log-forward": _PEERS,
    "acme": _PEERS,
    "crt-store": "the test's own certificate stands in",
}


def line_left_out(section: Section, line: Line) -> str:
    """Why *line* is left out; '' if it is not."""
    if section.kind == "global" and line.words[0] == "maxconn":
        return _MACHINE
    return _LINES.get(" ".join(line.words[:2]), _LINES.get(line.keyword, ""))


def section_left_out(section: Section) -> str:
    """Why the *section* is left out; '' if it is not."""
    return _SECTIONS.get(section.kind, "")
