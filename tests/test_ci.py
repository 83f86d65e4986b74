"""The workflows in ci/: well-formed, and written so that no pull request can take them over."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.pipelines import GITHUB, GITLAB, Data, filled, gitlab_job, read

WORKFLOWS = sorted(GITHUB.glob("*.yml"))
PIPELINE = GITLAB / "verify-backport.yml"

each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def steps(path: Path) -> Iterator[Data]:
    for job in read(path)["jobs"].values():
        yield from job["steps"]


def uses(path: Path, action: str) -> list[Data]:
    return [step for step in steps(path) if step.get("uses", "").startswith(f"{action}@")]


@pytest.mark.parametrize(
    "words",
    [
        *(("vendor.github-workflows", str(path)) for path in WORKFLOWS),
        ("vendor.gitlab-ci", "--data-transform", "gitlab-ci", str(PIPELINE)),
    ],
    ids=lambda words: Path(words[-1]).parent.name + "-" + Path(words[-1]).stem,
)
def test_the_servers_schemas_accept_it(words: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@each_workflow
def test_a_workflow_may_read_and_nothing_else(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in workflow["jobs"].values())
    assert "secrets" not in path.read_text()
    assert "pull_request_target" not in workflow["on"]


@each_workflow
def test_no_expression_is_pasted_into_a_script(path: Path) -> None:
    """What a pull request can choose comes in by variables, which the shell does not parse."""
    scripts = [step["run"] for step in steps(path) if "run" in step]
    assert scripts
    assert not any("${{" in script for script in scripts)


@each_workflow
def test_nothing_is_left_to_chance_or_to_the_next_step(path: Path) -> None:
    (checkout,) = uses(path, "actions/checkout")
    assert checkout["with"]["persist-credentials"] is False
    assert checkout["with"]["fetch-depth"] == 0
    for step in steps(path):
        assert re.fullmatch(r"actions/[\w/-]+@v\d+", step.get("uses", "actions/none@v1"))
    for job in read(path)["jobs"].values():
        assert job["timeout-minutes"] <= 120
        assert job["defaults"]["run"]["shell"] == "bash", (
            "a container's own is sh, without pipefail"
        )


@each_workflow
def test_what_was_found_out_is_kept_however_the_job_ends(path: Path) -> None:
    *_, summary, upload, save = steps(path)
    assert "GITHUB_STEP_SUMMARY" in summary["run"]
    assert upload["uses"].startswith("actions/upload-artifact@")
    assert save["uses"].startswith("actions/cache/save@")
    assert [step["if"] for step in (summary, upload, save)] == ["always()"] * 3
    assert not any("if" in step for step in list(steps(path))[:-3])


@each_workflow
def test_the_cache_is_the_workspace(path: Path) -> None:
    (restore,), (save,) = uses(path, "actions/cache/restore"), uses(path, "actions/cache/save")
    workspace = read(path)["env"]["BISECTOR_WORKSPACE"]
    assert restore["with"]["path"] == save["with"]["path"] == workspace
    assert restore["with"]["key"] == save["with"]["key"]
    github = {"base_ref": "master", "run_id": 12, "run_attempt": 1}
    key, *prefixes = (
        filled(text, {"runner": {"os": "Linux"}, "github": github})
        for text in (save["with"]["key"], *restore["with"]["restore-keys"].splitlines())
    )
    assert key.endswith("-12-1"), "a cache is never overwritten, so each run has its own"
    assert prefixes and all(key.startswith(prefix) for prefix in prefixes)


def test_the_pull_requests_that_claim_to_fix_the_bug_are_verified_and_no_others() -> None:
    workflow = read(GITHUB / "verify-backport.yml")
    assert workflow["on"] == {
        "pull_request": {
            "types": ["opened", "synchronize", "reopened", "labeled"],
            "paths": ["src/**", "include/**", "Makefile"],
        }
    }
    (job,) = workflow["jobs"].values()
    assert job["if"] == "contains(github.event.pull_request.labels.*.name, 'verify-backport')"
    assert workflow["concurrency"]["cancel-in-progress"] is True
    rule = gitlab_job(read(PIPELINE), "verify-backport")["rules"]
    assert rule == [
        {
            "if": "$CI_MERGE_REQUEST_LABELS =~ /(^|,)verify-backport(,|$)/",
            "changes": ["src/**/*", "include/**/*", "Makefile"],
        }
    ]


def test_backports_are_made_on_demand_only() -> None:
    assert list(read(GITHUB / "backport.yml")["on"]) == ["workflow_dispatch"]
    (rule,) = gitlab_job(read(PIPELINE), "backport")["rules"]
    assert rule["if"] == '$CI_PIPELINE_SOURCE == "web" && $BACKPORT_COMMIT'


@pytest.mark.parametrize("name", ["verify-backport", "backport"])
def test_gitlab_keeps_the_workspace_and_the_reports_of_failed_jobs(name: str) -> None:
    job = gitlab_job(read(PIPELINE), name)
    assert job["cache"]["when"] == job["artifacts"]["when"] == "always"
    (cached,) = job["cache"]["paths"]
    assert job["variables"]["BISECTOR_WORKSPACE"] == f"$CI_PROJECT_DIR/{cached}"
    junit = job["artifacts"]["reports"]["junit"]
    assert f"--junit {junit} " in job["script"][-1]
    assert f"{Path(junit).parent}/" in job["artifacts"]["paths"]
    assert {"image", "timeout", "before_script", "after_script"} <= set(job)
