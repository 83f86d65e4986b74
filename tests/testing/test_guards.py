"""Requirements of tests, on binaries that meet them and on binaries that do not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bisector.system.process import Finished
from bisector.testing.guards import BuildInfo, conjuncts, failed_guard, guards, same_for_all, unmet

CC = "$HAPROXY_PROGRAM -cc "
VV = """\
HAProxy version 3.0.11-9e587df 2025/06/02 - https://haproxy.org/
BuildInfo options :
  TARGET  = linux-glibc
  OPTIONS = USE_LUA=1

Feature list : -51DEGREES +EPOLL +LUA -OPENSSL -QUIC +SLZ -ZLIB

Available services : none
"""


class Machine:
    """A shell in which the commands of *fine* succeed; it keeps what it was asked."""

    def __init__(self, fine: Mapping[str, bool], vv: str = VV, vv_ok: bool = True) -> None:
        self.fine, self.vv, self.vv_ok = fine, vv, vv_ok
        self.asked: list[str] = []

    def __call__(self, command: str) -> Finished:
        self.asked.append(command)
        if command.endswith("-vv"):
            return Finished((command,), 0 if self.vv_ok else -11, self.vv, 0.1)
        return Finished((command,), 0 if self.fine[command] else 1, "", 0.1)


# --- the older way: comments ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("#REQUIRE_OPTIONS=OPENSSL", "#REQUIRE_OPTIONS=OPENSSL (--make USE_OPENSSL=1)"),
        ("#REQUIRE_OPTIONS=LUA,OPENSSL", "#REQUIRE_OPTIONS=OPENSSL (--make USE_OPENSSL=1)"),
        (
            "#REQUIRE_OPTIONS=PCRE|PCRE2",
            "#REQUIRE_OPTIONS=PCRE|PCRE2 (--make USE_PCRE=1 or --make USE_PCRE2=1)",
        ),
        (
            "#REQUIRE_OPTION=OPENSSL, this test needs it",
            "#REQUIRE_OPTION=OPENSSL (--make USE_OPENSSL=1)",
        ),
        ("#REQUIRE_VERSION=3.1", "#REQUIRE_VERSION=3.1 (this is 3.0.11-9e587df)"),
        ("#REQUIRE_VERSION=3.0.12", "#REQUIRE_VERSION=3.0.12 (this is 3.0.11-9e587df)"),
        ("#REQUIRE_VERSION_BELOW=3.0", "#REQUIRE_VERSION_BELOW=3.0 (this is 3.0.11-9e587df)"),
        (
            "#REQUIRE_SERVICES=prometheus-exporter",
            "#REQUIRE_SERVICES=prometheus-exporter (--make USE_PROMEX=1)",
        ),
        ("#REQUIRE_SERVICE=x, as ever", "#REQUIRE_SERVICE=x (not in this build)"),
        ("#REQUIRE_BINARIES=socat,curl", "#REQUIRE_BINARIES=curl (install it)"),
        (
            "#EXCLUDE_TARGETS=freebsd, linux-glibc",
            "#EXCLUDE_TARGETS=linux-glibc (the target of this build)",
        ),
        (
            "#EXCLUDE_TARGET=linux-glibc, abns sockets",
            "#EXCLUDE_TARGET=linux-glibc (the target of this build)",
        ),
    ],
)
def test_an_unmet_comment_is_reported(comment: str, said: str) -> None:
    machine = Machine({"command -v socat": True, "command -v curl": False})
    assert unmet(f"varnishtest x\n{comment}\nserver s1\n", machine) == (said,)


@pytest.mark.parametrize(
    "comment",
    [
        "#REQUIRE_OPTIONS=LUA",
        "#REQUIRE_OPTIONS=ZLIB|SLZ,LUA",
        "#REQUIRE_OPTIONS=",
        "#REQUIRE_VERSION=3.0",
        "#REQUIRE_VERSION=3.0.11",
        "#REQUIRE_VERSION=2.4",
        "#REQUIRE_VERSION_BELOW=3.0.12",
        "#REQUIRE_VERSION_BELOW=3.10",
        "#REQUIRE_BINARIES=socat",
        "#EXCLUDE_TARGETS=freebsd,osx,generic",
        "#REGTEST_TYPE=slow",
        "# REQUIRE_OPTIONS=OPENSSL",
        "shell {echo '#REQUIRE_OPTIONS=OPENSSL'}",
    ],
)
def test_a_met_comment_is_not_reported(comment: str) -> None:
    assert unmet(f"{comment}\n", Machine({"command -v socat": True})) == ()


def test_every_unmet_comment_is_reported() -> None:
    text = "#REQUIRE_VERSION=2.2\n#REQUIRE_OPTIONS=QUIC\n#REQUIRE_VERSION=9.9\n"
    assert [one.split(" ")[0] for one in unmet(text, Machine({}))] == [
        "#REQUIRE_OPTIONS=QUIC",
        "#REQUIRE_VERSION=9.9",
    ]


def test_a_development_version_counts_as_its_release() -> None:
    machine = Machine({}, VV.replace("3.0.11-9e587df", "3.1-dev5-1234"))
    assert unmet("#REQUIRE_VERSION=3.1\n", machine) == ()


def test_without_a_comment_nothing_is_run() -> None:
    machine = Machine({})
    assert unmet('feature cmd "false"\n', machine) == () == tuple(machine.asked)


def test_a_program_name_is_not_run_as_shell_code() -> None:
    machine = Machine({})
    assert unmet("#REQUIRE_BINARIES=x;reboot\n", machine) == (
        "#REQUIRE_BINARIES=x;reboot (install it)",
    )
    assert machine.asked == ['"$HAPROXY_PROGRAM" -vv']


@pytest.mark.parametrize(("vv", "ok"), [("", True), ("Segmentation fault", True), (VV, False)])
def test_without_a_version_from_the_binary_no_comment_is_checked(vv: str, ok: bool) -> None:
    assert unmet("#REQUIRE_OPTIONS=OPENSSL\n#REQUIRE_VERSION=9.9\n", Machine({}, vv, ok)) == ()


def test_features_that_an_old_binary_does_not_list_are_not_reported() -> None:
    old = "HA-Proxy version 1.9.0 2018/12/19\n  TARGET  = linux2628\n"
    assert BuildInfo.of(old) == BuildInfo("1.9.0", "linux2628", None, None)
    assert unmet("#REQUIRE_OPTIONS=OPENSSL\n#REQUIRE_SERVICES=x\n", Machine({}, old)) == ()


# --- guards ---------------------------------------------------------------------------------------


def test_guards_are_the_commands_of_feature_statements() -> None:
    text = """\
