"""The jobs of ci/ run step by step, as the servers' runners would, on the playground."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bisector.jobs.playground import Playground
from bisector.system.workspace import Workspace
from tests.support.pipelines import (
    GITHUB,
    GITLAB,
    ROOT,
    Data,
    Machine,
    read,
    run_github,
    run_gitlab,
)

# a branch name is the one text that a stranger may choose
BASE = "3.1;$(touch${IFS}taken-over)"
# what quickstart's stamp sums up, in its order
INGREDIENTS = ("pyproject.toml", "quickstart", "requirements.lock", "requirements-dev.lock")
AUTHOR = ("-c", "user.name=Jo Doe", "-c", "user.email=jo@example.org")


@dataclass(frozen=True)
class Request:
    """A pull request, or a merge request: one commit on top of the base branch (full hashes)."""

    base: str
    head: str


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture(scope="session")
def bisector_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working copy as a repository, with the environment that quickstart would make.

    Its scenarios have two variants each: enough to see what becomes of an answer.
    """
    folder = tmp_path_factory.mktemp("bisector")
    for name in ("bisector", "patches"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in INGREDIENTS:
        shutil.copy(ROOT / name, folder)
    for scenario in folder.glob("bisector/testing/scenarios/*/scenario.toml"):
        whole = scenario.read_text()
        scenario.write_text(re.sub(r"^matrix = .*", 'matrix = ["check"]', whole, flags=re.M))
    venv = tmp_path_factory.mktemp("venv")
    (folder / ".venv").symlink_to(venv)
    (venv / "bin").mkdir()
    (venv / "bin" / "python").symlink_to(sys.executable)
    program = venv / "bin" / "bisector"
    checkout = "${0%/.venv/bin/bisector}"
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH={checkout} exec "{sys.executable}" -m bisector "$@"\n'
    )
    program.chmod(0o755)
    (venv / ".fixed").touch()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, *AUTHOR, "commit", "-q", "-m", "bisector")
    return folder


def vouch_for_environment(repository: Path, checkout: Path) -> None:
    """Leave the stamp that quickstart leaves when the environment of *checkout* is complete."""
    venv = repository / ".venv"
    sources = b"".join((repository / name).read_bytes() for name in INGREDIENTS)
    total = subprocess.run(
        ["cksum"], input=sources, capture_output=True, check=True
    ).stdout.decode()
    python = (venv / "bin" / "python").resolve()
    (venv / ".ready-base").write_text(f"{total}{checkout} {python}\n")


