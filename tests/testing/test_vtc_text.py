"""The text of a case, changed so that HAProxy runs on, or does the same again."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.errors import ScenarioProblem
from bisector.testing import vtc_text

CASE = """\
varnishtest "a title # no comment"
# a comment { with a brace
feature ignore_unknown_macro

server s1 {
    rxreq # "
    txresp
} -start

haproxy h1 -conf {
    frontend f
        bind "fd@${f}"
} \\
    -start

client c1 -connect ${h1_f_sock} {
    txreq -hdr "a: }"
} -run
server s1 -wait
"""


def test_a_case_is_split_into_its_commands() -> None:
    words = [command.split()[:2] for command in vtc_text.commands(CASE.replace("a: }", "a"))]
    assert words == [
        ["varnishtest", '"a'],
        ["feature", "ignore_unknown_macro"],
        ["server", "s1"],
        ["haproxy", "h1"],
        ["client", "c1"],
        ["server", "s1"],
    ]


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("", []),
        ("a", ["a"]),
        ("a {\n", ["a {"]),  # VTest refuses it
        ('a "\n" b\nc', ['a "\n" b', "c"]),
        ('a "x', ['a "x']),
        (r'a "\"" b', [r'a "\"" b']),
        ("a \\\n b\nc", ["a \\\n b", "c"]),
        ("#a\nb", ["b"]),
        ("b\n#a", ["b"]),
        ("a # b {\nc", ["a # b {\nc"]),
    ],
)
def test_odd_texts_are_split_as_vtest_does(text: str, commands: list[str]) -> None:
    assert list(vtc_text.commands(text)) == commands


def test_after_the_last_command_all_goes_on() -> None:
    assert vtc_text.lingering("a\n\n", 2.5) == "a\n\ndelay 2.5\n"


def test_what_comes_after_haproxy_s_start_is_repeated() -> None:
    text = CASE.replace("a: }", "a")
    again = list(vtc_text.commands(vtc_text.repeated(text, 4, 2, "shell {measure}")))
    firsts = [command.split()[0] for command in again]
    assert firsts == [
        *("varnishtest", "feature", "server", "haproxy"),
        *("client", "client", "shell", "client", "client", "shell"),
    ]


def test_a_server_goes_on_to_take_connections_and_is_not_waited_for() -> None:
    text = vtc_text.repeated(CASE.replace("a: }", "a"), 2, 1, "shell {measure}")
    assert f"}} -repeat {vtc_text.ENDLESS} -start" in text
    assert "-wait" not in text


@pytest.mark.parametrize("server", ["server s1 -repeat 3 {} -start", "server s1 {} -dispatch"])
def test_a_server_that_says_how_often_keeps_that(server: str) -> None:
    text = f"{server}\nhaproxy h1 -conf {{}} -start\nclient c1 -run\n"
    assert vtc_text.repeated(text, 1, 1, "m").startswith(f"{server}\n")


@pytest.mark.parametrize("text", ["", "client c1 -run", "haproxy h1 -conf {} -start\n# end\n"])
def test_a_case_that_ends_with_haproxy_s_start_cannot_be_repeated(text: str) -> None:
    with pytest.raises(ScenarioProblem, match="nothing to repeat"):
        vtc_text.repeated(text, 2, 1, "m")


def test_files_beside_a_case_are_found_from_another_folder() -> None:
    assert vtc_text.moved("lua-load ${testdir}/a.lua", r"/x\1") == r"lua-load /x\1/a.lua"


# --- included files -------------------------------------------------------------------------------


def test_included_files_take_the_place_of_the_commands(tmp_path: Path) -> None:
    folder = tmp_path / "source" / "reg-tests" / "quic"
    for name, text in (
        ("quic/a.vtci", "server s1 {\n    include x\n} -start\ninclude ${testdir}/b.vtci\n"),
        ("quic/b.vtci", "# b"),
        ("ssl/c.vtci", 'crt "${testdir}/c.pem"'),
    ):
        path = folder.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    case = 'vtest "x"\ninclude ${testdir}/a.vtci "${testdir}/../ssl/c.vtci"\nclient c1 -run\n'
    assert vtc_text.inlined(case, folder) == (
        'vtest "x"\nserver s1 {\n    include x\n} -start\n# b\n\ncrt "${testdir}/c.pem"\n'
        "client c1 -run\n"
    )


@pytest.mark.parametrize(
    "line",
    [
        "include ${testdir}/gone.vtci",
        "include ${tmpdir}/a.vtci",
        "include /etc/hostname",
        "include ${testdir}/own/a.vtci # not a name",
        "    include ${testdir}/own/a.vtci",
        "# include ${testdir}/own/a.vtci",
        "include ${testdir}/../secret",
        "include ${testdir}/link",
    ],
)
def test_any_other_include_stays(tmp_path: Path, line: str) -> None:
    folder = tmp_path / "tests"
    (folder / "own").mkdir(parents=True)
    (folder / "own/a.vtci").write_text("a")
    (tmp_path / "secret").write_text("key")
    (folder / "link").symlink_to(tmp_path / "secret")
    assert vtc_text.inlined(f"{line}\n", folder) == f"{line}\n"


def test_files_that_include_each_other_end(tmp_path: Path) -> None:
    (tmp_path / "a.vtci").write_text("include ${testdir}/a.vtci\n")
    assert "include" in vtc_text.inlined("include ${testdir}/a.vtci\n", tmp_path)
