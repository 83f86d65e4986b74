"""HAProxy is built with what a test asks for, whatever the machine has of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.jobs.playground import Playground
from bisector.system import debian, libraries
from bisector.system.libraries import KINDS
from bisector.system.workspace import Workspace
from tests.support.obtain import obtain
from tests.support.real import bisector

FEATURES = ("OPENSSL", "PCRE2", "PROMEX", "QUIC", "ZLIB")
SHA = "2D711642B726B04401627CA9FBAC32F5C8530FB1903CC4DB02258717921A4881"  # of "x"
CASE = """\
vtest "Everything is there"
%s
feature ignore_unknown_macro

haproxy h1 -conf {
    defaults
        mode http
        timeout connect 5s
        timeout client 5s
        timeout server 5s
    frontend fe
        bind "fd@${fe}"
        http-request return status 200 hdr digest "%%[str(x),sha2(256),hex]"
} -start

client c1 -connect ${h1_fe_sock} {
    txreq
    rxresp
    expect resp.http.digest == "%s"
} -run
"""
GUARDS = "\n".join(f"feature cmd \"$HAPROXY_PROGRAM -cc 'feature({one})'\"" for one in FEATURES)
LIKE = """\
  TARGET  = linux-glibc
  CFLAGS  = -O2 -g
  OPTIONS = USE_OPENSSL=1 USE_WURFL=1
  DEBUG   = -DDEBUG_STRICT
"""


@pytest.fixture
def case(tmp_path: Path) -> Path:
    path = tmp_path / "case.vtc"
    path.write_text(CASE % (GUARDS, SHA))
    return path


@pytest.mark.parametrize("name", KINDS)
def test_each_library_can_be_fetched_without_root(
    real_workspace: Workspace, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(libraries, "_PREFIXES", ())  # as if the system had none
    found = obtain(lambda: debian.fetch_library(real_workspace, name))
    assert found.include and Path(found.include, KINDS[name].header).is_file()
    assert all(Path(found.folder, f"lib{one}.so").is_file() for one in KINDS[name].names)


def test_a_test_gets_what_its_guards_ask_for(ground: Playground, case: Path) -> None:
    repo = ("--repo", str(ground.path))
    done = bisector("probe", "v3.0.11", "--vtc", str(case), *repo)
    assert done.returncode == 0, done.stdout + done.stderr
    options = " ".join(f"USE_{one}=1" for one in FEATURES)
    assert f"built with  fast {options}\n" in done.stdout
    done = bisector("probe", "v3.0.11", "--vtc", str(case), *repo, "--make", "USE_ZLIB=")
    assert done.returncode == 125
    assert "feature(ZLIB) (--make USE_ZLIB=1)" in done.stdout


def test_it_is_built_like_a_pasted_one(ground: Playground, tmp_path: Path) -> None:
    (tmp_path / "vv.txt").write_text(LIKE)
    command = "$HAPROXY_PROGRAM -vv | grep OPTIONS.*USE_OPENSSL=1"
    words = ("--command", command, "--like", str(tmp_path / "vv.txt"))
    done = bisector("probe", "v3.0.11", *words, "--repo", str(ground.path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "built without USE_WURFL, which cannot be had here" in done.stderr
