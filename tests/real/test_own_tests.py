"""Tests of the user's own that are no VTest case, on real HAProxy."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.git.history import History
from bisector.jobs.playground import Playground
from tests.support.grounds import SMALL
from tests.support.real import bisector

GOOD, BAD, NEITHER, USAGE = 0, 1, 125, 129

DEFAULTS = "defaults\n\tmode http\n\ttimeout client 1s\n\ttimeout connect 1s\n\ttimeout server 1s\n"
ACCEPTED = (
    f"{DEFAULTS}frontend f\n\tbind 127.0.0.1:8080\n\thttp-request deny if {{ src -f a.lst }}\n"
)
SCRIPT = """\
sed "s/8080/$BISECTOR_PORT1/" "$BISECTOR_TEST_DIR/x.cfg" > x.cfg
cp "$BISECTOR_TEST_DIR/a.lst" .
"$HAPROXY_PROGRAM" $HAPROXY_ARGS -c -f x.cfg || exit 125
"$HAPROXY_PROGRAM" $HAPROXY_ARGS -D -p pid -f x.cfg || exit 125
kill -0 "$(cat pid)" || exit 125
"$HAPROXY_PROGRAM" -v | grep 'version 3.0'
"""

LUA_SERVICE = """\
local y = require("y")
core.register_service("x", "http", function(applet)
    applet:set_status(y.status)
    applet:start_response()
end)
"""
LUA_TEST = """\
vtest "A Lua service answers"
feature ignore_unknown_macro

haproxy h1 -conf {
    global
        lua-prepend-path "${testdir}/?.lua"
        lua-load "${testdir}/x.lua"
    defaults
        mode http
        timeout connect 5s
        timeout client 5s
        timeout server 5s
    frontend fe
        bind "fd@${fe}"
        http-request use-service lua.x
} -start

client c1 -connect ${h1_fe_sock} {
    txreq
    rxresp
    expect resp.status == 200
} -run
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {"x.cfg": ACCEPTED, "a.lst": "10.0.0.1\n", "x.sh": SCRIPT}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def status(ground: Playground, revision: str, *words: str | Path) -> int:
    done = bisector("probe", revision, "--repo", str(ground.path), *map(str, words))
    print(done.stdout, done.stderr)
    return done.returncode


def test_a_configuration_is_accepted_or_refused(ground: Playground, folder: Path) -> None:
    asked = ("v3.0.11", "--config", folder / "x.cfg")
    assert status(ground, *asked) == GOOD
    assert status(ground, *asked, "--expect", "refused") == BAD
    (folder / "a.lst").write_text("no address\n")
    assert status(ground, *asked) == BAD, "a file that it names decides, too"
    assert status(ground, *asked, "--expect", "refused") == GOOD
    assert status(ground, *asked, "--bad-if", "something else") == NEITHER


def test_a_script_starts_haproxy(ground: Playground, folder: Path) -> None:
    asked = ("v3.0.11", "--command", folder / "x.sh")
    assert status(ground, *asked) == GOOD
    (folder / "x.sh").write_text(SCRIPT.replace("3.0", "9.9"))
    assert status(ground, *asked) == BAD
    (folder / "x.cfg").write_text(ACCEPTED.replace("deny", "no-such-action"))
    assert status(ground, *asked) == NEITHER


def test_a_commit_that_does_not_compile_is_bad(ground: Playground, ground_history: History) -> None:
    commits = ground_history.range(ground.range).commits  # the first one is left out
    broken, healed = SMALL.unbuildable.start - 1, SMALL.unbuildable.stop - 1
    assert status(ground, commits[broken], "--build") == BAD
    assert status(ground, commits[healed], "--build") == GOOD


def test_a_companion_may_be_a_link_within_the_tree_of_the_test(
    ground: Playground, tmp_path: Path
) -> None:
    """In the sandbox, too: a Lua file that is a link, and one that this loads, which is another."""
    tree, secret = tmp_path / "tree", tmp_path / "secret.lua"
    for folder in (".git", "tests", "lib/more"):
        (tree / folder).mkdir(parents=True)
    (tree / "tests/x.vtc").write_text(LUA_TEST)
    (tree / "lib/x.lua").write_text(LUA_SERVICE)
    (tree / "lib/more/y.lua").write_text("return { status = 200 }\n")
    secret.write_text("return { status = 200 }\n")
    (tree / "tests/x.lua").symlink_to("../lib/x.lua")
    (tree / "tests/y.lua").symlink_to("../lib/more/y.lua")
    asked = ("v3.0.11", "--vtc", tree / "tests/x.vtc", "--sandbox", "require")
    assert status(ground, *asked) == GOOD
    (tree / "lib/more/y.lua").write_text("return { status = 404 }\n")
    assert status(ground, *asked) == BAD, "its content is part of the question"
    (tree / "tests/y.lua").unlink()
    (tree / "tests/y.lua").symlink_to(secret)
    assert status(ground, *asked) == USAGE, "what lies elsewhere is not shown to a test"
