"""Hunts over histories with planted bugs, and what they find."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pygit2

from bisector.jobs.playground import Playground
from tests.support.planted import Edit, plant
from tests.support.real import bisector

LENGTH = 14
BUG = range(7, LENGTH)
TEST = """\
vtest "A path is matched"
feature ignore_unknown_macro

haproxy h1 -conf {
    defaults
        mode http
        timeout connect 5s
        timeout client 5s
        timeout server 5s
    frontend fe
        bind "fd@${fe}"
        http-request return status 200 if { path /x } { query -m found }
        http-request return status 404
} -start

client c1 -connect ${h1_fe_sock} {
    txreq -url "/x?y"
    rxresp
    expect resp.status == 200
} -run
"""

THREADS = """\
vtest "A path is matched by two threads"
feature ignore_unknown_macro

haproxy h1 -conf {
    global
    .if feature(THREAD)
        nbthread 2
    .endif""" + TEST.partition("haproxy h1 -conf {")[2]


def hunted(
    folder: Path,
    ground: Playground,
    bugs: dict[Edit, range],
    *words: str,
    test: str = TEST,
    old: int = 0,
    status: int = 0,
) -> tuple[dict[str, Any], list[str], float]:
    """The report of a hunt over planted *bugs*, the commits, and the seconds of testing.

    *old* is the number of the old end, *status* the exit status.
    """
    commits = plant(folder / "repo.git", ground.path, "v3.0.11", bugs, LENGTH)
    (folder / "path.vtc").write_text(test)
    answer = folder / "answer.json"
    asked = ("run", f"{commits[old]}..master", "--repo", str(folder / "repo.git"))
    test_of_user = words or ("--vtc", str(folder / "path.vtc"))
    done = bisector(*asked, "--json", str(answer), *test_of_user)
    print(done.stdout, done.stderr)
    assert done.returncode == status
    report = json.loads(answer.read_text())
    return report, commits, report["work"]["test_seconds"]


def surveyed(
    folder: Path, ground: Playground, bugs: dict[Edit, range], job: str, *words: str
) -> dict[str, Any]:
    """The report of a survey over planted *bugs*; each commit is a release, number 1 is v3.0.12."""
    commits = plant(folder / "repo.git", ground.path, "v3.0.11", bugs, LENGTH)
    repo = pygit2.Repository(str(folder / "repo.git"))
    for number, commit in enumerate(commits[1:], 12):
        repo.references.create(f"refs/tags/v3.0.{number}", commit)
    (folder / "path.vtc").write_text(TEST)
    answer = folder / "answer.json"
    where = ("--repo", str(folder / "repo.git"), "--json", str(answer))
    test = ("--vtc", str(folder / "path.vtc"))
    done = bisector(job, "v3.0.11..master", *where, *test, *words)
    print(done.stdout, done.stderr)
    report: dict[str, Any] = json.loads(answer.read_text())
    assert "the bug's failure, learnt at v3.0." in done.stdout
    assert "another failure, which is not the bug's" in done.stdout
    return report


def healed(
    folder: Path, ground: Playground, bugs: dict[Edit, range], *words: str
) -> tuple[dict[str, Any], int]:
    """The report on the last of three commits as a fix of the one before, and the exit status.

    The test is TEST unless *words* name a scenario.
    """
    commits = plant(folder / "repo.git", ground.path, "v3.0.11", bugs, 3)
    (folder / "path.vtc").write_text(TEST)
    answer = folder / "answer.json"
    where = ("--repo", str(folder / "repo.git"), "--json", str(answer))
    asked = [word.format(bug=commits[1], fix=commits[2]) for word in words]
    test = () if "--scenario" in words else ("--vtc", str(folder / "path.vtc"))
    done = bisector(*asked, *where, *test)
    print(done.stdout, done.stderr)
    report: dict[str, Any] = json.loads(answer.read_text())
    return report, done.returncode


def found(report: dict[str, Any], commits: list[str], change: str) -> int:
    """The number of the commit that made a *change*, which is proven."""
    assert report[change]["proven"], report[change]["doubt"]
    return suspected(report, commits, change)


def suspected(report: dict[str, Any], commits: list[str], change: str) -> int:
    """The number of the commit that is found to have made a *change*, proven or not."""
    (revision,) = report[change]["revisions"]
    return commits.index(revision["id"])
