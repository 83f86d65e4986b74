"""The form of the help: grouped options, each with one description and one default, short lines."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from bisector.build.toolchains import TOOLCHAINS
from bisector.cli import COMMANDS, Bisector, main
from bisector.cli.command import Command
from bisector.cli.help import Group, option

EVERY = ("", *COMMANDS)
_HEADING = re.compile(r"^(\S.*):$", re.M)
_OPTION = re.compile(r"^  (?:-\w, )?(--[\w-]+)", re.M)


def made(name: str) -> Command:
    """The command *name*, or bisector itself for ''."""
    root = Bisector("bisector")
    command = root._subcommands[name].get()(f"bisector {name}") if name else root
    assert isinstance(command, Command)
    return command


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shown:
    return Shown(capsys, monkeypatch)


class Shown:
    """The help of a command as it is printed on a terminal of some width."""

    def __init__(
        self, capture: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self._capture = capture
        self._monkeypatch = monkeypatch

    def __call__(self, name: str, columns: int = 80) -> str:
        self._monkeypatch.setenv("COLUMNS", str(columns))
        assert main(["bisector", *filter(None, [name]), "--help"]) == 0
        return self._capture.readouterr().out


def descriptions(text: str) -> dict[str, str]:
    """The description of each option in a help *text*, on one line."""
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if match := _OPTION.match(line):
            name = match[1]
            assert name not in found
            found[name] = line[30:]
        elif name and line.startswith(" " * 30):
            found[name] = f"{found[name]} {line.strip()}".strip()
        else:
            name = ""
    return found


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(("columns", "limit"), [(80, 80), (100, 100), (300, 100), (20, 60)])
def test_lines_fit_the_terminal_and_are_never_longer_than_100(
    shown: Shown, name: str, columns: int, limit: int
) -> None:
    assert [line for line in shown(name, columns).splitlines() if len(line) > limit] == []


@pytest.mark.parametrize("name", EVERY)
def test_every_option_is_described_in_a_group(shown: Shown, name: str) -> None:
    text, command = shown(name), made(name)
    accepted = command._switches_by_name.keys() - command.REFUSED - {"h", "v"}
    described = descriptions(text)
    assert described.keys() == {f"--{one}" for one in accepted}
    assert [one for one, said in described.items() if len(said.split()) < 2] == []
    headings = [one for one in _HEADING.findall(text) if one in list(Group)]
    assert all(list(Group).index(one) < list(Group).index(two) for one, two in pairwise(headings))
    assert headings[-1] == Group.GENERAL


@pytest.mark.parametrize("name", EVERY)
def test_a_default_is_said_once(shown: Shown, name: str) -> None:
    described = descriptions(shown(name))
    assert [one for one, said in described.items() if said.count("default") > 1] == []
    infos = {f"--{one}": info for one, info in made(name)._switches_by_name.items()}
    with_default = [one for one in described if getattr(infos[one].func, "_default_value", None)]
    assert [one for one in with_default if "(default: " not in described[one]] == []


def test_plumbum_adds_no_second_default() -> None:
    made = option("--x", "X", "an option (default: y)", Group.TEST, default="y")
    assert made._switch_info.help == "an option (default: y)"
    assert made._default_value == "y"


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(
    "noise", ["for more info", ":str", "SWITCHES", "Meta-switches", "the default is"]
)
def test_plumbums_own_form_is_not_used(shown: Shown, name: str, noise: str) -> None:
    assert noise not in shown(name)


@pytest.mark.parametrize("name", EVERY)
def test_arguments_and_exit_statuses_are_explained(shown: Shown, name: str) -> None:
    text = shown(name)
    usage, _, rest = text.partition("\n")
    arguments = re.findall(r"\b[A-Z]{3,}\b", usage.replace("[OPTIONS]", ""))
    assert [argument for argument in arguments if name and argument not in rest] == []
    assert re.search(r"^Exit status:\n  \d+ +\S", text, re.M)


def test_each_command_is_one_line(shown: Shown) -> None:
    lines = shown("").splitlines()
    begin = lines.index("Commands:") + 1
    listed = lines[begin : lines.index("", begin)]
    assert [line.split()[0] for line in listed] == list(COMMANDS)
    assert [line for line in listed if not re.match(r"  [a-z]+ +[A-Z]\w+ \w+", line)] == []


def test_related_options_stand_together_in_the_order_of_their_use(shown: Shown) -> None:
    order = list(descriptions(shown("run")))
    assert order[:3] == ["--scenario", "--set", "--vtc"]
    assert order[-2:] == ["--help", "--version"]
    first = order.index("--cluster")
    assert order[first + 2 : first + 5] == ["--tls-ca", "--tls-cert", "--tls-key"]


@pytest.mark.parametrize("name", ["sweep", "backport"])
def test_an_option_that_is_refused_is_not_listed(shown: Shown, name: str) -> None:
    assert "--patch" not in shown(name)
    assert "--patch" in shown("run")


def test_every_toolchain_is_described(shown: Shown) -> None:
    described = descriptions(shown("run"))["--toolchain"]
    kinds = TOOLCHAINS.values()
    assert [one for one in kinds if f"{one.name}: {one.description}" not in described] == []
