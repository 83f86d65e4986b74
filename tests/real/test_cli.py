"""The commands as a user runs them, on the real playground."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bisector.jobs.playground import Playground
from bisector.system.debian import SourceTree
from tests.support.real import BISECTOR, SECONDS, bisector


@pytest.fixture
def clone(ground: Playground, tmp_path: Path) -> Path:
    """A clone of the playground with a work tree, as a developer has it."""
    path = tmp_path / "haproxy"
    git("clone", "-q", "--no-hardlinks", str(ground.path), str(path))  # others use the ground, too
    return path


def git(*words: str, cwd: Path | None = None) -> str:
    done = subprocess.run(
        ["git", *words], cwd=cwd, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def snapshot(folder: Path) -> dict[Path, tuple[int, int]]:
    """Every file's size and time of change."""
    return {
        path: (path.lstat().st_size, path.lstat().st_mtime_ns) for path in sorted(folder.rglob("*"))
    }


def test_a_probe_says_good_or_bad_or_refuses(ground: Playground) -> None:
    repo = ("--repo", str(ground.path))
    good = bisector("probe", f"{ground.regression}~1", *repo)
    bad = bisector("probe", ground.regression, *repo)
    nonsense = bisector("probe", "nonsense", *repo)

    assert (good.returncode, bad.returncode, nonsense.returncode) == (0, 1, 129)
    assert bad.stdout.startswith("bad: ")
    assert "127.0.0.1:0" in bad.stdout, "the evidence is shown"
    assert "no revision 'nonsense'" in nonsense.stderr


def test_a_fix_is_a_file_or_a_revision(ground: Playground, tmp_path: Path) -> None:
    fix = tmp_path / "fix.patch"
    fix.write_text(git("format-patch", "-1", "--stdout", ground.heal, cwd=ground.path))
    for named in (str(fix), ground.heal):
        words = ("probe", ground.regression, "--repo", str(ground.path), "--patch", named)
        assert bisector(*words).returncode == 0


def test_git_bisect_runs_it_in_a_clone_and_the_clone_stays_as_it_is(
    clone: Path, ground: Playground
) -> None:
    before = snapshot(clone)
    assert bisector("probe", cwd=clone).returncode == 0
    assert snapshot(clone) == before

    git("bisect", "start", f"{ground.heal}~1", f"{ground.regression}~2", cwd=clone)
    said = git("bisect", "run", *BISECTOR, "probe", "--scenario", "dns-flap", cwd=clone)

    assert f"{ground.regression} is the first bad commit" in said


def test_a_build_prints_the_path_of_a_binary_that_runs(ground: Playground) -> None:
    done = bisector("build", "v3.0.11", "--repo", str(ground.path))
    version = subprocess.run(
        [done.stdout.strip(), "-v"], capture_output=True, text=True, check=True
    )
    assert "HAProxy version 3.0.11" in version.stdout


def test_a_revision_that_does_not_compile_says_so(ground: Playground) -> None:
    done = bisector("build", "v3.0.11~0", "--repo", str(ground.path), "--make", "EXTRA_OBJS=none.o")
    assert done.returncode == 2
    assert "does not build: " in done.stderr and len(done.stderr.splitlines()) == 1


def test_any_vtc_is_an_oracle(ground: Playground, tmp_path: Path) -> None:
    """The reg-test rendered from the scenario judges as the scenario does."""
    assert bisector("regtest", "dns-flap", "--out", str(tmp_path)).returncode == 0
    (vtc,) = tmp_path.glob("server/dns_flap_a.vtc")
    words = ("--vtc", str(vtc), "--repo", str(ground.path))
    for pattern in ((), ("--bad-if", r"resp\.http\.address \(127\.0\.0\.1:0\)")):
        assert bisector("probe", ground.regression, *words, *pattern).returncode == 1
        assert bisector("probe", ground.heal, *words, *pattern).returncode == 0
    strange = bisector("probe", ground.regression, *words, "--bad-if", "no such thing")
    assert strange.returncode == 125


def test_haproxys_own_reg_tests_are_oracles_as_they_are(
    ground: Playground, haproxy_3_0: SourceTree
) -> None:
    repo = ("--repo", str(ground.path))
    tests = haproxy_3_0.path / "reg-tests"
    for name in ("checks/tcp-check_min-recv.vtc", "lua/h_txn_get_priv.vtc", "converter/bytes.vtc"):
        done = bisector("probe", "v3.0.11", "--vtc", str(tests / name), *repo)
        assert done.returncode == 0, done.stdout + done.stderr
    needs_tls = ("probe", "v3.0.11", "--vtc", str(tests / "ssl/ssl_frontend_samples.vtc"), *repo)
    done = bisector(*needs_tls)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "built with  fast USE_OPENSSL=1" in done.stdout
    done = bisector(*needs_tls, "--make", "none", "--toolchain", "fast")
    assert done.returncode == 125
    assert "skipped, as run-regtests.sh does: #REQUIRE_OPTIONS=OPENSSL" in done.stdout
    assert "--make USE_OPENSSL=1" in done.stdout


@pytest.mark.parametrize(
    ("guard", "said"),
    [
        (
            "$HAPROXY_PROGRAM -cc 'feature(LUA) && feature(OPENSSL_AWSLC)'",
            "feature(OPENSSL_AWSLC) (a build with AWS-LC)",
        ),
        ("$HAPROXY_PROGRAM -cc 'version_atleast(3.1-dev1)'", "version_atleast(3.1-dev1)"),
        ("command -v no-such-program", "the program no-such-program (install it)"),
    ],
)
def test_a_skipped_test_says_what_lacks(
    ground: Playground, tmp_path: Path, guard: str, said: str
) -> None:
    case = tmp_path / "case.vtc"
    case.write_text(f'varnishtest "x"\nfeature cmd "true"\nfeature cmd "{guard}"\n')
    done = bisector("probe", "v3.0.11", "--vtc", str(case), "--repo", str(ground.path))
    assert done.returncode == 125
    assert f"VTest skipped it: it needs {said}\n" in done.stdout
