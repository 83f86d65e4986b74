"""Loads are read from TOML, and mistakes in one are said with its path."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.errors import ScenarioProblem
from bisector.testing import load as loads


def own(folder: Path, text: str) -> str:
    (folder / "haproxy.cfg").write_text("frontend fe\n")
    (folder / "my.toml").write_text('title = "mine"\n' + text)
    return str(folder / "my.toml")


FILES = 'files = { "haproxy.cfg" = "haproxy.cfg" }\n'


@pytest.mark.parametrize("name", loads.bundled())
def test_each_bundled_load_renders(name: str) -> None:
    load = loads.load(name)
    assert "${listener}" in dict(load.files)[loads.CONFIG]
    assert load.has_origin is any("server s1" in text for _, text in load.files) or not (
        load.client.uses_h2load
    )


def test_an_own_load_brings_its_client(tmp_path: Path) -> None:
    text = FILES + '[client]\ncommand = "ab -n {requests} http://127.0.0.1:{port}/"\n'
    load = loads.load(own(tmp_path, text))
    assert load.client.words("h2load")[:3] == ["ab", "-n", "{requests}"]
    assert not load.client.uses_h2load


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("request = 5\n", "unknown key 'request'"),
        ("requests = 0\n", "'requests' is 0"),
        ('requests = "many"\n', "Expected `int`"),
        (FILES + '[client]\nprotocol = "spdy"\n', "Invalid enum value 'spdy'"),
        (FILES + '[client]\ncommand = "ab -n 5"\n', "lacks {requests}"),
        ('files = { "x" = "haproxy.cfg" }\n', "needs 'haproxy.cfg'"),
        ("title = 3", "is not TOML"),
    ],
)
def test_a_mistake_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ScenarioProblem) as problem:
        loads.load(own(tmp_path, text))
    assert said in str(problem.value) and "my.toml" in str(problem.value)


def test_an_unknown_name_lists_those_there_are() -> None:
    with pytest.raises(ScenarioProblem, match="http1, checks"):
        loads.load("nonesuch")
