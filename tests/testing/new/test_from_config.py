"""A scenario from a configuration: it can be read, and has the configuration and the requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.errors import UsageProblem
from bisector.testing.new import folder, from_config
from bisector.testing.new.client_request import paired
from bisector.testing.scenario_loader import load

PLAIN = "defaults\n mode http\nfrontend fe\n bind :8080\n http-request return status 200\n"
TLS = "frontend fe\n bind :80\n bind :443 ssl crt x.pem verify optional ca-file y\n"


def made(
    tmp_path: Path, text: str, *requests: str, expects: tuple[str, ...] = ()
) -> tuple[str, list[str], dict[str, str]]:
    """The rendered case, the remarks, and the files of a scenario from the configuration."""
    (tmp_path / "x.cfg").write_text(text)
    files, remarks = from_config.made(tmp_path / "x.cfg", "mine", paired(requests, expects))
    folder.write(tmp_path / "mine", files)
    scenario = load(str(tmp_path / "mine"))
    return scenario.render({})["mine.vtc"], remarks, files


def test_the_case_has_a_control_the_configuration_and_the_requests(tmp_path: Path) -> None:
    case, remarks, files = made(tmp_path, PLAIN, "GET /a", expects=("status == 200",))
    assert 'bind "fd@${fe}"' in case and "client c_control" in case
    bug = case.partition("client c_bug")[2]
    assert bug.startswith(" -connect ${h1_fe_sock} {")
    assert 'txreq -url "/a"\n    rxresp\n    expect resp.status == 200\n' in bug
    assert "haproxy h0" not in case, "nobody connects to a server"
    assert folder.MARK not in files["mine.vtc.j2"]
    assert remarks == []


def test_what_is_expected_is_to_be_filled_in_if_it_is_not_said(tmp_path: Path) -> None:
    case, _, _ = made(tmp_path, PLAIN)
    assert f"# {folder.MARK} what the reply should be" in case


def test_a_request_goes_to_the_listener_of_its_port(tmp_path: Path) -> None:
    case, _, _ = made(tmp_path, TLS, "http://a/", "https://a.test/", "https://a.test:1/")
    assert "client c_bug1 -connect ${h1_fe_sock}" in case
    assert "client c_bug2 -connect ${h1_vtc_fe_2_sock}" in case
    assert "client c_bug3 -connect ${h1_vtc_fe_2_sock}" in case, "the first one with TLS"
    assert case.count("listen vtc_fe_2") == 1
    assert "ssl verify none alpn h2,http/1.1 sni str(a.test) crt ${testdir}/test.pem" in case


@pytest.mark.parametrize(
    ("option", "word"), [("accept-proxy", " send-proxy-v2"), ("proto h2", " proto h2")]
)
def test_a_client_comes_in_where_vtest_cannot_speak(tmp_path: Path, option: str, word: str) -> None:
    case, _, _ = made(tmp_path, PLAIN.replace(":8080", f":8080 {option}"), "/")
    assert f"server fe ${{h1_fe_addr}}:${{h1_fe_port}}{word}\n" in case


def test_templates_signs_in_the_configuration_and_the_request_stay(tmp_path: Path) -> None:
    text = PLAIN + ' http-request set-header x "{{ a }} {% b %} {# c #}"\n'
    case, _, _ = made(tmp_path, text, "/{{1+1}}")
    assert 'set-header x "{{ a }} {% b %} {# c #}"' in case
    assert 'txreq -url "/{{1+1}}"' in case


def test_what_was_not_taken_is_a_comment_in_the_folder(tmp_path: Path) -> None:
    _, remarks, files = made(tmp_path, "global\n daemon\n\x1b[2J x\n" + PLAIN, "/")
    assert remarks[0].startswith("left out, about the machine: daemon (line 2)")
    assert f"# - {remarks[0]}\n" in files["scenario.toml"]
    assert "\x1b" not in files["scenario.toml"]


def test_companions_are_listed(tmp_path: Path) -> None:
    (tmp_path / "a.map").write_text("x y\n")
    text = PLAIN + " http-request set-header x %[path,map(/etc/a.map)]\n"
    _, _, files = made(tmp_path, text, "/")
    assert files["a.map"] == "x y\n"
    assert '"a.map" = "a.map"' in files["scenario.toml"]
    assert "test.pem" not in files["scenario.toml"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has no bind line"),
        (b"frontend f\n bind quic4@:443\n", "has no bind line"),
        (b"\xff\xfe\x00", "is no text in UTF-8"),
    ],
)
def test_what_is_no_configuration_is_one_clear_line(
    tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "x.cfg").write_bytes(content)
    with pytest.raises(UsageProblem, match=said):
        from_config.made(tmp_path / "x.cfg", "mine", [])


def test_a_configuration_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"cannot read .*no\.cfg: No such file"):
        from_config.made(tmp_path / "no.cfg", "mine", [])
