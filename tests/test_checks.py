"""What keeps the sources in order: the checks themselves."""

from __future__ import annotations

import yaml

from tests.support.supply import ROOT


def test_before_a_commit_the_same_is_asked_as_by_quickstart() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (repo,) = config["repos"]
    assert repo["repo"] == "local", "nothing is fetched"
    hooks = [hook["entry"].removeprefix(".venv/bin/") for hook in repo["hooks"]]

    script = (ROOT / "quickstart").read_text(encoding="utf-8")
    body = script.partition("check_sources() {\n")[2].partition("}\n")[0]
    checks = [line.strip().removeprefix("expect ") for line in body.splitlines()]

    # pre-commit names the files
    assert [hook.replace(" --force-exclude", " .") for hook in hooks] == checks
