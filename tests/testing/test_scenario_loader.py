"""Reading scenarios: by name or folder; errors are reported with file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bisector.errors import ScenarioProblem
from bisector.testing.scenario_loader import bundled, load

TOML = """\
name = "mine"
title = "A server answers"
story = "It did not."

[files]
"mine.vtc" = "mine.vtc.j2"
"mine.lua" = "mine.lua.j2"

[parameters]
record = ["A", "SRV"]
count = [1, 3]

[[exclude]]
record = "SRV"
count = 3

[verdict]
control = '''c1 EXPECT'''
bad = '''c2 EXPECT'''

[known]
suspect = "64c9c8ef39"

[build]
make = { USE_LUA = 1 }

[[regtest]]
name = "mine_a"
record = "A"
"""


def own(folder: Path, *changes: tuple[str, str], toml: str = TOML) -> Path:
    """A scenario of the user's own, with each of *changes* made to its file."""
    for before, after in changes:
        assert before in toml
        toml = toml.replace(before, after, 1)
    (folder / "scenario.toml").write_text(toml)
    for name in ("mine.vtc.j2", "mine.lua.j2"):
        (folder / name).write_text("x\n")
    return folder


# --- finding --------------------------------------------------------------------------------------


def test_a_script_may_take_the_place_of_the_test_case(tmp_path: Path) -> None:
    files = '"mine.vtc" = "mine.vtc.j2"', '"test.sh" = "mine.vtc.j2"'
    toml = TOML.split("[[regtest]]")[0]
    loaded = load(str(own(tmp_path, files, toml=toml)))
    assert loaded.is_script
    assert list(loaded.files) == ["test.sh", "mine.lua"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ('"mine.vtc" = "mine.vtc.j2"\n"test.sh" = "mine.vtc.j2"', "it has 2"),
        ('"other.sh" = "mine.vtc.j2"', "it has 0"),
        ('"test.sh" = "mine.vtc.j2"', "no reg-test is made of a test.sh"),
    ],
)
def test_it_is_one_or_the_other(tmp_path: Path, files: str, said: str) -> None:
    with pytest.raises(ScenarioProblem, match=said):
        load(str(own(tmp_path, ('"mine.vtc" = "mine.vtc.j2"', files))))


def test_bundled_scenarios_are_found_by_name() -> None:
    assert {"dns-flap", "dns-false-up"} <= set(bundled())
    for name in bundled():
        loaded = load(name)
        assert loaded.title and loaded.story and loaded.known.suspect and loaded.known.fix
        assert loaded.regtests


def test_a_users_scenario_is_found_by_its_folder(tmp_path: Path) -> None:
    loaded = load(str(own(tmp_path)))
    assert (loaded.name, loaded.title, loaded.story) == ("mine", "A server answers", "It did not.")
    assert loaded.vtc == "mine.vtc"
    assert loaded.parameters == {"record": ("A", "SRV"), "count": (1, 3)}
    assert loaded.exclude == ({"record": "SRV", "count": 3},)
    assert (loaded.control, loaded.bad) == ("c1 EXPECT", "c2 EXPECT")
    assert (loaded.known.suspect, loaded.known.fix) == ("64c9c8ef39", "")
    assert loaded.make == {"USE_LUA": "1"}
    assert loaded.regtests == ({"name": "mine_a", "record": "A"},)
    assert loaded.folder == tmp_path.resolve()


LITTLE = 'name="m"\ntitle="t"\n[files]\n"m.vtc"="mine.vtc.j2"\n[verdict]\ncontrol="c"\nbad="b"\n'


def test_a_minimal_scenario_is_loaded(tmp_path: Path) -> None:
    loaded = load(str(own(tmp_path, toml=LITTLE)))
    assert list(loaded.variants()) == [{}]
    assert loaded.render({}) == {"m.vtc": "x\n"}


