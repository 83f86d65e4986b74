"""What of a configuration has no place in a test, as tables: keyword, and why it is left out."""

from __future__ import annotations

from bisector.testing.new.config_text import Line, Section

_MACHINE = "about the machine"
_PEERS = "other processes are not there"
_FILES = "files of another machine"
_CHECKS = "the test's servers answer any check with status 200"

# keywords, of one or two words; those of the section global alone stand apart, as many mean
# something else in other sections
_GLOBAL = {
    **dict.fromkeys(
        (
            *("daemon", "user", "group", "uid", "gid", "chroot", "pidfile", "ulimit-n", "cpu-map"),
            *("nbproc", "master-worker", "mworker-max-reloads", "node", "description", "maxconn"),
            *("stats socket", "stats timeout", "stats bind-process", "unix-bind", "localpeer"),
            *("set-dumpable", "log-send-hostname", "cpu-policy"),
        ),
        _MACHINE,
    ),
    **dict.fromkeys(
        (
            *("server-state-file", "server-state-base", "stats-file", "ca-base", "crt-base"),
            *("key-base", "issuers-chain-path", "default-path", "ssl-dh-param-file"),
            *("ssl-engine", "ssl-provider", "ssl-provider-path", "wurfl-data-file"),
            *("51degrees-data-file", "deviceatlas-json-file", "lua-prepend-path"),
        ),
        _FILES,
    ),
    "cluster-secret": _PEERS,
}
_OTHERS = {
    **dict.fromkeys(("bind-process", "source"), _MACHINE),
    **dict.fromkeys(
        ("load-server-state-from-file", "errorfiles", "filter spoe", "parse-resolv-conf"), _FILES
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
    "email-alert": _PEERS,
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
    keywords = _GLOBAL if section.kind == "global" else _OTHERS
    return keywords.get(" ".join(line.words[:2]), keywords.get(line.keyword, ""))


def section_left_out(section: Section) -> str:
    """Why the *section* is left out; '' if it is not."""
    return _SECTIONS.get(section.kind, "")