@pytest.fixture(scope="session")
def origin(ground: Playground, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's clone of the playground."""
    path = tmp_path_factory.mktemp("origin") / "haproxy.git"
    git(path.parent, "clone", "-q", "--bare", str(ground.path), str(path))
    return path


def propose(origin: Path, commit: str) -> Request:
    """A request that carries *commit*, on a base branch that went on without it."""
    base, head = git(origin, "rev-parse", f"{commit}~1", commit).split()
    words = ("commit-tree", f"{base}^{{tree}}", "-p", base, "-m", "DOC: go on")
    git(origin, "update-ref", f"refs/heads/{BASE}", git(origin, *AUTHOR, *words))
    git(origin, "update-ref", "refs/pull/1/head", head)
    return Request(base, head)


@pytest.fixture
def machine(
    tmp_path: Path, origin: Path, real_workspace: Workspace, bisector_repository: Path
) -> Machine:
    made = Machine(tmp_path / "runner", origin, real_workspace.root)
    vouch_for_environment(bisector_repository, made.work / ".bisector" / "tool")
    return made


@dataclass(frozen=True)
class Server:
    """What both servers do with a request: tell the job of it, and run it."""

    machine: Machine
    bisector: str

    def verify_on_github(self, asked: Request, **adapted: str) -> int:
        event = {"pull_request": {"head": {"sha": asked.head}}}
        github = {"run_id": 1, "run_attempt": 1, "base_ref": BASE, "event": event}
        return self._github("verify-backport", {"github": github}, adapted)

    def backport_on_github(self, commit: str, branches: str) -> int:
        run = {"run_id": 1, "run_attempt": 1}
        inputs = {"commit": commit, "branches": branches}
        return self._github("backport", {"github": run, "inputs": inputs}, {})

    def verify_on_gitlab(self, asked: Request) -> int:
        base = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": asked.base}
        return self._gitlab("verify-backport", {"CI_COMMIT_SHA": asked.head, **base})

    def backport_on_gitlab(self, commit: str, branches: str) -> int:
        asked = {"BACKPORT_COMMIT": commit, "BACKPORT_BRANCHES": branches}
        return self._gitlab("backport", {"CI_COMMIT_SHA": "HEAD", **asked})

    def _github(self, name: str, context: Data, adapted: Mapping[str, str]) -> int:
        env = {"BISECTOR_REPOSITORY": self.bisector, **adapted}
        seen = {"runner": {"os": "Linux"}, **context}
        return run_github(read(GITHUB / f"{name}.yml"), name, self.machine, seen, env)

    def _gitlab(self, name: str, given: Mapping[str, str]) -> int:
        pipeline = read(GITLAB / "verify-backport.yml")
        return run_gitlab(
            pipeline, name, self.machine, {"BISECTOR_REPOSITORY": self.bisector, **given}
        )


@pytest.fixture
def server(machine: Machine, bisector_repository: Path) -> Server:
    return Server(machine, bisector_repository.as_uri())


def failures(junit: Path) -> int:
    return int(ET.parse(junit).getroot().attrib["failures"])


def reports(stem: str) -> set[str]:
    return {f"reports/{stem}.{form}" for form in ("xml", "md", "html", "json")}


def test_on_github_a_pull_request_with_the_fix_passes(
    server: Server, machine: Machine, origin: Path, ground: Playground
) -> None:
    status = server.verify_on_github(propose(origin, ground.heal))

    assert status == 0, machine.log
    assert "Verified: fixes dns-flap" in machine.summary
    assert machine.artifacts == reports("verify")
    assert failures(machine.artifact("reports/verify.xml")) == 0
    assert "ca-certificates git" in machine.asked
    assert not list(machine.folder.rglob("taken-over*")), "a branch's name is not run"


def test_on_github_a_pull_request_that_breaks_fails_and_leaves_its_reports(
    server: Server, machine: Machine, origin: Path, ground: Playground
) -> None:
    status = server.verify_on_github(propose(origin, ground.regression))

    assert status == 1, machine.log
    assert "breaks dns-flap" in machine.summary
    assert machine.artifacts == reports("verify")
    assert failures(machine.artifact("reports/verify.xml")) > 0


def test_on_github_one_that_has_nothing_to_do_with_the_bug_is_not_called_verified(
    server: Server, machine: Machine, origin: Path
) -> None:
    status = server.verify_on_github(propose(origin, "v3.1-dev3"))

    assert status == 1, machine.log
    assert "not needed at any revision" in machine.summary


def test_on_github_a_question_without_an_answer_says_where_to_look(
    server: Server, machine: Machine, origin: Path, ground: Playground
) -> None:
    asked = propose(origin, ground.heal)

    assert server.verify_on_github(asked, BISECTOR_SCENARIO="nonsense") == 2
    assert "no answer" in machine.summary
    assert "nonsense" in machine.log
    assert machine.artifacts == set()


def test_on_gitlab_a_merge_request_with_the_fix_passes(
    server: Server, machine: Machine, origin: Path, ground: Playground
) -> None:
    status = server.verify_on_gitlab(propose(origin, ground.heal))

    assert status == 0, machine.log
    assert "### Verified: fixes dns-flap" in machine.log, "the summary is printed"
    assert machine.artifacts == reports("bisector")
    assert failures(machine.artifact("reports/bisector.xml")) == 0
    assert "ca-certificates git" in machine.asked


def test_on_gitlab_a_merge_request_that_breaks_fails_and_leaves_its_reports(
    server: Server, machine: Machine, origin: Path, ground: Playground
) -> None:
    status = server.verify_on_gitlab(propose(origin, ground.regression))

    assert status == 1, machine.log
    assert "breaks dns-flap" in machine.log
    assert machine.artifacts == reports("bisector")
    assert failures(machine.artifact("reports/bisector.xml")) > 0


def test_on_github_a_fix_is_ported_on_demand(
    server: Server, machine: Machine, origin: Path, ground: Playground
) -> None:
    propose(origin, ground.heal)
    status = server.backport_on_github(ground.heal, f"origin/{BASE},v3.0.11")
    check_port(status, machine, "backport")
    assert "not needed" in machine.summary
    assert not list(machine.folder.rglob("taken-over*")), "what is typed in is not run"


def test_on_gitlab_a_fix_is_ported_on_demand(
    server: Server, machine: Machine, origin: Path, ground: Playground
) -> None:
    propose(origin, ground.heal)
    status = server.backport_on_gitlab(ground.heal, f"origin/{BASE},v3.0.11")
    check_port(status, machine, "bisector")


def check_port(status: int, machine: Machine, stem: str) -> None:
    """One branch needs the fix, the other does not."""
    assert status == 0, machine.log
    (patch,) = machine.artifacts - reports(stem)
    assert patch.startswith("patches/") and patch.endswith(".patch")
    assert "BUG/MEDIUM: server/dns" in machine.artifact(patch).read_text()
