"""AddressSanitizer and UBSan of gcc: the flags, the run-time options, and a trial of both.

A sanitizer cannot be used if its library is missing, as on systems with musl, or if a program with
it does not start, as under a limit of the address space. So each gcc has to pass a trial on this
machine before it is used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from bisector.errors import EnvironmentProblem, MissingLibrary
from bisector.system import tools
from bisector.system.files import digest, explained
from bisector.system.process import Finished, run
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace

# For compiler and linker. HAProxy accesses unaligned memory and counts on pointers from NULL on
# purpose; AddressSanitizer sees the other checks of UBSan that are left out, and they double the
# time of a build.
FLAGS = (
    "-fsanitize=address,undefined",
    "-fno-sanitize=alignment,null,object-size,pointer-overflow",
    # checks by calls: slower to run, but gcc takes half the time
    *("--param", "asan-instrumentation-with-call-threshold=0"),
    "-g1",  # functions and lines
    "-fno-omit-frame-pointer",  # whole call traces of who allocated and freed
    # a position-independent program may be loaded where AddressSanitizer wants to have its heap
    *("-fno-pie", "-no-pie"),
)

# The run-time options of programs with a sanitizer; others do not read them. After an error that
# AddressSanitizer finds, a program dies as from any crash. After one that UBSan finds it goes on:
# HAProxy has some that do no harm. Leaks are not looked for, since HAProxy does not free all it has
# at its end. Names of functions come from the program itself, without an llvm-symbolizer.
_SYMBOLS = "external_symbolizer_path="
ENVIRONMENT: Mapping[str, str] = {
    "ASAN_OPTIONS": ":".join(
        (
            *("abort_on_error=1", "detect_leaks=0", "detect_stack_use_after_return=1"),
            *("allocator_may_return_null=1", "print_legend=0", _SYMBOLS),
            "verify_asan_link_order=0",  # a library that is preloaded comes first
        )
    ),
    "UBSAN_OPTIONS": f"print_stacktrace=1:{_SYMBOLS}",
}

_SECONDS = 60.0  # for gcc, and for the program, which take half a second
_EXPECTED = "AddressSanitizer: heap-use-after-free"
_TRIAL = """\
#include <stdlib.h>
int main(int argc, char **argv)
{
	volatile char *freed = calloc(argc, 8);

	free((void *)freed);
	return freed[0];
}
"""


def compiler(workspace: Workspace) -> Tool:
    """gcc, after a trial with FLAGS; that it passed is kept in the workspace.

    Raises MissingProgram without gcc, MissingLibrary without the sanitizers, EnvironmentProblem if
    a program with them does not work here.
    """
    gcc = tools.require_compiler()
    passed = workspace.folder("tools") / f"sanitizers-{digest(gcc.identity, _TRIAL, *FLAGS)}"
    if not passed.exists():
        _try(gcc, workspace)
        workspace.write(passed, b"")
    return gcc


def _try(gcc: Tool, workspace: Workspace) -> None:
    """Compile and run a program that uses freed memory."""
    with workspace.scratch() as scratch:
        source, program = scratch / "trial.c", scratch / "trial"
        with explained(f"cannot write {source}"):
            source.write_text(_TRIAL, encoding="utf-8")
        made = _call(scratch, gcc.path, *FLAGS, "-o", program, source)
        if not made.ok:
            what = f"{gcc.path} cannot build with AddressSanitizer and UBSan: {_error(made)}"
            raise MissingLibrary(what, "install libasan and libubsan; in Debian gcc brings them")
        done = _call(scratch, program)
    if _EXPECTED not in done.output:
        what = f"a program with AddressSanitizer does not work here: {_error(done)}"
        raise EnvironmentProblem(what, "use a machine without a limit of the address space")


def _call(folder: Path, *argv: str | Path) -> Finished:
    return run(argv, log=folder / "log", timeout=_SECONDS, cwd=folder, env=ENVIRONMENT)


def _error(done: Finished) -> str:
    """The first line of the output that tells of an error, else the exit status."""
    for line in done.output.splitlines():
        if re.search("error|cannot", line, re.I):
            return line.strip()
    return f"it ended with {done.status}"
