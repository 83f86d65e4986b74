"""The program that puts HAProxy under load, with a small server that plays HAProxy."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bisector.testing.metrics import driver

SERVER = """\
import os, signal, socket, sys
mode = sys.argv[1]
if mode == "refuses":
    sys.exit("[ALERT] unknown keyword")
listener = socket.socket(fileno=int(os.environ["listener"]))
marks = 0
def mark(*_):
    global marks
    marks += 1
    if mode == "dies at its signal":
        os._exit(9)
    print("x" * 200_000 if mode == "talks much" else "", file=sys.stderr)
    print("SIGHUP received", marks, file=sys.stderr, flush=True)
signal.signal(signal.SIGHUP, mark)
served = 0
while True:
    connection, _ = listener.accept()
    served += 1
    connection.recv(100)
    if mode == "talks much":
        print("x" * 5000, file=sys.stderr, flush=True)
    if mode == "dies" and served > 5:
        os._exit(3)
    connection.sendall(f"{sys.argv[2]}".encode())
    connection.close()
"""
CLIENT = """\
import socket, sys
port, requests = map(int, sys.argv[1:3])
answers = set()
for _ in range(requests):
    with socket.create_connection(("127.0.0.1", port)) as one:
        one.sendall(b"x")
        answers.add(one.recv(100).decode())
print(requests, "answered by", *answers)
sys.exit(int(sys.argv[3]) if "" not in answers else 1)
"""


@dataclass
class Stage:
    """A folder with the server, the client and the result."""

    folder: Path

    def run(self, *modes: str, status: int = 0, **plan: Any) -> dict[str, Any]:
        """The result of a run with a server for each of *modes*; the client ends with *status*."""
        python = [sys.executable, "-I", "-S"]
        sides = [
            [*python, str(self.folder / "server.py"), mode, f"side{number}"]
            for number, mode in enumerate(modes)
        ]
        client = [*python, str(self.folder / "client.py"), "{port}", "{requests}", str(status)]
        whole = {
            "sides": sides,
            "origin": [],
            "client": client,
            "order": [0],
            "least": 1,
            "requests": 3,
            "seconds": 0.05,
            "warm_up": 2,
            "marked": False,
        }
        (self.folder / "plan").write_text(json.dumps({**whole, **plan}))
        words = [*python, driver.__file__, str(self.folder / "plan"), str(self.folder / "result")]
        done = subprocess.run(
            words, cwd=self.folder, capture_output=True, text=True, timeout=60, check=True
        )
        self.output = done.stdout + done.stderr
        result: dict[str, Any] = json.loads((self.folder / "result").read_text())
        return result


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    (tmp_path / "server.py").write_text(SERVER)
    (tmp_path / "client.py").write_text(CLIENT)
    return Stage(tmp_path)


def test_a_round_has_what_the_server_took(stage: Stage) -> None:
    result = stage.run("serves")
    assert result["problem"] == ""
    (one,) = result["rounds"]
    assert (one["side"], one["requests"]) == (0, 3)
    assert one["seconds"] > 0
    assert one["ran"] > 0
    assert one["resident"] > 0
    assert "3 answered by side0" in one["output"]


def test_two_sides_take_turns(stage: Stage) -> None:
    result = stage.run("serves", "serves", order=[0, 1, 1, 0])
    assert [one["side"] for one in result["rounds"]] == [0, 1, 1, 0]
    assert ["side1" in one["output"] for one in result["rounds"]] == [False, True, True, False]


def test_a_round_by_time_makes_the_requests_that_fit(stage: Stage) -> None:
    (one,) = stage.run("serves", requests=0)["rounds"]
    assert one["requests"] >= 50


def test_marks_come_before_and_after_each_round(stage: Stage) -> None:
    stage.run("serves", order=[0, 0], marked=True)
    assert [f"SIGHUP received {number}" in stage.output for number in range(1, 6)] == [
        *[True] * 4,
        False,
    ]
    stage.run("serves")
    assert "SIGHUP" not in stage.output


def test_a_server_that_writes_much_is_not_held_up(stage: Stage) -> None:
    assert stage.run("talks much", requests=60, marked=True)["problem"] == ""


@pytest.mark.parametrize(
    ("mode", "problem"),
    [
        ("refuses", "HAProxy ended with 1"),
        ("dies", "HAProxy ended with 3"),
        ("dies at its signal", "HAProxy ended with 9"),
    ],
)
def test_a_server_that_dies_is_said(stage: Stage, mode: str, problem: str) -> None:
    result = stage.run(mode, requests=30, marked=True)
    assert result["problem"] == problem
    assert result["rounds"] == []


def test_a_client_that_fails_is_said_with_its_last_line(stage: Stage) -> None:
    problem = stage.run("serves", status=7)["problem"]
    assert problem == "the client failed with exit status 7: 1 answered by side0"


def test_a_program_that_is_not_there_is_said(stage: Stage) -> None:
    assert "nonesuch" in stage.run("serves", client=["/nonesuch"])["problem"]
    assert "nonesuch" in stage.run("serves", sides=[["/nonesuch"]])["problem"]


CHECKS = """\
import os, socket, sys
for _ in range(int(sys.argv[1])):
    with socket.create_connection(("127.0.0.1", int(os.environ["ORIGIN"]))) as one:
        one.sendall(b"OPTIONS / HTTP/1.0")
        assert one.recv(100).startswith(b"HTTP/1.0 200 ")
"""


def test_health_checks_are_answered_and_counted(stage: Stage) -> None:
    (stage.folder / "checks.py").write_text(CHECKS)
    words = [sys.executable, "-I", "-S", str(stage.folder / "checks.py")]
    result = stage.run("", client=[], sides=[[*words, "100"]])
    assert result["rounds"][0]["requests"] == 3
    assert stage.run("", client=[], sides=[[*words, "2"]])["problem"] == "HAProxy ended with 0"