def test_a_scenario_may_set_flaky_and_a_toolchain(tmp_path: Path) -> None:
    plain = load(str(own(tmp_path)))
    assert (plain.toolchain, plain.flaky) == ("", False)
    build = ("make = {", 'toolchain = "release"\nmake = {')
    said = load(str(own(tmp_path, build, ("control = '''", "flaky = true\ncontrol = '''"))))
    assert (said.toolchain, said.flaky) == ("release", True)
    assert said.make == plain.make


def test_a_bundled_name_has_precedence_over_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dns-flap").mkdir()
    own(tmp_path / "dns-flap")
    monkeypatch.chdir(tmp_path)
    assert load("dns-flap").name == "dns-flap"
    assert load("./dns-flap").name == "mine"


@pytest.mark.parametrize("name", ["nonesuch", "dns_flap"])
def test_an_unknown_name_is_an_error_that_lists_the_known_ones(name: str) -> None:
    with pytest.raises(ScenarioProblem, match=r"no scenario .*dns-false-up, dns-flap.*or a folder"):
        load(name)


def test_a_missing_folder_is_reported_by_name() -> None:
    with pytest.raises(ScenarioProblem, match="no scenario folder my/own"):
        load("my/own")


def test_a_folder_without_a_scenario_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ScenarioProblem, match=r"cannot read .*scenario\.toml: No such file"):
        load(str(tmp_path))


def test_a_file_that_is_not_utf8_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "scenario.toml").write_bytes(b'name = "\xff"\n')
    with pytest.raises(ScenarioProblem, match=r"scenario\.toml is not UTF-8"):
        load(str(tmp_path))


# --- mistakes -------------------------------------------------------------------------------------

