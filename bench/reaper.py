"""`python bench/reaper.py FD WORDS…`: run a program; FD gets its status and the time that all took.

The kernel counts a process's time for who waits for it. What is left behind by its parent, as the
first process of a sandbox is by bubblewrap, is waited for by init, unless somebody adopts it.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import time

_SET_CHILD_SUBREAPER = 36  # of prctl(2)
_GRACE_SECONDS = 1.0  # for what is just ending when the program has ended
_LOOK_SECONDS = 0.01


def main() -> None:
    """Run it, and write the exit status, negative for a signal, and the seconds of processors."""
    report, argv = int(sys.argv[1]), sys.argv[2:]
    os.set_inheritable(report, False)
    if ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        sys.exit("prctl: descendants cannot be adopted")
    for number in (signal.SIGINT, signal.SIGTERM):  # the program's affair; it gets them, too
        signal.signal(number, lambda number, frame: None)
    status = _reaped(os.posix_spawnp(argv[0], argv, os.environ))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    os.write(report, f"{status} {used.ru_utime + used.ru_stime}".encode())


def _reaped(program: int) -> int:
    """The exit status of *program*, when all others that are to be waited for have ended, too."""
    ended, status = 0, 0
    while ended != program:
        ended, status = os.wait()
    until = time.monotonic() + _GRACE_SECONDS
    try:
        while time.monotonic() < until:
            if not os.waitpid(-1, os.WNOHANG)[0]:
                time.sleep(_LOOK_SECONDS)
    except ChildProcessError:  # there are none any more
        pass
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    main()
