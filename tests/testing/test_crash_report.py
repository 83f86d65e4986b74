"""Crash reports in VTest's logs: what is kept of them, and what is none."""

from __future__ import annotations

import pytest

from bisector.testing import crash_report
from bisector.testing.crash_report import CrashReport
from tests.support.crash_logs import (
    BAD_FREE,
    BUG,
    BUG_2_9,
    DOUBLE_FREE,
    HEAP_OVERFLOW,
    HEAP_OVERFLOW_13,
    HEAP_OVERFLOW_STRIPPED,
    PANIC,
    PANIC_2_9,
    RECURSION,
    SEGV,
    STACK_OVERFLOW,
    UNDEFINED,
    USE_AFTER_FREE,
    WARNING,
    WATCHDOG,
    printed,
)
from tests.support.vtest_logs import EXPECT, REFUSED, SERVING
from tests.support.vtest_logs import SEGV as BAD_STATUS

CONDITION = 'FATAL: bug condition "one > zero" matched at src/debug.c'
ABOUT_TO_KILL = "PANIC: a thread is about to kill the process"

CALLERS = ("fault_any", "smp_fetch_path", "sample_process", "acl_exec_cond")


def report(text: str) -> CrashReport:
    found = crash_report.find(SERVING + printed(text) + BAD_STATUS)
    assert found
    return found


@pytest.mark.parametrize(
    ("text", "reason", "functions"),
    [
        (
            BUG,
            CONDITION,
            ("debug_parse_cli_bug", "cli_process_cmdline", "cli_io_handler", "task_process_applet"),
        ),
        (BUG_2_9, CONDITION, ("debug_parse_cli_bug", "task_run_applet")),
        (
            PANIC,
            ABOUT_TO_KILL,
            (
                "debug_parse_cli_panic",
                "cli_process_cmdline",
                "cli_io_handler",
                "task_process_applet",
            ),
        ),
        (PANIC_2_9, ABOUT_TO_KILL, ()),
        (
            WARNING + WATCHDOG,
            f"{ABOUT_TO_KILL} (watchdog)",
            ("_tv_ms_cmp", "debug_parse_cli_loop", "cli_process_cmdline", "cli_io_handler"),
        ),
        (USE_AFTER_FREE, "AddressSanitizer: heap-use-after-free", ("srv_read", "srv_use")),
        (SEGV, "AddressSanitizer: SEGV", ("srv_read",)),
        (DOUBLE_FREE, "AddressSanitizer: attempting double-free", ()),
        (HEAP_OVERFLOW, "AddressSanitizer: heap-buffer-overflow", CALLERS),
        (HEAP_OVERFLOW_13, "AddressSanitizer: heap-buffer-overflow", CALLERS),
        (HEAP_OVERFLOW_STRIPPED, "AddressSanitizer: heap-buffer-overflow", CALLERS),
        (STACK_OVERFLOW, "AddressSanitizer: stack-buffer-overflow", CALLERS),
        (BAD_FREE, "AddressSanitizer: attempting free", CALLERS),
        (RECURSION, "AddressSanitizer: stack-overflow", ("fault_dive", *CALLERS[:3])),
    ],
)
def test_the_reason_and_the_innermost_functions_are_found(
    text: str, reason: str, functions: tuple[str, ...]
) -> None:
    found = report(text)
    assert (found.reason, found.functions) == (reason, functions)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            "src/haproxy.c:8:67: runtime error: shift exponent 44 is too large",
            "src/haproxy.c: runtime error: shift exponent 44 is too large",
        ),
        ("free(): double free detected in tcache 2", "free(): double free detected in tcache 2"),
        ("malloc(): corrupted top size", "malloc(): corrupted top size"),
        ("double free or corruption (fasttop)", "double free or corruption (fasttop)"),
        ("*** stack smashing detected ***: terminated", "stack smashing detected"),
        ("ABORT at src/pool.c:587: pool is corrupted", "ABORT at src/pool.c: pool is corrupted"),
        (
            "FATAL: pool inconsistency detected in thread 3: tag mismatch on free().",
            "FATAL: pool inconsistency detected: tag mismatch on free()",
        ),
        (
            "haproxy: src/task.c:77: task_free: Assertion `t->tid >= 0' failed.",
            "src/task.c: Assertion `t->tid >= 0' failed",
        ),
        (
            "==7==ERROR: AddressSanitizer: requested allocation size 0xffff exceeds the maximum",
            "AddressSanitizer: requested allocation size exceeds the maximum",
        ),
        (
            "==7==ERROR: LeakSanitizer: detected memory leaks",
            "LeakSanitizer: detected memory leaks",
        ),
    ],
)
def test_the_reason_has_no_addresses_pids_threads_and_lines(line: str, reason: str) -> None:
    assert report(line) == CrashReport(reason, (), (line,))