MISTAKES: dict[str, tuple[tuple[str, str], int, str]] = {
    "no toml": (("[files]", "[files"), 5, "Expected"),
    "no name": (('name = "mine"\n', ""), 1, "'name' is missing"),
    "no title": (('title = "A server answers"\n', ""), 1, "'title' is missing"),
    "unknown key": (('story = "It', 'history = "It'), 3, "unknown key 'history'"),
    "wrong type": (('"A server answers"', "7"), 2, "'title' must be a string"),
    "tags are no list": (('story = "It', 'tags = 7\nstory = "It'), 3, "'tags' must be a list"),
    "a tag is no string": (('story = "It', 'tags = [1]\nstory = "It'), 3, "'tags' must be a list"),
    "unknown key in a section": (("suspect =", "culprit ="), 22, "[known] has no key 'culprit'"),
    "wrong type in a section": (('"64c9c8ef39"', "64"), 22, "'suspect' must be a string"),
    "make is no table": (("{ USE_LUA = 1 }", '"USE_LUA=1"'), 25, "'make' must be a table"),
    "no such toolchain": (
        ("make = { USE_LUA = 1 }", 'toolchain = "tcc"'),
        25,
        "'toolchain' is one of fast, dev, release",
    ),
    "auto is no toolchain": (("make = {", 'toolchain = "auto"\nmake = {'), 25, "is one of fast"),
    "toolchain is no word": (("make = {", "toolchain = 1\nmake = {"), 25, "must be a string"),
    "since is a word": (
        ('story = "It did not."', 'story = "It did not."\nsince = "new"'),
        4,
        "'since' must be a version such as 3.0 or 3.1-dev2",
    ),
    "flaky is a word": (
        ("control = '''", "flaky = \"yes\"\ncontrol = '''"),
        18,
        "'flaky' must be true or false",
    ),
    "no test case": (('"mine.vtc" = "mine.vtc.j2"\n', ""), 5, "it has 0"),
    "two test cases": (('"mine.lua" =', '"two.vtc" ='), 5, "it has 2"),
    "no such template": (("mine.lua.j2", "your.lua.j2"), 7, "no template 'your.lua.j2'"),
    "a template with a name too long": (("mine.lua.j2", "(" * 5000), 7, "no template '((((("),
    "a number as template": (('"mine.vtc.j2"', "7"), 6, "'mine.vtc' must name a template"),
    "a path as name": (('"mine.lua" =', '"../mine.lua" ='), 7, "must be a plain file name"),
    "one value": (('["A", "SRV"]', '"A"'), 10, "parameter 'record' needs a list"),
    "a list as value": (('["A", "SRV"]', '["A", ["SRV"]]'), 10, "parameter 'record'"),
    "no value": (("[1, 3]", "[]"), 11, "parameter 'count' needs a list"),
    "no control": (("control = '''c1 EXPECT'''\n", ""), 17, "[verdict] needs 'control'"),
    "empty signature": (("'''c2 EXPECT'''", "''"), 17, "[verdict] needs 'bad'"),
    "no pattern": (("c1 EXPECT", "c1 (EXPECT"), 18, "is no regular expression"),
    "exclude unknown value": (("count = 3", "count = 4"), 13, "'count' cannot be 4"),
    "exclude unknown name": (("count = 3", "size = 3"), 13, "'size' cannot be 3"),
    "regtest without a name": (('name = "mine_a"\n', ""), 27, "needs a plain 'name'"),
    "regtest outside its folder": (('"mine_a"', '"../mine_a"'), 27, "needs a plain 'name'"),
    "regtest unknown value": (('record = "A"\n', 'record = "MX"\n'), 27, "cannot be 'MX'"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_an_error_is_reported_with_file_and_line(tmp_path: Path, mistake: str) -> None:
    change, line, said = MISTAKES[mistake]
    with pytest.raises(ScenarioProblem, match=re.escape(said)) as caught:
        load(str(own(tmp_path, change)))
    assert str(caught.value).startswith(f"{tmp_path.resolve() / 'scenario.toml'}:{line}: ")


def test_a_section_that_is_no_table_is_an_error(tmp_path: Path) -> None:
    build = ("[build]\nmake = { USE_LUA = 1 }\n", "")
    with pytest.raises(ScenarioProblem, match=r"scenario\.toml:1: 'build' must be a table"):
        load(str(own(tmp_path, build, ('name = "mine"', 'build = "x"\nname = "mine"'))))


@pytest.mark.parametrize("key", ["exclude", "regtest"])
def test_a_rule_that_is_no_list_is_an_error(tmp_path: Path, key: str) -> None:
    with pytest.raises(ScenarioProblem, match=f"'{key}' must be a list"):
        load(str(own(tmp_path, (f"[[{key}]]", f"[{key}]"))))


@pytest.mark.parametrize("key", ["exclude", "regtest"])
def test_a_rule_that_is_no_table_is_an_error(tmp_path: Path, key: str) -> None:
    with pytest.raises(ScenarioProblem, match=rf"scenario\.toml:1: '{key}' must be a list"):
        load(str(own(tmp_path, toml=f"{key} = [1]\n{LITTLE}")))


def test_an_error_has_the_line_of_its_key_and_not_of_the_word_in_the_story(
    tmp_path: Path,
) -> None:
    story = ('"It did not."', '"""\nIt was in bad shape\n"""')
    with pytest.raises(ScenarioProblem, match=r"scenario\.toml:21: bad: "):
        load(str(own(tmp_path, story, ("c2 EXPECT", "c2 (EXPECT"))))


@pytest.mark.parametrize("rule", ["[[exclude]]\n", '[[regtest]]\nname = "mine_b"\n'])
def test_an_error_in_the_second_rule_has_the_line_of_that_rule(tmp_path: Path, rule: str) -> None:
    line = len(TOML.splitlines()) + 1
    with pytest.raises(ScenarioProblem, match=rf"scenario\.toml:{line}: .* cannot be 'MX'"):
        load(str(own(tmp_path, toml=f'{TOML}{rule}record = "MX"\n')))
