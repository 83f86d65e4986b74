"""`bisector completions`: what the shells propose are the commands and options that there are."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bisector.cli import COMMANDS, Bisector
from bisector.cli.command import Command
from bisector.cli.help import switches
from bisector.report.completions import SHELLS
from bisector.testing import scenario_loader
from tests.support.shell import Shell

# a word of each kind of place, and what is proposed for it
PLACES = {
    "bisector ": set(COMMANDS),
    "bisector sce": {"scenarios"},
    "bisector sweep --ev": {"--every"},
    "bisector run --sandbox ": {"auto", "require", "off"},
    "bisector run a..b --confirm d": {"dev"},
    "bisector probe --scenario dns-f": {"dns-flap", "dns-false-up"},
    "bisector regtest ": set(scenario_loader.bundled()),
    "bisector scenarios dns-fl": {"dns-flap"},
    "bisector completions ": set(SHELLS),
    "bisector run --nonesuch": set(),
    "bisector nonesuch --": set(),
}


@pytest.fixture
def script(shell: Shell, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    assert shell("completions", request.param) == 0
    assert shell.err == ""
    path = tmp_path / f"bisector.{request.param}"
    path.write_text(shell.out)
    return path


def run(*words: str | Path, cwd: Path) -> str:
    if not shutil.which(words[0]):
        pytest.skip(f"no {words[0]} on this machine")
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def accepted(name: str) -> set[str]:
    """The long options that the command *name* accepts."""
    command = Bisector("bisector")._subcommands[name].get()(name)
    assert isinstance(command, Command)
    return {f"--{max(one.names, key=len)}" for one in switches(command)}


@pytest.mark.parametrize("script", ["bash"], indirect=True)
@pytest.mark.parametrize("line", PLACES)
def test_bash_proposes_what_can_stand_there(script: Path, line: str) -> None:
    words = line.split(" ")
    array = " ".join(f"'{word}'" for word in words)
    ask = f'COMP_WORDS=({array}) COMP_CWORD={len(words) - 1}; _bisector; echo "${{COMPREPLY[@]}}"'
    found = run("bash", "-c", f'source "$0"; {ask}', script, cwd=script.parent)
    assert set(found.split()) == PLACES[line]


@pytest.mark.parametrize("script", ["fish"], indirect=True)
@pytest.mark.parametrize("line", [line for line, words in PLACES.items() if words])
def test_fish_proposes_what_can_stand_there(script: Path, line: str) -> None:
    text = run("fish", "-c", f"source {script}; complete -C '{line}'", cwd=script.parent)
    assert {found.split("\t")[0] for found in text.splitlines()} >= PLACES[line]


@pytest.mark.parametrize("script", SHELLS, indirect=True)
def test_a_shell_can_read_its_script(script: Path) -> None:
    assert run(script.suffix[1:], "-n", script, cwd=script.parent) == ""


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("script", ["zsh"], indirect=True)
def test_zsh_gets_the_options_of_each_command(script: Path, name: str) -> None:
    _, _, rest = script.read_text().partition(f"\n    {name})\n")
    specs = rest.partition("\n        ;;")[0]
    assert set(re.findall(r"^ +'\*?(--[\w-]+)[\['=]", specs, re.M)) == accepted(name)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("script", ["bash"], indirect=True)
def test_bash_gets_the_options_of_each_command(script: Path, name: str) -> None:
    _, _, rest = script.read_text().partition(f"\n        {name})\n")
    (options,) = re.findall(r"== -\* \]\]; then words='([^']*)'", rest.partition("esac")[0])
    assert set(options.split()) == accepted(name)
