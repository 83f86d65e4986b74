"""The VTest oracle: its digest, its files and companions."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from bisector.errors import ScenarioProblem
from bisector.testing.companions import MAX_SEARCHED, companions
from bisector.testing.oracles.vtest_case import VTestCase

VTC = 'varnishtest "x"\nshell "${testdir}/helper.sh"\n'


@pytest.fixture
def case(tmp_path: Path) -> Path:
    path = tmp_path / "case.vtc"
    path.write_text(VTC)
    (tmp_path / "helper.sh").write_text("true\n")
    return path


def of(path: Path, bad_if: str | None = None, skip_if: str | None = None) -> VTestCase:
    return VTestCase.of_option(str(path), bad_if=bad_if, skip_if=skip_if)


# --- any .vtc file --------------------------------------------------------------------------------


def test_a_case_runs_in_the_folder_of_its_file(case: Path) -> None:
    oracle = of(case, "boom", "not here")
    assert (oracle.name, oracle.vtc, oracle.folder) == ("case", "case.vtc", str(case.parent))
    assert (oracle.bad, oracle.skip, oracle.control) == ("boom", "not here", None)
    assert oracle.files == ()


def test_a_case_asks_for_threads_by_its_own_text(case: Path) -> None:
    assert not of(case).wants_threads
    case.write_text(f"{VTC}haproxy h1 -conf {{\n    global\n        nbthread 2\n}}\n")
    assert of(case).wants_threads


def test_so_does_a_scenarios() -> None:
    for text, wants in (("nbthread 2\n", True), ("nbthread 1\n", False)):
        files = (("x.vtc", ""), ("x.cfg", text))
        oracle = VTestCase.rendered("x", "a=1", "x.vtc", files, bad="b", control="c")
        assert oracle.wants_threads is wants


def test_a_case_may_begin_with_vtest_or_varnishtest(case: Path) -> None:
    case.write_text('vtest "x"\n')
    assert of(case).vtc == "case.vtc"


def test_an_oracle_can_be_pickled(case: Path) -> None:
    oracle = of(case)
    assert pickle.loads(pickle.dumps(oracle)) == oracle


def test_all_that_decides_the_ruling_is_in_the_digest(case: Path) -> None:
    digests = [of(case).digest, of(case, "x").digest, of(case, None, "x").digest]
    case.write_text(VTC + "# more\n")
    digests.append(of(case).digest)
    (case.parent / "helper.sh").write_text("false\n")
    digests.append(of(case).digest)
    assert len(set(digests)) == 5


def test_files_that_are_not_named_are_not_in_the_digest(case: Path) -> None:
    before = of(case).digest
    (case.parent / "notes").write_text("x")
    assert of(case).digest == before


def test_a_linked_case_runs_in_the_folder_of_the_link(case: Path, tmp_path: Path) -> None:
    link = tmp_path / "links/l.vtc"
    link.parent.mkdir()
    link.symlink_to(case)
    oracle = of(link)
    assert (oracle.name, oracle.vtc, oracle.folder) == ("l", "l.vtc", str(link.parent))


def test_a_file_that_cannot_be_read_is_an_error_with_the_cause(tmp_path: Path) -> None:
    with pytest.raises(ScenarioProblem, match=r"cannot read .*no\.vtc: No such file"):
        of(tmp_path / "no.vtc")
    with pytest.raises(ScenarioProblem, match="Is a directory"):
        of(tmp_path)


def test_a_file_that_is_no_test_case_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "haproxy.cfg"
    path.write_text("global\n")
    with pytest.raises(ScenarioProblem, match="is no VTest case"):
        of(path)


@pytest.mark.parametrize(("bad", "skip", "option"), [("(", None, "bad"), (None, "*", "skip")])
def test_an_invalid_pattern_is_an_error_with_its_option(
    case: Path, bad: str | None, skip: str | None, option: str
) -> None:
    with pytest.raises(ScenarioProblem, match=f"--{option}-if: .* is no regular expression"):
        of(case, bad, skip)


@pytest.mark.parametrize(("bad", "skip", "option"), [("", None, "bad"), (None, "", "skip")])
def test_an_empty_pattern_is_an_error(
    case: Path, bad: str | None, skip: str | None, option: str
) -> None:
    with pytest.raises(ScenarioProblem, match=f"--{option}-if: an empty pattern"):
        of(case, bad, skip)


# --- companions -----------------------------------------------------------------------------------


def test_companions_are_the_files_that_the_test_names(tmp_path: Path) -> None:
    for name in ("a.lua", "certs/x.pem", "certs/sub/y.pem", "unnamed"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    text = "lua-load ${testdir}/a.lua\ncrt ${testdir}/certs\n${testdir}/a.lua ${testdir}/gone.txt"
    found = companions(tmp_path, text)
    names = ["a.lua", "certs/sub/y.pem", "certs/x.pem"]
    assert found == [part.encode() for name in names for part in (name, name)]


def names(folder: Path, text: str) -> list[str]:
    return [part.decode() for part in companions(folder, text)[::2]]


def spread(folder: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("dofile(dir .. '/other.lua')", "other.lua"),
        ("require('other')", "other.lua"),
        ("require 'lib.other'", "lib/other.lua"),
        ("lua-load ${testdir}/lib/other.lua", "lib/other.lua"),
        ("crt ${testdir}/certs", "certs/x.pem"),
        ("map lib/other.map", "lib/other.map"),
    ],
)
def test_companions_of_companions_are_found(tmp_path: Path, text: str, other: str) -> None:
    spread(tmp_path, {"a.lua": text, other: "x", "unnamed": "x", "lib/unnamed": "x"})
    assert names(tmp_path, "lua-load ${testdir}/a.lua") == sorted(["a.lua", other])


def test_names_in_a_companion_are_relative_to_its_folder(tmp_path: Path) -> None:
    files = {"lib/a.sh": '. "$(dirname $0)/b.sh"', "lib/b.sh": "cat ../c.txt", "c.txt": "x"}
    spread(tmp_path, files)
    assert names(tmp_path, 'shell "${testdir}/lib/a.sh"') == ["c.txt", "lib/a.sh", "lib/b.sh"]


def test_companions_are_below_the_tests_folder(tmp_path: Path) -> None:
    spread(tmp_path, {"private": "x", "t/a.sh": "cat ../private ../../t/private", "t/lib/b": ""})
    assert names(tmp_path / "t", 'shell "${testdir}/a.sh"') == ["a.sh"]


def test_companions_that_name_each_other_are_read_once(tmp_path: Path) -> None:
    spread(tmp_path, {"a.lua": "require('b')", "b.lua": "require('a')"})
    assert names(tmp_path, "lua-load ${testdir}/a.lua") == ["a.lua", "b.lua"]


def test_files_named_relative_to_the_tests_folder_are_companions(tmp_path: Path) -> None:
    spread(tmp_path, {"helper.sh": "true"})
    assert names(tmp_path, 'shell "cd ${testdir} && sh helper.sh"') == ["helper.sh"]


def test_a_change_of_a_companions_companion_changes_the_digest(case: Path) -> None:
    spread(case.parent, {"helper.sh": ". $dir/more.sh", "more.sh": "true"})
    before = of(case).digest
    (case.parent / "more.sh").write_text("false")
    assert of(case).digest != before


@pytest.mark.parametrize("content", [b"\0 b.lua", b"b.lua " + b"x" * (MAX_SEARCHED + 1)])
def test_binary_and_huge_files_are_not_searched_for_names(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.bin").write_bytes(content)
    spread(tmp_path, {"b.lua": "x"})
    assert names(tmp_path, "${testdir}/a.bin") == ["a.bin"]


# --- a scenario's case ----------------------------------------------------------------------------


def rendered(**change: str) -> VTestCase:
    values = {"text": "t", "lua": "l", "bad": "b", "control": "c"} | change
    files = (("x.vtc", values["text"]), ("x.lua", values["lua"]))
    return VTestCase.rendered(
        "x", "a=b", "x.vtc", files, bad=values["bad"], control=values["control"]
    )


def test_a_scenarios_case_has_its_files_and_its_patterns() -> None:
    oracle = rendered()
    assert dict(oracle.files) == {"x.vtc": "t", "x.lua": "l"}
    assert (oracle.bad, oracle.control, oracle.folder) == ("b", "c", "")


def test_every_part_of_a_scenarios_case_is_in_its_digest() -> None:
    changes: list[dict[str, str]] = [{}, *({key: "!"} for key in ("text", "lua", "bad", "control"))]
    assert len({rendered(**change).digest for change in changes}) == 5