@pytest.mark.parametrize(
    "log",
    [
        "",
        SERVING + EXPECT + BAD_STATUS,
        REFUSED,
        printed(WARNING),
        printed('WARNING: bug condition "x" matched at src/x.c:1 (not crashing …)'),
        printed('00000001:fe.clihdr[0009:ffff]: x-said: FATAL: bug condition "x" matched at x.c:1'),
        '**** c1    body|FATAL: bug condition "x" matched at src/x.c:1\n',
        "**** c1    txreq|GET /Thread 1 is about to kill the process.\n",
    ],
)
def test_what_is_no_crash_gives_no_report(log: str) -> None:
    assert crash_report.find(log) is None


@pytest.mark.parametrize("text", [BUG, BUG_2_9, PANIC, WARNING + WATCHDOG, USE_AFTER_FREE, SEGV])
def test_what_haproxy_prints_itself_is_read_as_well(text: str) -> None:
    assert crash_report.find(f"some output\n{text}") == report(text)


def test_what_ubsan_says_before_haproxy_goes_on_is_not_the_reason() -> None:
    assert report(UNDEFINED + USE_AFTER_FREE) == report(USE_AFTER_FREE)
    assert report(UNDEFINED + BUG) == report(BUG)
    refused = "[ALERT]    (7) : config : Fatal errors found in configuration.\n"
    for more in (refused, "00000000:fe.accept(0005)=0009 from [127.0.0.1:1]\n"):
        assert crash_report.find(printed(UNDEFINED + more)) is None
        assert crash_report.find(printed(UNDEFINED + UNDEFINED + more)) is None


def test_what_ubsan_says_last_is_the_reason() -> None:
    found = report(UNDEFINED)
    assert found.reason == (
        "src/http_fetch.c: runtime error: index 7 out of bounds for type 'int [4]'"
    )
    assert found.functions == ("fault_index", *CALLERS[:3])
    assert report(UNDEFINED.replace("index 7", "index 8") + UNDEFINED) == found
    other = printed("00000000:fe.accept(0005)=0009 from [127.0.0.1:1]", "h2")
    assert crash_report.find(printed(UNDEFINED) + other) == found


def test_haproxys_watchdog_does_not_disturb_a_sanitizers_report() -> None:
    """It warns of the time that the sanitizer takes to find the names of functions."""
    for begin in ("READ of size", "    #0 ", "    #1 "):
        before, after = HEAP_OVERFLOW.split(begin, 1)
        mixed = f"{before}\n{WARNING}\n{WARNING}\n{begin}{after}"
        assert report(mixed) == report(HEAP_OVERFLOW)


def test_evidence_has_no_folders_of_this_machine() -> None:
    absolute = USE_AFTER_FREE.replace(" src/", " /home/jo/trees/asan-0/src/")
    assert report(absolute) == report(USE_AFTER_FREE)


def test_the_evidence_is_the_reason_and_the_call_trace_as_they_were_printed() -> None:
    lines = report(PANIC).lines
    assert lines[0] == "PANIC! Thread 1 is about to kill the process (pid 7796)."
    assert lines[-1].endswith("task_process_applet+0xade/0x1780")
    assert len(lines) == 7
    assert all(line.startswith("| 0x") for line in lines[1:])


def test_the_first_crash_counts_and_only_lines_of_its_instance() -> None:
    bug, uaf = printed(BUG_2_9, "h2").splitlines(True), printed(USE_AFTER_FREE).splitlines(True)
    mixed = "".join(a + b for a, b in zip(bug, uaf, strict=False))
    found = crash_report.find(mixed)
    assert found == report(BUG_2_9)


def test_the_trace_of_the_thread_that_panics_is_taken() -> None:
    other = PANIC.replace("* Thread 1 ", "  Thread 2 ").replace("debug_parse_cli_panic", "other")
    begin, end = other.index("  Thread 2"), other.index("\nHint")
    both = PANIC.replace("* Thread 1 ", other[begin:end] + "\n* Thread 1 ", 1)
    assert "other+" in both
    assert report(both).functions == report(PANIC).functions


def test_a_long_log_and_hostile_lines_take_no_long_time() -> None:
    lines = ("a:1:" * 5000, "x: " * 5000 + ": Assertion ", "==1==ERROR: xSanitizer: " + "a " * 5000)
    log = SERVING * 50_000 + "".join(printed(line + " runtime error: ") for line in lines)
    assert crash_report.find(log + printed("free(): invalid pointer"))
