"""The documentation: working links, every command and option described, versions that agree."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bisector import __version__
from bisector.cli import Bisector

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("ci/*.md")))
MOST_LINES = 150  # of README.md
COMMANDS = Bisector("bisector")._subcommands
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def prose(text: str) -> str:
    """*text* without blocks of code."""
    return re.sub(r"^(?:```.*?^```|    .*?)$", "", text, flags=re.M | re.S)


def anchors(text: str) -> set[str]:
    """What a link can name behind its #, as GitHub and GitLab make it of headings."""
    headings = re.findall(r"^#+ (.*)$", prose(text), re.M)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


def broken_links(page: Path) -> Iterator[str]:
    """The relative links of *page* that lead nowhere."""
    for link in _LINK.findall(prose(page.read_text(encoding="utf-8"))):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if "://" in link:
            continue
        if not target.exists() or (
            anchor and anchor not in anchors(target.read_text(encoding="utf-8"))
        ):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    assert list(broken_links(page)) == []


def test_a_link_that_leads_nowhere_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A `b`, c\n[1](#a-b-c) [2](#a) [3](page.md) [4](gone.md) [5](https://gone.example)\n"
        "```\n# no heading\n[6](gone.md)\n```\n[7](page.md#no-heading)\n\n    [8](gone.md)\n"
    )
    assert list(broken_links(page)) == ["#a", "gone.md", "page.md#no-heading"]


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_readme_lists_every_command() -> None:
    listed = re.findall(r"^\| `bisector ([a-z]+)", (ROOT / "README.md").read_text("utf-8"), re.M)
    assert sorted(listed) == sorted(COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_option_is_described(command: str) -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    switches = COMMANDS[command].get()(command)._switches_by_name
    inherited = Bisector("bisector")._switches_by_name
    options = {f"--{name}" for name in switches if len(name) > 1 and name not in inherited}
    assert {option for option in options if not re.search(rf"{option}\b", page)} == set()


def test_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    newest = re.search(r"^## (\d\S*)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert newest
    assert project["version"] == __version__ == newest[1]
