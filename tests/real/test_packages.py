"""Debian's packages of HAProxy: built as they say, tested, and a fix put into one as a patch."""

from __future__ import annotations

import os
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from bisector.jobs.playground import Playground
from bisector.probing import setup
from bisector.system import debian_package
from bisector.system.apt import open_index, run_apt
from bisector.system.debian import SourceTree
from bisector.system.workspace import Workspace
from tests.support.obtain import obtain
from tests.support.packages import archive, describe
from tests.support.real import bisector

pytestmark = pytest.mark.usefixtures("with_tcc")

FIXES = sorted(setup.bundled_patches("dns-flap").glob("*.patch"))
RULES = """\
MAKEARGS = USE_LUA=1 USE_SLZ=1 \\
\tUSE_PROMEX=1 USE_OT=1
MAKEARGS += OPT_CFLAGS="$(CFLAGS)"
%:
\tdh $@
override_dh_auto_build-arch:
\tmake $(MAKEARGS)
"""
VARIANT = ("--set", "record=A", "--set", "failure=nxdomain", "--set", "check=plain")


@pytest.fixture(scope="module")
def package(haproxy_3_0: SourceTree, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The .dsc file of a package with the bug: its patches take the bundled fixes back."""
    folder = tmp_path_factory.mktemp("package")
    upstream = folder / "haproxy_3.0.11.orig.tar.gz"
    with tarfile.open(upstream, "w:gz", compresslevel=1) as tar:
        tar.add(haproxy_3_0.path, "haproxy-3.0.11")
    series = "".join(f"{path.name} -R\n" for path in reversed(FIXES))
    patches = {f"debian/patches/{path.name}": path.read_text() for path in FIXES}
    below = {"debian/rules": RULES, "debian/patches/series": f"# taken back\n{series}", **patches}
    packaging = archive(folder / "haproxy_3.0.11-1.debian.tar.xz", below)
    return describe(folder, upstream, packaging)


def test_a_package_is_placed_built_as_it_says_and_tested(package: Path, ground: Playground) -> None:
    done = bisector("probe", str(package), "--toolchain", "fast", "--repo", str(ground.path))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "HAProxy 3.0.11, the same as v3.0.11; with the 2 patches" in done.stderr
    assert "with USE_PROMEX=1 USE_LUA=1 USE_SLZ=1; without USE_OT, OPT_CFLAGS" in done.stderr
    assert "built with  fast USE_LUA=1 USE_SLZ=1 USE_PROMEX=1" in done.stdout

    built = bisector("build", str(package), "--toolchain", "fast", "--repo", str(ground.path))
    said = subprocess.run([built.stdout.strip(), "-vv"], capture_output=True, text=True, check=True)
    assert "USE_PROMEX=1" in said.stdout


def test_a_fix_becomes_a_patch_of_the_package_that_quilt_takes(
    package: Path, ground: Playground, haproxy_3_0: SourceTree, quilt: Quilt, tmp_path: Path
) -> None:
    fixes = str(FIXES[0].parent)
    out = tmp_path / "out"
    words = ("backport", fixes, "--onto", str(package), "--out", str(out), *VARIANT)
    done = bisector(*words, "--toolchain", "fast", "--repo", str(ground.path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"backported: applies to {package}" in done.stdout

    source = tmp_path / "haproxy-3.0.11"
    subprocess.run(["cp", "-r", str(haproxy_3_0.path), str(source)], check=True)
    for tar in package.parent.glob("*.debian.tar.xz"):
        subprocess.run(["tar", "-C", str(source), "-xf", str(tar)], check=True)
    subprocess.run(["cp", "-r", str(out / "debian"), str(source)], check=True)
    pushed = quilt.run(source, "push", "-a")
    assert pushed.count("Applying patch") == 4
    assert "fuzz" not in pushed
    for path in ("src/server.c", "src/resolvers.c"):
        assert (source / path).read_bytes() == (haproxy_3_0.path / path).read_bytes()

    again = bisector("probe", str(source), "--toolchain", "fast", "--repo", str(ground.path))
    assert again.returncode == 0, again.stdout + again.stderr


def test_debians_own_package_is_built_with_its_options(
    real_workspace: Workspace, ground: Playground
) -> None:
    name = "debian:haproxy/bookworm"
    obtain(lambda: debian_package.fetch(real_workspace, name))
    words = ("probe", name, "--offline", "--toolchain", "fast", "--repo", str(ground.path))
    done = bisector(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "good: haproxy 2.6.12-1" in done.stdout
    options = "USE_OPENSSL=1 USE_PCRE2=1 USE_PCRE2_JIT=1 USE_PROMEX=1 USE_SYSTEMD=1"
    assert options in done.stdout


class Quilt:
    """The program quilt, from Debian's packages of it and of patch in *root*."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def run(self, folder: Path, *words: str) -> str:
        """Its output in the unpacked package at *folder*; patches apply without fuzz."""
        env: Mapping[str, str] = {
            "PATH": f"{self._root}/usr/bin:{os.environ['PATH']}",
            "QUILT_DIR": f"{self._root}/usr/share/quilt",
            "QUILT_PATCHES": "debian/patches",
            "QUILT_PATCH_OPTS": "--fuzz=0",
        }
        program = ["bash", f"{self._root}/usr/bin/quilt", "--quiltrc", "-", *words]
        done = subprocess.run(program, cwd=folder, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def quilt(real_workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Quilt:
    folder = tmp_path_factory.mktemp("quilt")

    def fetch() -> Quilt:
        with open_index(real_workspace) as index:
            index.apt("apt-get", "download", "quilt", "patch", cwd=folder)
        for package in folder.glob("*.deb"):
            run_apt(["dpkg-deb", "--extract", str(package), str(folder)], folder / "log")
        return Quilt(folder)

    return obtain(fetch)