# feature cmd "no"
feature ignore_unknown_macro
feature cmd "$HAPROXY_PROGRAM -cc 'feature(LUA)'"
  feature topbuild cmd "command -v socat" cmd {test "${x}" = 1}
server s1 {
    # a feature cmd "no"
}
feature cmd "echo \\"quoted\\" \\\\$x" # why
feature cmd true
"""
    assert list(guards(text)) == [
        "$HAPROXY_PROGRAM -cc 'feature(LUA)'",
        "command -v socat",
        'test "${x}" = 1',
        'echo "quoted" \\$x',
        "true",
    ]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", ["a"]),
        ("a && b&&c", ["a", "b", "c"]),
        ("a && (b || c)", ["a", "(b || c)"]),
        ("a || b && c", ["a || b && c"]),
        ("x '&& ||' && y", ["x '&& ||'", "y"]),
    ],
)
def test_conjuncts_are_split_outside_of_parentheses_and_quotes(text: str, parts: list[str]) -> None:
    assert conjuncts(text) == parts


# whatever HAProxy and the machine have of this
FINE = dict.fromkeys(
    (f"{CC}'1'", f"{CC}'feature(LUA)'", f"{CC}'!feature(WOLFSSL)'", "command -v grep"), True
)


def said_of(command: str, false: str) -> str:
    """What is said of a guard's *command*, which fails, as do the commands or conditions *false*.

    These have a comma in between.
    """
    failing = [command, *false.split(", "), *(f"{CC}'{one}'" for one in false.split(", "))]
    machine = Machine(FINE | dict.fromkeys(failing, False))
    return failed_guard(f'feature cmd "{command}"\n', machine)


@pytest.mark.parametrize(
    ("condition", "false", "said"),
    [
        ("feature(OPENSSL)", "feature(OPENSSL)", "feature(OPENSSL) (--make USE_OPENSSL=1)"),
        (
            "feature(OPENSSL) && !feature(WOLFSSL)",
            "feature(OPENSSL)",
            "feature(OPENSSL) (--make USE_OPENSSL=1)",
        ),
        (
            "feature(LUA) && feature(OPENSSL) && feature(QUIC)",
            "feature(OPENSSL), feature(QUIC)",
            "feature(OPENSSL) (--make USE_OPENSSL=1) and feature(QUIC) (OpenSSL 3.5 or later)",
        ),
        ("version_atleast(3.2-dev1)", "version_atleast(3.2-dev1)", "version_atleast(3.2-dev1)"),
        ("feature(LUA) && !feature(SLZ)", "!feature(SLZ)", "!feature(SLZ)"),
        ("feature(HAVE_MD5SIG)", "feature(HAVE_MD5SIG)", "feature(HAVE_MD5SIG)"),
        (
            "feature(LUA) && !feature(QUIC_OPENSSL_COMPAT)",
            "!feature(QUIC_OPENSSL_COMPAT)",
            "!feature(QUIC_OPENSSL_COMPAT) (OpenSSL 3.5 or later)",
        ),
        (
            "feature(OPENSSL_AWSLC)",
            "feature(OPENSSL_AWSLC)",
            "feature(OPENSSL_AWSLC) (a build with AWS-LC)",
        ),
        (
            "feature(LUA) && (feature(ZLIB) || feature(BROTLI))",
            "(feature(ZLIB) || feature(BROTLI)), feature(ZLIB), feature(BROTLI)",
            "(feature(ZLIB) || feature(BROTLI)) (--make USE_ZLIB=1 or --make USE_BROTLI=1)",
        ),
        (
            "feature(QUIC) || feature(LUA) && openssl_version_atleast(1.1)",
            "feature(QUIC)",
            "feature(QUIC) || feature(LUA) && openssl_version_atleast(1.1) (OpenSSL 3.5 or later)",
        ),
    ],
)
def test_the_false_parts_of_a_condition_are_named(condition: str, false: str, said: str) -> None:
    assert said_of(f"{CC}'{condition}'", false) == said


@pytest.mark.parametrize(
    ("needed", "same"),
    [
        ("feature(OPENSSL) (--make USE_OPENSSL=1)", True),
        ("!feature(QUIC_OPENSSL_COMPAT) (OpenSSL 3.5 or later)", True),
        ("(feature(ZLIB) || feature(BROTLI)) (--make USE_ZLIB=1)", True),
        ("version_atleast(3.2-dev1)", True),
        ("the program socat (install it)", True),
        ("#REQUIRE_VERSION=3.0 (this is 2.9.1)", True),
        ("feature(THREAD) (--make USE_THREAD=1)", False),
        ("'cd /x && test -f y'", False),
        ("SKIPPING test, lacking feature: cmd", False),
    ],
)
def test_what_is_needed_may_be_the_same_for_all_toolchains(needed: str, same: bool) -> None:
    assert same_for_all(needed) is same


@pytest.mark.parametrize(
    ("command", "false", "said"),
    [
        ("command -v socat", "command -v socat", "the program socat (install it)"),
        (
            "command -v curl && command -v grep && command -v socat",
            "command -v curl, command -v socat",
            "the program curl (install it) and the program socat (install it)",
        ),
        (
            "command -v grep && $HAPROXY_PROGRAM -cc 'feature(LUA) && feature(QUIC)'",
            "feature(LUA) && feature(QUIC), feature(QUIC)",
            "feature(QUIC) (OpenSSL 3.5 or later)",
        ),
        ("test -f /proc/net/if_inet6", "", "'test -f /proc/net/if_inet6'"),
        ("cd /x && test -f y", "", "'cd /x && test -f y'"),
    ],
)
def test_the_program_or_the_command_that_fails_is_named(
    command: str, false: str, said: str
) -> None:
    assert said_of(command, false) == said


def test_a_failed_guard_without_a_failing_part_is_reported_whole() -> None:
    statuses = iter((1, 0))  # it fails now and then

    def shell(command: str) -> Finished:
        return Finished((command,), next(statuses), "", 0.1)

    assert failed_guard('feature cmd "command -v grep"\n', shell) == "'command -v grep'"


def test_a_revision_without_haproxy_cc_is_reported() -> None:
    machine = Machine({f"{CC}'1'": False, f"{CC}'feature(LUA)'": False})
    said = failed_guard(f"feature cmd \"{CC}'feature(LUA)'\"\n", machine)
    assert said == "haproxy -cc, which this revision lacks"


def test_the_first_failing_guard_is_reported() -> None:
    machine = Machine({"true": True, "one": False, "two": False})
    text = 'feature cmd "true"\nfeature cmd "one"\nfeature cmd "two"\n'
    assert failed_guard(text, machine) == "'one'"
    assert "two" not in machine.asked


def test_if_every_guard_succeeds_nothing_is_reported() -> None:
    assert failed_guard('feature cmd "true"\n', Machine({"true": True})) == ""
    assert failed_guard("server s1\n", Machine({})) == ""
