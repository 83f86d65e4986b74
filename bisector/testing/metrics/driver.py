"""A program of its own: starts HAProxy, puts it under load, and writes down what that took.

It runs in the sandbox of a test, as `python driver.py PLAN RESULT`. PLAN is a JSON object:

- ``sides``: the command of one HAProxy, or those of two, which take turns
- ``origin``: that of the HAProxy behind them, [] for none
- ``client``: the client's words, in which {port}, {requests} and {log} are filled in; [] for a
  client that waits for so many health checks of HAProxy's instead, and answers them
- ``order``: the side of each round, as an index in ``sides``
- ``least``: how many requests the client makes at least
- ``requests``: those of a round; 0 for as many as take ``seconds``
- ``warm_up``: the requests that are made before the first round, and counted nowhere
- ``marked``: whether a signal before and after each round has callgrind dump its counts

RESULT has the list of ``rounds``, and a ``problem``: '' if all went well.

All sockets are opened here and passed on, as VTest does it: a client can connect at once, and waits
until HAProxy is ready. HAProxy and its client run on different processors if there are two.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

_END_SECONDS = 10.0  # for HAProxy to end after SIGTERM
_LEAST, _MOST = 50, 200_000  # requests of a round, if it is to take so many seconds
_DYING_SECONDS = 0.5  # between a connection that HAProxy's death closes and that it has ended
_ANSWER = b"HTTP/1.0 200 OK\r\n\r\n"
# At this signal HAProxy calls sig_dump_state(), which writes the line and what it knows of servers.
_MARK, _MARKED = signal.SIGHUP, b"SIGHUP received"


class Problem(Exception):
    """Why nothing could be measured, in one line."""


class Errors:
    """Copies what a HAProxy writes to its stderr; ``marks`` has a True a mark, False at the end."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self.marks: queue.SimpleQueue[bool] = queue.SimpleQueue()
        threading.Thread(target=self._copy, args=(pipe,), daemon=True).start()

    def _copy(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            os.write(sys.stderr.fileno(), line)
            if _MARKED in line:
                self.marks.put(True)
        self.marks.put(False)


class Place:
    """The sockets of a run, and the processors on which its programs run."""

    def __init__(self, sides: int) -> None:
        self.load = [_listener() for _ in range(sides)]
        self.origin = _listener()
        # never read: for HAProxy's logs
        self.log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.log.bind(("127.0.0.1", 0))
        first, *others = sorted(os.sched_getaffinity(0))
        self.measured, self.others = {first}, set(others) or {first}

    def start(
        self,
        words: list[str],
        listener: socket.socket,
        processors: set[int],
        errors: int | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start an HAProxy with a *listener*, on some *processors*; *errors* is its stderr."""
        handle = listener.fileno()
        env = {"listener": handle, "ORIGIN": _port(self.origin), "LOG": _port(self.log)}
        texts = {name: str(number) for name, number in env.items()}
        os.sched_setaffinity(0, processors)  # a child process inherits it
        return subprocess.Popen(
            words, env={**os.environ, **texts}, pass_fds=(handle,), stderr=errors
        )

    def run(self, words: list[str], output: Path) -> int:
        """Run the client to its end and return its exit status."""
        os.sched_setaffinity(0, self.others)
        with output.open("wb") as sink:
            return subprocess.run(words, stdout=sink, stderr=sink, check=False).returncode


def _listener() -> socket.socket:
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    made.listen(1024)
    return made


def _port(one: socket.socket) -> int:
    port: int = one.getsockname()[1]
    return port


class Run:
    """All rounds of one run."""

    def __init__(self, plan: dict[str, Any], folder: Path) -> None:
        self.plan, self.folder = plan, folder
        self.place = Place(len(plan["sides"]))
        self.ports = [_port(one) for one in self.place.load]
        self.rounds: list[dict[str, Any]] = []
        self.origin: subprocess.Popen[bytes] | None = None
        self.sides: list[subprocess.Popen[bytes]] = []
        self.errors: list[Errors] = []  # of the sides, if there are marks

    def measure(self) -> None:
        """Start all, make the rounds. Raises Problem, OSError if a program cannot be run."""
        plan, place = self.plan, self.place
        if plan["origin"]:
            self.origin = place.start(plan["origin"], place.origin, place.others)
        errors = subprocess.PIPE if plan["marked"] else None
        for number, words in enumerate(plan["sides"]):
            haproxy = place.start(words, place.load[number], place.measured, errors)
            self.sides.append(haproxy)
            if haproxy.stderr:
                self.errors.append(Errors(haproxy.stderr))
        # if HAProxy dies, its clients are to notice
        for one in place.load:
            one.close()
        if plan["client"]:
            place.origin.close()
        rate = [self._warm_up(side) for side in range(len(self.sides))]
        count = plan["requests"]
        if not count:
            count = int(min(_MOST, max(_LEAST, plan["seconds"] * min(rate))))
        for side in plan["order"]:
            self._round(side, count)

    def _warm_up(self, side: int) -> float:
        """Wait until a HAProxy serves, and warm it up; the requests per second."""
        self._load(side, self.plan["least"])
        begin = time.monotonic()
        self._load(side, self.plan["warm_up"])
        return float(self.plan["warm_up"]) / (time.monotonic() - begin)

    def _round(self, side: int, count: int) -> None:
        pid = self.sides[side].pid
        self._mark(side)
        begin, ran = time.monotonic(), _ran(pid)
        output = self._load(side, count)
        seconds, ran = time.monotonic() - begin, _ran(pid) - ran
        self._mark(side)
        taken = {"requests": count, "seconds": seconds, "ran": ran, "resident": _resident(pid)}
        self.rounds.append({"side": side, "output": output, **taken})

    def _load(self, side: int, count: int) -> str:
        """Make *count* requests; the client's output. Raises Problem if that fails."""
        if not self.plan["client"]:
            _answer_checks(self.place.origin, count, self.sides[side])
            self._check_alive()
            return ""
        log = self.folder / f"requests.{len(self.rounds)}"
        with contextlib.suppress(FileNotFoundError):
            log.unlink()  # the client would add to it
        filled = {"{port}": self.ports[side], "{requests}": count, "{log}": log}
        words = [_filled(word, filled) for word in self.plan["client"]]
        status = self.place.run(words, self.folder / "client")
        output = (self.folder / "client").read_text(errors="replace")
        print(f"---- {' '.join(words)}\n{output}", flush=True)
        self._check_alive(_DYING_SECONDS if status else 0.0)
        if status:
            said = output.strip().splitlines()[-1:] or ["it printed nothing"]
            raise Problem(f"the client failed with exit status {status}: {said[0][:200]}")
        return output

    def _check_alive(self, seconds: float = 0.0) -> None:
        """Raise Problem if a HAProxy has ended, or ends within *seconds*."""
        for name, one in [("HAProxy", one) for one in self.sides] + [("origin", self.origin)]:
            if one is not None and _ends(one, seconds):
                raise Problem(f"{name} ended with {one.returncode}")

    def _mark(self, side: int) -> None:
        """Have callgrind dump its counts and begin anew, if HAProxy runs under it.

        It does so before HAProxy writes that it has got the signal.
        """
        if not self.errors:
            return
        self.sides[side].send_signal(_MARK)
        if not self.errors[side].marks.get():
            self._check_alive(_DYING_SECONDS)
            raise Problem("HAProxy does not say that it got a signal")

    def end(self) -> None:
        """End all that was started."""
        started = [one for one in (*self.sides, self.origin) if one is not None]
        for one in started:
            if one.poll() is None:
                one.send_signal(signal.SIGTERM)
        for one in started:
            if not _ends(one, _END_SECONDS):
                one.kill()
                one.wait()


def _filled(word: str, values: dict[str, Any]) -> str:
    for name, value in values.items():
        word = word.replace(name, str(value))
    return word


def _ends(one: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether a child has ended, or ends within *seconds*."""
    if one.poll() is not None:
        return True
    handle = os.pidfd_open(one.pid)
    try:
        return bool(select.select([handle], [], [], seconds)[0]) and one.wait() is not None
    finally:
        os.close(handle)


def _answer_checks(listener: socket.socket, count: int, haproxy: subprocess.Popen[bytes]) -> None:
    """Answer *count* health checks. Raises Problem if HAProxy has ended."""
    handle = os.pidfd_open(haproxy.pid)
    try:
        for _ in range(count):
            ready, _, _ = select.select([listener.fileno(), handle], [], [])
            if handle in ready:
                raise Problem(f"HAProxy ended with {haproxy.wait()}")
            with listener.accept()[0] as connection, contextlib.suppress(OSError):
                connection.recv(4096)
                connection.sendall(_ANSWER)
    finally:
        os.close(handle)


def _ran(pid: int) -> int:
    """The nanoseconds in which the threads of a process ran, see /proc/PID/schedstat."""
    total = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it has ended
            total += int((thread / "schedstat").read_text().split()[0])
    return total


def _resident(pid: int) -> int:
    """The kB of memory that a process has written to, without its program and libraries."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    return 0


def main() -> None:
    """Carry out the plan."""
    plan, result = map(Path, sys.argv[1:3])
    run, problem = Run(json.loads(plan.read_text()), result.parent), ""
    try:
        run.measure()
    except (Problem, OSError) as error:
        problem = str(error)
    finally:
        run.end()
    result.write_text(json.dumps({"rounds": run.rounds, "problem": problem}))


if __name__ == "__main__":
    main()
