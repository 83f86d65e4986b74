"""The workflows in ci/, read and run as the servers' runners do it, as far as bisector goes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / "ci" / "github"
GITLAB = ROOT / "ci" / "gitlab"
SECONDS = 1500.0

Data = dict[str, Any]
_EXPRESSION = re.compile(r"\$\{\{ *([\w.]+) *\}\}")
_VARIABLE = re.compile(r"\$(\w+)")


def read(path: Path) -> Data:
    """A workflow. Its key `on` is YAML 1.1's word for true."""
    found: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {"on" if key is True else key: value for key, value in found.items()}


def filled(text: object, context: Data) -> str:
    """*text* with GitHub's expressions, paths only, looked up in *context*."""

    def look_up(found: re.Match[str]) -> str:
        value: Any = context
        for name in found[1].split("."):
            value = value[name]
        return str(value)

    result = _EXPRESSION.sub(look_up, str(text))
    assert "${{" not in result, f"an expression that the runner does not know: {result}"
    return result


@dataclass
class Machine:
    """A runner's machine: the job's folder ``work``, a home, and no system that apt could change.

    ``origin`` is the server's repository, ``cached`` the workspace that the cache holds, ``log``
    what the scripts printed.
    """

    folder: Path
    origin: Path
    cached: Path
    log: str = ""
    work: Path = field(init=False)

    def __post_init__(self) -> None:
        self.work = self.folder / "work"
        for name in ("work", "home", "bin", "artifacts"):
            (self.folder / name).mkdir(parents=True)
        apt = self.folder / "bin" / "apt-get"
        apt.write_text(f'#!/bin/sh\necho "$*" >>{self.folder / "asked"}\n')
        apt.chmod(0o755)

    @property
    def asked(self) -> str:
        """What apt-get was asked for."""
        return (self.folder / "asked").read_text()

    @property
    def summary(self) -> str:
        """What GitHub would show on the run's page."""
        return (self.folder / "summary.md").read_text()

    @property
    def artifacts(self) -> set[str]:
        """The files that were uploaded."""
        kept = self.folder / "artifacts"
        return {str(path.relative_to(kept)) for path in kept.rglob("*") if path.is_file()}

    def artifact(self, name: str) -> Path:
        return self.folder / "artifacts" / name

    def check_out(self, commit: str) -> None:
        """All branches below origin/, all tags, and the commit as a detached head."""
        self._git("clone", "-q", "--no-checkout", str(self.origin), ".")
        self._git("fetch", "-q", "origin", commit)
        self._git("checkout", "-q", "--detach", commit)

    def restore(self, path: str) -> None:
        (self.work / path).parent.mkdir(exist_ok=True)
        (self.work / path).symlink_to(self.cached)

    def save(self, path: str) -> None:
        assert (self.work / path / "binaries").is_dir(), "this is where bisector worked"

    def upload(self, path: str) -> None:
        """Keep a folder. GitHub takes no hidden ones; both only warn of what is not there."""
        assert not any(part.startswith(".") for part in Path(path).parts)
        if (self.work / path).exists():
            shutil.copytree(self.work / path, self.artifact(path))

    def run(self, script: str, env: Mapping[str, str]) -> int:
        """Run *script* as GitHub's `shell: bash` and GitLab's runner do; its exit status."""
        home = {"HOME": str(self.folder / "home"), "CI": "true"}
        path = {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"}
        file = self.folder / "script.sh"
        file.write_text(script)
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(file)],
            cwd=self.work,
            env=home | path | dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        self.log += done.stdout
        return done.returncode

    def _git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self.work, check=True)


# -- GitHub --------------------------------------------------------------------------------------


def run_github(
    workflow: Data, name: str, machine: Machine, context: Data, env: Mapping[str, str]
) -> int:
    """The exit status of the step of job *name* that fails, else 0.

    After that only the steps that always run do. *context* is what expressions see, *env* what
    whoever installed the workflow wrote at its head.
    """
    summary = machine.folder / "summary.md"
    runner = {"GITHUB_WORKSPACE": str(machine.work), "GITHUB_STEP_SUMMARY": str(summary)}
    variables = runner | workflow["env"] | env
    failed = 0
    for step in workflow["jobs"][name]["steps"]:
        if failed and step.get("if") != "always()":
            continue
        if "uses" in step:
            given = {key: filled(value, context) for key, value in step.get("with", {}).items()}
            _ACTIONS[step["uses"].partition("@")[0]](machine, given)
            continue
        own = {key: filled(value, context) for key, value in step.get("env", {}).items()}
        failed = machine.run(step["run"], variables | own) or failed
    return failed


def _checkout(machine: Machine, given: Mapping[str, str]) -> None:
    assert given["fetch-depth"] == "0"
    machine.check_out(given.get("ref", "HEAD"))


def _upload(machine: Machine, given: Mapping[str, str]) -> None:
    for path in given["path"].split():
        machine.upload(path)


_ACTIONS: Mapping[str, Callable[[Machine, Mapping[str, str]], None]] = {
    "actions/checkout": _checkout,
    "actions/cache/restore": lambda machine, given: machine.restore(given["path"]),
    "actions/cache/save": lambda machine, given: machine.save(given["path"]),
    "actions/upload-artifact": _upload,
}


# -- GitLab --------------------------------------------------------------------------------------


def gitlab_job(pipeline: Data, name: str) -> Data:
    """Job *name* with what it extends."""
    job: Data = pipeline[name]
    return _merged(gitlab_job(pipeline, job["extends"]), job) if "extends" in job else job


def _merged(below: Data, above: Data) -> Data:
    both = {key: _merged(below[key], above[key]) for key in _folders(below, above)}
    return below | above | both


def _folders(below: Data, above: Data) -> Iterator[str]:
    return (key for key in below if isinstance(below[key], dict) and key in above)


def run_gitlab(pipeline: Data, name: str, machine: Machine, given: Mapping[str, str]) -> int:
    """The exit status of job *name*; *given* are the server's and the project's variables."""
    job = gitlab_job(pipeline, name)
    assert job["variables"]["GIT_DEPTH"] == "0"
    known = {"CI_PROJECT_DIR": str(machine.work), **given}
    own = {
        key: _VARIABLE.sub(lambda v: known[v[1]], text) for key, text in job["variables"].items()
    }
    variables = pipeline["variables"] | own | known
    machine.check_out(given["CI_COMMIT_SHA"])
    for path in job["cache"]["paths"]:
        machine.restore(path)
    status = machine.run("\n".join([*job["before_script"], *job["script"]]), variables)
    machine.run("\n".join(job["after_script"]), variables)
    for path in job["cache"]["paths"]:
        machine.save(path)
    for path in job["artifacts"]["paths"]:
        machine.upload(path)
    return status
