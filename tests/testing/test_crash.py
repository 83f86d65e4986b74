"""How a crash is described: the same for crashes at the same place, whatever told of it."""

from __future__ import annotations

from bisector.record.failure import Failure, FailureClass
from bisector.testing import crash
from bisector.testing.crash_report import CrashReport
from bisector.testing.crash_trace import CrashTrace

REPORT = CrashReport("FATAL: bug condition x", ("stream_free",), ("FATAL: bug condition x",))
TRACE = CrashTrace("SIGSEGV", ("fetch", "process_stream"), "h1")


def test_a_signal_has_the_innermost_function_of_the_trace() -> None:
    found = crash.describe("SIGSEGV", None, [TRACE])
    assert found.text == "SIGSEGV in fetch"
    assert found.reason() == "HAProxy died by SIGSEGV in fetch"
    assert found.reason("at its start") == "HAProxy died by SIGSEGV in fetch at its start"
    assert found.failure == Failure(FailureClass.CRASH, "SIGSEGV in fetch")
    assert found.lines == ("**** h1 crash|SIGSEGV in fetch < process_stream",)


def test_what_haproxy_said_comes_with_the_function_of_the_trace() -> None:
    # older releases do not know the names of static functions
    found = crash.describe("SIGILL", REPORT, [CrashTrace("SIGILL", ("static_one",))])
    assert found.text == "SIGILL: FATAL: bug condition x in static_one"
    assert found.reason() == "HAProxy died by SIGILL in static_one: FATAL: bug condition x"
    assert crash.describe("SIGILL", REPORT, []).text.endswith(" in stream_free")


def test_the_trace_of_another_signal_is_of_another_crash() -> None:
    assert crash.describe("SIGABRT", None, [TRACE]).text == "SIGABRT"


def test_a_sanitizer_s_report_needs_no_signal() -> None:
    report = CrashReport("AddressSanitizer: heap-use-after-free", ("f",), ("==1==ERROR: …",))
    found = crash.describe("", report, ())
    assert found.reason() == (
        "HAProxy was ended by a sanitizer in f: AddressSanitizer: heap-use-after-free"
    )


def test_a_crash_is_found_in_a_log_even_if_the_test_passed() -> None:
    found = crash.find(f"**   c1 fine\n{TRACE.line}#    top  TEST x.vtc passed\n")
    assert found is not None and found.text == "SIGSEGV in fetch"


def test_a_log_without_a_crash_has_none() -> None:
    assert crash.find("**** h1 debug|no crash here: SIGSEGV\n---- c1 EXPECT x failed\n") is None
