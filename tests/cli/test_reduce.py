"""`bisector reduce`: a mistake in its options is one line, before anything is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.clone import Clone
from tests.support.shell import Shell

ENDS = ("--bad", "v3.1.0", "--good", "v3.0.0")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a clone with two releases, and files to name."""
    clone = Clone(tmp_path)
    for name in ("v3.0.0", "v3.1.0"):
        clone.tag(name, clone.commit({"src/a.c": f"/* {name} */\n"}))
    (tmp_path / "x.cfg").write_text("global\n")
    (tmp_path / "empty.cfg").write_text("\n")
    (tmp_path / "binary.cfg").write_bytes(b"\0\1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--config", "x.cfg"), "reduce needs two revisions"),
        (("--config", "x.cfg", "--bad", "v3.1.0"), "reduce needs two revisions"),
        ((*ENDS,), "the test 'dns-flap' has no file to reduce"),
        ((*ENDS, "--command", "true"), "the test 'true' has no file to reduce"),
        ((*ENDS, "--config", "nonesuch.cfg"), "cannot read nonesuch.cfg"),
        ((*ENDS, "--config", "empty.cfg"), "it is empty"),
        ((*ENDS, "--config", "binary.cfg"), "it is no text"),
        ((*ENDS, "--config", "x.cfg", "nonesuch"), "cannot read nonesuch"),
        ((*ENDS, "--config", "x.cfg", "empty.cfg"), "empty.cfg is no file of the test"),
        ((*ENDS, "--config", "x.cfg", "a", "b"), "too few or too many arguments"),
        ((*ENDS, "--config", "x.cfg", "--out", "x.cfg"), "it is a file of the test"),
        ((*ENDS, "--config", "x.cfg", "--out", "none/x"), "there is no folder none"),
        ((*ENDS, "--config", "x.cfg", "--scenario", "dns-flap"), "does not take --scenario"),
        ((*ENDS, "--config", "x.cfg", "--patch", "x"), "does not take --patch"),
        ((*ENDS, "--config", "x.cfg", "--cluster", "tcp://127.0.0.1:1"), "does not take --cluster"),
        ((*ENDS, "--build"), "does not take --build"),
        (("--bad", "v3.1.0", "--good", "v9", "--config", "x.cfg"), "v9"),
        (("--bad", "v3.1.0", "--good", "master", "--config", "x.cfg"), "are one commit"),
        *(
            ((*ENDS, "--config", "x.cfg", "--time", minutes), f"--time {minutes}: a number")
            for minutes in ("0", "-1", "nan", "inf", "ten", "")
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_done_is_said_in_one_line(
    shell: Shell, folder: Path, words: tuple[str, ...], said: str
) -> None:
    assert shell("reduce", *words) == 2
    assert said in shell.complaint()
