"""Scenarios: variants, settings, and rendering."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bisector.errors import ScenarioProblem, UsageProblem
from bisector.testing.oracles.command import Command
from bisector.testing.render_reg_tests import rendered
from bisector.testing.scenario import Scenario, label
from bisector.testing.scenario_loader import bundled, load
from tests.support.scenarios import scenario

# --- variants -------------------------------------------------------------------------------------


def test_variants_are_all_combinations_but_the_excluded_ones_the_default_first(
    tmp_path: Path,
) -> None:
    made = scenario(tmp_path)
    variants = list(made.variants())
    assert variants[0] == made.choose({}) == {"record": "A", "declare": "template", "servers": 1}
    assert len(variants) == 2 * 2 * 2 - 2
    assert not [v for v in variants if v["record"] == "SRV" and v["declare"] == "line"]


def test_settings_change_the_default_and_keep_the_values_type(tmp_path: Path) -> None:
    chosen = scenario(tmp_path).choose({"servers": "3", "record": "SRV"})
    assert chosen == {"record": "SRV", "declare": "template", "servers": 3}
    assert label(chosen) == "record=SRV declare=template servers=3"


def test_a_boolean_is_written_as_in_toml(tmp_path: Path) -> None:
    made = replace(scenario(tmp_path), parameters={"tls": (False, True)}, exclude=())
    assert made.choose({"tls": "true"}) == {"tls": True}
    assert label(made.choose({})) == "tls=false"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"colour": "red"}, "has no parameter 'colour': it has record, declare, servers"),
        ({"record": "MX"}, "record cannot be 'MX': one of A, SRV"),
        ({"servers": "2"}, "servers cannot be '2': one of 1, 3"),
        ({"record": "SRV", "declare": "line"}, "has no variant record=SRV declare=line servers=1"),
    ],
)
def test_an_invalid_setting_is_an_error_that_lists_the_valid_ones(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    with pytest.raises(UsageProblem) as caught:
        scenario(tmp_path).choose(settings)
    assert said in str(caught.value)


# --- rendering ------------------------------------------------------------------------------------


def test_templates_have_parameters_title_story_and_the_companions_names(tmp_path: Path) -> None:
    vtc = "{{ title }}/{{ story }}/{{ record }}/{{ servers + 1 }}/{{ companion['x.lua'] }}\n"
    made = scenario(tmp_path, vtc=vtc, lua="-- {{ record }}\n")
    assert made.vtc == "x.vtc"
    assert made.render(made.choose({})) == {
        "x.vtc": "A title/A story/A/2/x.lua\n",
        "x.lua": "-- A\n",
    }
    renamed = made.render(made.choose({}), {"x.lua": "y.lua"})
    assert renamed["x.vtc"].endswith("/y.lua\n")


def test_blocks_leave_no_empty_lines_and_the_end_of_the_file_stays(tmp_path: Path) -> None:
    vtc = "a\n  {% if record == 'A' %}\nb\n  {% endif %}\nc\n"
    made = scenario(tmp_path, vtc=vtc)
    assert made.render(made.choose({}))["x.vtc"] == "a\nb\nc\n"


def test_a_template_may_include_its_own_its_neighbours_and_bundled_ones(tmp_path: Path) -> None:
    own, shared = tmp_path / "own", tmp_path / "shared"
    own.mkdir()
    shared.mkdir()
    (own / "one.j2").write_text("1")
    (shared / "two.j2").write_text("2")
    vtc = "{% include 'one.j2' %}{% include 'shared/two.j2' %}{% include 'blocks/control.lua.j2' %}"
    made = scenario(own, vtc=vtc)
    assert made.render({"record": "A"})["x.vtc"].startswith("12")


@pytest.mark.parametrize(
    ("template", "line", "said"),
    [
        ("a\n{% if %}\n", 2, "Expected an expression"),
        ("a\nb\n{{ nonesuch }}\n", 3, "'nonesuch' is undefined"),
        ("a\n{{ 1 / 0 }}\n", 2, "division by zero"),
        ("a\n{{ record.x.y }}\n", 2, "no attribute 'x'"),
    ],
)
def test_an_error_in_a_template_is_reported_with_file_and_line(
    tmp_path: Path, template: str, line: int, said: str
) -> None:
    made = scenario(tmp_path, vtc=template)
    with pytest.raises(ScenarioProblem, match=re.escape(said)) as caught:
        made.render({"record": "A"})
    assert str(caught.value).startswith(f"{tmp_path / 'x.vtc.j2'}:{line}: ")


@pytest.mark.parametrize(
    "expression",
    [
        "cycler.__init__.__globals__.os.popen('touch ' ~ path).read()",
        "''.__class__.__mro__[1].__subclasses__()",
        "companion.update({'x': 'y'})",
        "'{0.__class__}'.format(record)",
        "(record|attr('__class__'))('x')",
    ],
)
def test_a_template_cannot_access_modules_or_change_values(tmp_path: Path, expression: str) -> None:
    made = scenario(tmp_path, vtc=f"a\n{{{{ {expression} }}}}\n")
    with pytest.raises(ScenarioProblem) as caught:
        made.render({"record": "A", "path": str(tmp_path / "touched")})
    assert str(caught.value).startswith(f"{tmp_path / 'x.vtc.j2'}:2: ")
    assert not (tmp_path / "touched").exists()


def test_an_error_in_an_included_template_is_reported_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "part.j2").write_text("\n\n{{ nonesuch }}\n")
    made = scenario(tmp_path, vtc="{% include 'part.j2' %}\n")
    with pytest.raises(ScenarioProblem) as caught:
        made.render({"record": "A"})
    assert str(caught.value).startswith(f"{tmp_path / 'part.j2'}:3: ")


def test_a_missing_template_is_reported_by_name(tmp_path: Path) -> None:
    made = scenario(tmp_path, vtc="{% include 'nonesuch.j2' %}\n")
    with pytest.raises(ScenarioProblem, match=r"no template 'nonesuch\.j2'"):
        made.render({"record": "A"})


def test_an_oracle_has_the_variants_files_and_the_scenarios_patterns(tmp_path: Path) -> None:
    made = scenario(tmp_path, lua="-- {{ servers }}\n")
    one, three = (made.vtest_case(made.choose({"servers": n})) for n in ("1", "3"))
    assert (one.name, one.vtc, one.bad, one.control) == ("made", "x.vtc", "bad", "control")
    assert dict(one.files) == {"x.vtc": "A\n", "x.lua": "-- 1\n"}
    assert one.digest != three.digest


# --- the bundled ones -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", bundled())
def test_every_variant_of_a_bundled_scenario_renders_without_a_trace_of_jinja(name: str) -> None:
    loaded = load(name)
    assert loaded.name == name
    oracles = [loaded.oracle(chosen) for chosen in loaded.variants()]
    assert len({oracle.digest for oracle in oracles}) == len(oracles)
    for _, text in (file for oracle in oracles for file in oracle.files):
        assert not re.search(r"\{\{ |\{%|%\}| \}\}", text)
        assert text.endswith("\n")


@pytest.mark.parametrize("name", bundled())
def test_the_patterns_of_a_bundled_scenario_match_its_expectations(name: str) -> None:
    loaded = load(name)
    text = loaded.render(loaded.choose({}))[loaded.vtc]
    for pattern in (loaded.control, loaded.bad):
        client, header = re.findall(r"\\s\+(c_\w+)\\s|resp\\\.http\\\.(\w+)", pattern)[:2]
        assert f"client {client[0]} " in text
        assert f"expect resp.http.{header[1]} " in text


@pytest.mark.parametrize("name", bundled())
def test_crossed_has_all_combinations_of_the_matrix_and_all_other_values(name: str) -> None:
    loaded = load(name)
    crossed = list(loaded.crossed())
    assert crossed[0] == loaded.choose({})
    assert len({tuple(one[name] for name in loaded.matrix) for one in crossed}) == len(crossed)
    assert len(crossed) == 30
    pairs = {(one["check"], one["declare"], one["servers"]) for one in crossed}
    assert len(pairs) == 8, "no value goes only with one of another's"


def test_without_a_matrix_crossed_has_every_variant() -> None:
    loaded = replace(load("dns-flap"), matrix=())
    assert list(loaded.crossed()) == list(loaded.variants())


# --- a script instead of a VTest case -------------------------------------------------------------


def test_a_script_is_the_test_of_each_variant(tmp_path: Path) -> None:
    made = scripted(tmp_path, "test.sh.j2", "echo {{ record }} {{ servers }}\n")
    one, three = (made.oracle(made.choose({"servers": n})) for n in ("1", "3"))
    assert isinstance(one, Command) and isinstance(three, Command)
    assert dict(one.files) == {"test.sh": "echo A 1\n"}
    assert (one.script, one.bad, one.control) == ("test.sh", "bad", "control")
    assert one.variant == "record=A declare=template servers=1"
    assert one.digest != three.digest
    assert one.knows_its_bug


def test_a_file_that_is_no_template_is_taken_as_it_is(tmp_path: Path) -> None:
    made = scripted(tmp_path, "test.sh", "echo ${#x} {{ y }}\n")
    assert made.render(made.choose({})) == {"test.sh": "echo ${#x} {{ y }}\n"}


def test_of_a_script_there_is_nothing_to_render_for_upstream(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="nothing to render for upstream"):
        rendered(scripted(tmp_path, "test.sh", "true\n"))


def scripted(folder: Path, template: str, text: str) -> Scenario:
    """A scenario with a script, of which *text* is the *template*."""
    (folder / template).write_text(text)
    return replace(scenario(folder), files={"test.sh": template})
