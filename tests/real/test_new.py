"""`bisector new`: each kind is good on real HAProxy as it stands, and so is what is taken in."""

from __future__ import annotations

import shutil
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from bisector.jobs.playground import Playground
from bisector.testing.new import folder
from tests.support.real import bisector

GOOD, BAD, NEITHER = 0, 1, 125
ONE_BUILD = ("--make", "USE_OPENSSL=1")  # for all of these tests
SECRET = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"
KEY = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n"
CONFIG = f"""\
global
    log /dev/log local0
    chroot /var/lib/haproxy
    user haproxy
    daemon
    crt-base /etc/ssl/private

defaults
    log global
    mode http
    option httplog
    timeout connect 5s
    timeout client 50s
    timeout server 50s
    errorfile 503 /etc/haproxy/errors/503.http

userlist admins
    user joe password $5$abcdefgh$ijklmnop

{KEY}
frontend www
    bind *:80
    bind :::443 ssl crt site.pem alpn h2,http/1.1
    http-request set-var(txn.be) path,map_beg(/etc/haproxy/routes.map,web)
    http-request deny deny_status 403 if {{ src -f blocked.lst }}
    use_backend %[var(txn.be)]

backend web
    balance roundrobin
    option httpchk GET /health
    server web1 10.0.0.11:8080 check inter 2s
    server web2 10.0.0.12:8080 check inter 2s source 10.0.0.1

backend api
    server api1 api.example.com:8443 ssl verify required ca-file ca.pem sni str(x) check port 81
    server api2 127.0.0.1:9000 send-proxy backup

listen inner
    bind 127.0.0.1:9000 accept-proxy
    server x /run/app.sock
"""


def probed(ground: Playground, scenario: Path, *words: str) -> CompletedProcess[str]:
    """The result of `bisector probe` with a scenario's folder."""
    repo = ("--repo", str(ground.path), *ONE_BUILD)
    done = bisector("probe", "v3.0.11", "--scenario", str(scenario), *repo, *words)
    print(done.stdout, done.stderr)
    return done


def made(place: Path, *words: str) -> CompletedProcess[str]:
    """The result of `bisector new` in *place*."""
    done = bisector("new", *words, cwd=place)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("kind", folder.kinds())
def test_each_kind_is_good_as_it_stands(ground: Playground, tmp_path: Path, kind: str) -> None:
    made(tmp_path, "mine", "--kind", kind)
    done = probed(ground, tmp_path / "mine")
    if kind == "command" and not shutil.which("curl"):
        assert done.returncode == NEITHER and "a program is missing" in done.stdout
        return
    assert done.returncode == GOOD
    (missing,) = [line for line in done.stdout.splitlines() if line.startswith("missing")]
    assert folder.MARK in missing


def test_a_configuration_is_taken_in_but_for_its_secrets(
    ground: Playground, tmp_path: Path
) -> None:
    (tmp_path / "haproxy.cfg").write_text(CONFIG)
    (tmp_path / "routes.map").write_text("/api api\n")
    (tmp_path / "site.pem").write_text(KEY)
    asked = ("--from", "haproxy.cfg", "--request", "GET /", "--expect", "body ~ app")
    curl = "curl -k -H 'Host: x.test' https://localhost/api/x"
    done = made(tmp_path, "mine", *asked, "--request", curl, "--expect", "body == app3")
    assert "a private key was in the configuration; it was not taken" in done.stdout
    assert "site.pem has a private key in it, and was not taken" in done.stdout
    for path in (tmp_path / "mine").iterdir():
        assert SECRET not in path.read_text() and "ijklmnop" not in path.read_text()
    assert probed(ground, tmp_path / "mine").returncode == GOOD


def test_a_signature_is_seen_and_what_contradicts_it_is_said(
    ground: Playground, tmp_path: Path
) -> None:
    (tmp_path / "x.cfg").write_text(CONFIG)
    asked = ("--from", "x.cfg", "--request", "/", "--expect", "status == 404")
    made(tmp_path, "mine", *asked)
    toml = tmp_path / "mine" / "scenario.toml"
    toml.write_text(toml.read_text().replace('good = ""', 'good = "v3.0.11"'))
    done = probed(ground, tmp_path / "mine")
    assert done.returncode == BAD
    assert "EXPECT resp.status (200) == " in done.stdout
    assert "it is bad at v3.0.11, which should be good" in done.stdout


def test_it_passes_as_a_reg_test_under_the_revisions_own_script(
    ground: Playground, tmp_path: Path
) -> None:
    made(tmp_path, "mine", "--kind", "tls")
    for path in (tmp_path / "mine").iterdir():
        path.write_text(path.read_text().replace(folder.MARK, "Note:"))
    words = ("regtest", "mine", "--run", "v3.0.11", "--repo", str(ground.path))
    done = bisector(*words, *ONE_BUILD, cwd=tmp_path)
    assert done.returncode == GOOD, done.stdout + done.stderr
    assert "0 tests failed, 0 tests skipped, 1 tests passed" in done.stdout
    assert "feature(OPENSSL)" in (tmp_path / "reg-tests/ssl/mine.vtc").read_text()
