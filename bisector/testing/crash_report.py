"""What HAProxy, a sanitizer or the C library says of a crash in VTest's log; pure functions.

A plain SIGSEGV says nothing: how an instance died is known from its status alone then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bisector.testing.log_text import trimmed

MAX_FUNCTIONS = 4
MAX_LINES = 12  # of evidence; a panic's dump of many threads is longer
_WIDTH = 4096  # characters of a line that are searched; patterns may take quadratic time
_TRACE_LINES = 100  # after the reason; the dump of a stream stands before a thread's call trace

# The lines of one instance: in VTest's log its mark and the instance's name come before what it
# printed; elsewhere there is nothing before it.
_PRINTED = re.compile(r"^(?:\*+\s+(\S+)\s+debug\||(?!\*{2,}\s|\*\s{2,}|----\s|#\s))(.*)$", re.M)

# The line that says why, and what is kept of it: BUG_ON(), pools, ABORT_NOW() and the watchdog of
# HAProxy, the sanitizers, the C library. Warnings, after which HAProxy goes on, are none of these.
_REASONS = tuple(
    (re.compile(pattern), kept)
    for pattern, kept in (
        (r"(FATAL: (?:bug|warn|check) condition .* matched at \S+?):\d+.*", r"\1"),
        (r"(FATAL: pool inconsistency detected) in thread \d+(: .*)", r"\1\2"),
        (r"(ABORT at \S+?):\d+(.*)", r"\1\2"),
        (r"(?:PANIC! )?Thread \d+( is about to kill the process).*", r"PANIC: a thread\1"),
        (r"==\d+== ?ERROR: (\w+Sanitizer: [\w -]+?)(?:(?: on | at | in | of | \(|:).*)?", r"\1"),
        (r"WARNING: (ThreadSanitizer: [\w -]+?)(?: \(.*)?", r"\1"),
        (r"\S+: (\S+?):\d+: .*: (Assertion .* failed)\.?", r"\1: \2"),
        (r"((?:double free or|corrupted (?:size|double)|munmap_chunk\(\):) .*)", r"\1"),
        (r"((?:free|malloc|realloc|malloc_consolidate)\(\): .*)", r"\1"),
        (r"\*\*\* ((?:stack smashing|buffer overflow) detected).*", r"\1"),
    )
)
# UBSan's, which is the reason of a crash only if it is the last: usually the program goes on.
_UNDEFINED = (re.compile(r"(\S+?):\d+:\d+(: runtime error: .*)"), r"\1\2")
_TRACE = re.compile(r"\s*$|\s+#\d+ 0x|SUMMARY: ")
# A part of each of these lines; most logs have none of them.
_SIGNS = (
    *("FATAL: ", "ABORT at ", "about to kill the process", "Sanitizer: ", "runtime error: "),
    *(": Assertion ", "free(): ", "alloc(): ", "consolidate(): ", "munmap_chunk(): "),
    *("double free or", "corrupted ", "*** stack smashing", "*** buffer overflow"),
)
_SANITIZERS = ("Sanitizer: ", "runtime error: ")
_ADDRESS = re.compile(r"\b0x[0-9a-f]+\b")

# A frame of HAProxy's call trace, of a sanitizer's, and the function of a pool's caller.
_FRAME = re.compile(
    r"""\s*\|\s+0x[0-9a-f]+\ [<\[][0-9a-f\ ]*[\]>]:\ ([A-Za-z_]\w*)[+-]0x
      | \s+\#\d+\ 0x[0-9a-f]+\ in\ ([A-Za-z_]\w*)
      | \s+caller:\ 0x[0-9a-f]+\ \(([A-Za-z_]\w*)
    """,
    re.X,
)
# A sanitizer's frame in a library, by its source's or its own path: HAProxy is compiled in `src/`.
_IN_LIBRARY = re.compile(r"\s+#\d+ 0x[0-9a-f]+ in \S+ (?:\.\.?/|\(/\S*\.so\b)")
_FOLDERS = re.compile(r"(?<= )/\S*/(?=(?:src|include|addons)/)")
_NUMBER = re.compile(r"\s+#(\d{1,4}) 0x")
_CURRENT_THREAD = re.compile(r"\*[> ]?Thread ")
_END_OF_TRACE = re.compile(r"\s*$|SUMMARY:|Hint:|==\d+==ABORTING|[* ][> ]Thread ")

# Functions of the reporting itself, of allocation, of the loop that calls everything, and main:
# HAProxy's dump gives functions without a symbol by their distance from it.
_MACHINERY = re.compile(
    r"""(?:__)?(?:asan|tsan|ubsan|lsan|interceptor|sanitizer|GI|libc)_.* | _start | main
      | ha_(?:panic|backtrace_to_stderr|dump_backtrace|stuck_warning|thread_dump\w*|crash_now)
      | wdt_handler | debug_handler | _?complain | abort(?:_with_line)? | _?_?raise
      | (?:__)?pthread_kill\w*
      | pool_inspect_item | free | malloc | calloc | realloc | strdup
      | run_(?:thread_)?poll_loop | process_runnable_tasks | run_tasks_from_lists
    """,
    re.X,
)


@dataclass(frozen=True)
class CrashReport:
    """What was said of a crash. Crashes at the same place have equal reasons and functions.

    ``reason`` is the line that says why, without addresses, pids, threads and line numbers.
    ``functions`` are the innermost of HAProxy's functions, at most MAX_FUNCTIONS. ``lines`` are the
    log's, as evidence.
    """

    reason: str
    functions: tuple[str, ...]
    lines: tuple[str, ...]


def find(log: str) -> CrashReport | None:
    """The report of the first crash in the *log* of a test, None if there is none."""
    found = [at for sign in _SIGNS if (at := log.find(sign)) >= 0]
    if not found:
        return None
    begin = log.rfind("\n", 0, min(found)) + 1
    printed = [(name, text[:_WIDTH]) for name, text in _PRINTED.findall(log, begin)]
    for at, (instance, text) in enumerate(printed):
        if any(sign in text for sign in _SIGNS) and (reason := _kept(text, _REASONS)):
            more = [line for name, line in printed[at + 1 :] if name == instance]
            return _report(reason, text, more)
    return _undefined(printed)


def _undefined(printed: Sequence[tuple[str, str]]) -> CrashReport | None:
    """The report of a UBSan whose message is the last of its instance, but for a call trace."""
    by_instance = dict[str, list[str]]()
    for name, line in printed:
        by_instance.setdefault(name, []).append(line)
    for lines in by_instance.values():
        last = next((at for at in reversed(range(len(lines))) if not _TRACE.match(lines[at])), 0)
        if reason := _kept(lines[last], [_UNDEFINED]):
            return _report(reason, lines[last], lines[last + 1 :])
    return None


def _report(reason: str, said: str, more: Sequence[str]) -> CrashReport:
    """The report of a crash: the *reason* and the line *said* with it, and the lines after that."""
    if any(sign in said for sign in _SANITIZERS):
        frames = tuple(_numbered(more))
    else:
        frames = tuple(_frames(more[:_TRACE_LINES]))
        reason += " (watchdog)" * any("wdt_handler" in frame for frame in frames)
    lines = (trimmed(_FOLDERS.sub("", line)) for line in (said, *frames)[:MAX_LINES])
    return CrashReport(reason, _functions(frames), tuple(lines))


def _kept(line: str, reasons: Iterable[tuple[re.Pattern[str], str]]) -> str:
    """What is kept of a *line* that says why; '' for another line."""
    for pattern, kept in reasons:
        if match := pattern.fullmatch(line):
            return trimmed(_ADDRESS.sub("", match.expand(kept))).rstrip(" .:")
    return ""


def _numbered(lines: Iterable[str]) -> Iterator[str]:
    """The lines of the first call trace of a sanitizer in *lines*.

    HAProxy goes on to print while a sanitizer does. So does its watchdog in the same thread, which
    has to wait for the names of functions: it prints another call trace.
    """
    number = 0
    for line in lines:
        if found := _NUMBER.match(line):
            if int(found[1]) != number:
                return
            yield line
            number += 1
        elif line.startswith("SUMMARY:"):
            return


def _frames(lines: Sequence[str]) -> Iterator[str]:
    """The lines of the first call trace in *lines*, of the current thread if that is marked."""
    threads = [at for at, line in enumerate(lines) if _CURRENT_THREAD.match(line)]
    began = False
    for line in lines[threads[0] + 1 if threads else 0 :]:
        if _FRAME.match(line) or (began and "| 0x" in line):
            began = True
            yield line
        elif _END_OF_TRACE.match(line) and (began or threads):
            return


def _functions(frames: Sequence[str]) -> tuple[str, ...]:
    """The innermost of HAProxy's functions in *frames*."""
    own = (frame for frame in frames if not _IN_LIBRARY.match(frame))
    matches = filter(None, map(_FRAME.match, own))
    names = [match[match.lastindex or 0] for match in matches]
    return innermost(names)


def innermost(functions: Iterable[str]) -> tuple[str, ...]:
    """The first of HAProxy's own *functions*, each once, at most MAX_FUNCTIONS.

    Those that call everything, and those that report a crash, are left out.
    """
    own = dict.fromkeys(name for name in functions if not _MACHINERY.fullmatch(name))
    return tuple(own)[:MAX_FUNCTIONS]
