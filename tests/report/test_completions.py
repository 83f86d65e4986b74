"""Completion scripts from plain data: quoting, choices, files and repeated options."""

from __future__ import annotations

from bisector.report.completions import CommandWords, Option, bash, fish, zsh

WORDS = (
    CommandWords(
        "try",
        "It's a trial",
        (
            Option("--file", "a [small] file, one's own (default: none)", "FILE", is_file=True),
            Option("--mode", "how", "MODE", ("hard", "soft")),
            Option("--make", "a variable", "VAR=VALUE", repeatable=True),
            Option("--long", "a description " * 20),
        ),
        ("one", "two"),
    ),
)


def test_bash_has_a_case_for_the_values_of_each_option() -> None:
    script = bash(WORDS, "1")
    assert "--mode) words='hard soft' ;;" in script
    assert "--file | --make) ;;" in script, "bash itself proposes files"
    assert "else words='one two'; fi" in script


def test_zsh_has_one_spec_for_each_option() -> None:
    script = zsh(WORDS, "1")
    assert r"'--file[a \[small\] file, one'\''s own]:FILE:_files'" in script
    assert "'--mode[how]:MODE:(hard soft)'" in script
    assert "'*--make[a variable]:VAR=VALUE: '" in script
    assert "'*:argument:(one two)'" in script
    assert r"'try:It'\''s a trial'" in script


def test_fish_has_one_line_for_each_option() -> None:
    script = fish(WORDS, "1")
    assert r"-a try -d 'It\'s a trial'" in script
    assert r"-l file -r -F -d 'a [small] file, one\'s own'" in script
    assert "-l mode -x -a 'hard soft' -d 'how'" in script
    assert "-f -a 'one two'" in script


def test_a_long_description_is_cut_at_a_word() -> None:
    script = fish(WORDS, "1")
    assert "description…'" in script or "description a…'" in script
    assert all(len(line) < 150 for line in script.splitlines())
