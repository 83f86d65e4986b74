"""A build's log: the source's error in one line, and an exception if the machine failed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bisector.build import build_log
from bisector.errors import ProbeFailed
from bisector.system.process import Finished

# gcc 12.2 and make 4.3, under LC_ALL=C
COMPILE_ERROR = """\
  CC      src/server.o
In file included from src/server.c:13:
include/haproxy/x.h: In function 'y':
include/haproxy/x.h:3:16: warning: unused variable 'z' [-Wunused-variable]
src/server.c:97:9: error: too few arguments to function 'snr_set_srv_down'
   97 |         snr_set_srv_down(s);
      |         ^~~~~~~~~~~~~~~~
src/server.c:99:1: error: expected ';' before '}' token
make: *** [Makefile:1011: src/server.o] Error 1
"""
MISSING_HEADER = """\
src/haproxy.c:1:10: fatal error: haproxy/x.h: No such file or directory
    1 | #include <haproxy/x.h>
      |          ^~~~~~~~~~~~~
compilation terminated.
make: *** [Makefile:4: src/haproxy.o] Error 1
"""
LINK_ERROR = """\
  LD      haproxy
/usr/bin/ld: src/haproxy.o: in function `main':
haproxy.c:(.text+0x9): undefined reference to `resolv_srvrq_cleanup_srv'
collect2: error: ld returned 1 exit status
make: *** [Makefile:2: haproxy] Error 1
"""
MAKE_ERROR = """\
Makefile:12: *** unknown TARGET 'linux-glibc'.  Stop.
"""
NO_TARGET = "make: *** No rule to make target 'haproxy'.  Stop.\n"
QUOTING_ERROR = """\
src/ssl_ckch.c:1364:9: error: too few arguments to function 'memprintf'
 1364 |         memprintf(err, "%s: Cannot allocate memory");
      |         ^~~~~~~~~
src/ssl_ckch.c:1365:3: error: expected ';' before '}' token
 1365 | /* Disk quota exceeded
"""


def problem(output: str, status: int | None = 2, sandboxed: bool = False) -> str:
    return build_log.problem(Finished(("make",), status, output, 1.0), Path("/log"), sandboxed)


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (COMPILE_ERROR, "src/server.c:97:9: error: too few arguments to function"),
        (QUOTING_ERROR, "src/ssl_ckch.c:1364:9: error: too few arguments to function 'memprintf'"),
        (MISSING_HEADER, "src/haproxy.c:1:10: fatal error: haproxy/x.h: No such file"),
        (LINK_ERROR, "haproxy.c:(.text+0x9): undefined reference to `resolv_srvrq_cleanup_srv'"),
        (MAKE_ERROR, "Makefile:12: *** unknown TARGET 'linux-glibc'. Stop."),
        (NO_TARGET, "make: *** No rule to make target 'haproxy'. Stop."),
        ("", "make ended with 2, no binary"),
    ],
)
def test_the_reason_is_the_compilers_own_first_error_in_one_line(output: str, said: str) -> None:
    assert problem(output).startswith(said)
    assert "\n" not in problem(output)


def test_a_very_long_error_is_cut() -> None:
    assert len(problem(f"x.c:1:1: error: {'y' * 5000}")) == 300


def test_a_truncated_log_may_hide_the_compilers_error() -> None:
    gap = Finished(("make",), 2, NO_TARGET, 1.0, dropped=7_000_000)
    assert build_log.problem(gap, Path("/log")).endswith(
        "Stop. (7.0 MB in the middle of its output were not read)"
    )
    seen = build_log.problem(replace(gap, output=COMPILE_ERROR), Path("/log"))
    assert seen == problem(COMPILE_ERROR)


def test_a_build_that_hangs_is_a_failure_of_the_source() -> None:
    assert "took more than" in problem("CC x.o", status=None)


WANTING = pytest.mark.parametrize(
    ("output", "hint"),
    [
        ("/tmp/ccX.s: Fatal error: can't close x.o: No space left on device", "make room"),
        ("/usr/bin/ld: final link failed: Disk quota exceeded", "make room"),
        ("x.c:1:1: fatal error: error writing to /tmp/cc.s: Disk quota exceeded", "make room"),
        ("gcc: fatal error: Killed signal terminated program cc1", "more memory"),
        ("collect2: fatal error: ld terminated with signal 9 [Killed]", "more memory"),
        ("virtual memory exhausted: Cannot allocate memory", "more memory"),
        ("cc1: out of memory allocating 65536 bytes after a total of 9437184 bytes", "more memory"),
        (
            "gcc: fatal error: cannot execute 'cc1': vfork: Resource temporarily unavailable",
            "more memory",
        ),
    ],
)


@WANTING
@pytest.mark.parametrize("before", ["", COMPILE_ERROR])
def test_a_failure_of_the_machine_is_raised(output: str, hint: str, before: str) -> None:
    with pytest.raises(ProbeFailed, match=hint) as caught:
        problem(f"{before}{output}\n")
    assert "/log" in str(caught.value)


def test_a_killed_make_is_raised_as_well() -> None:
    with pytest.raises(ProbeFailed, match="killed by signal 9"):
        problem("CC x.o", status=-9)


@WANTING
def test_in_a_sandbox_on_a_machine_with_enough_resources_it_is_the_sources_failure(
    output: str, hint: str
) -> None:
    assert problem(f"{output}\n", sandboxed=True) == f"it exceeds a limit of the sandbox: {output}"
    killed = problem("CC x.o", status=-9, sandboxed=True)
    assert killed == "make was killed in its sandbox by signal 9"
    assert problem(COMPILE_ERROR, sandboxed=True) == problem(COMPILE_ERROR)


def test_the_exceeded_limit_is_named() -> None:
    stopped = Finished(("make",), None, "No space left on device\n", 1.0, "more than 9 MB written")
    said = build_log.problem(stopped, Path("/log"))
    assert said == "the build was stopped: more than 9 MB written"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("src/mux_h1.c:12: error: 'X' undeclared", "src/mux_h1.o"),
        ("addons/promex/service-prometheus.c:1:2: error: x", "addons/promex/service-prometheus.o"),
        ("include/haproxy/x.h:3: error: x", ""),
        ("src/../../etc/x.c:3: error: x", ""),
        ("tcc: error: undefined symbol 'x'", ""),
    ],
)
def test_an_error_in_a_source_names_the_object(said: str, expected: str) -> None:
    assert build_log.failed_object(said) == expected


def test_an_error_at_a_line_has_a_location() -> None:
    assert build_log.names_place(problem(COMPILE_ERROR))
    assert not build_log.names_place(problem(NO_TARGET))
