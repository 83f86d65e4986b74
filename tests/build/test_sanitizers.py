"""The sanitizers of gcc: tried once on a machine, and what a program with them does."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from bisector.build import sanitizers
from bisector.errors import EnvironmentProblem, MissingLibrary
from bisector.system import tools
from bisector.system.process import Finished, run
from bisector.system.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    root = tmp_path / "workspace"
    root.mkdir()
    return Workspace(root)


def fake_gcc(folder: Path, does: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A gcc at the begin of PATH that is a shell script; its calls but --version are in a file."""
    (folder / "bin").mkdir()
    program, calls = folder / "bin/gcc", folder / "calls"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo "gcc 1" && exit\necho x >>{calls}\n{does}\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    calls.touch()
    return calls


# --- the trial ------------------------------------------------------------------------------------


def test_a_gcc_that_passes_is_tried_once(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tools.require_compiler().path
    calls = fake_gcc(tmp_path, f'exec {real} "$@"', monkeypatch)
    for _ in range(2):
        assert sanitizers.compiler(workspace).path == tmp_path / "bin/gcc"
    assert calls.read_text() == "x\n"


def test_a_missing_library_is_the_machines_and_is_looked_for_again(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    does = "echo '/usr/bin/ld: cannot find -lasan: No such file or directory'; exit 1"
    calls = fake_gcc(tmp_path, does, monkeypatch)
    for _ in range(2):
        with pytest.raises(MissingLibrary, match=r"cannot find -lasan.*install libasan") as caught:
            sanitizers.compiler(workspace)
    assert caught.value.exit_code == 3
    assert calls.read_text() == "x\n" * 2


def test_a_machine_on_which_no_program_with_them_starts_cannot_use_them(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "==1==ERROR: AddressSanitizer failed to allocate 0xdfff0001000 bytes"
    program = f"#!/bin/sh\\necho '{said}'\\nexit 1\\n"
    does = f'while [ "$1" != -o ]; do shift; done; printf "{program}" >$2; chmod +x $2'
    fake_gcc(tmp_path, does, monkeypatch)
    with pytest.raises(EnvironmentProblem, match=r"does not work here: ==1==ERROR: .* failed to"):
        sanitizers.compiler(workspace)


# --- programs -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that misbehaves as its argument says, then prints `end`."""
    folder = tmp_path_factory.mktemp("program")
    (folder / "x.c").write_text(
        "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
        "static int shift(int by) { return 1 << by; }\n"
        "static int freed(char *p) { free(p); return *(volatile char *)p; }\n"
        "__attribute__((noinline)) static int *gone(int n) { int *volatile p = &n; return p; }\n"
        "int main(int argc, char **argv)\n{\n"
        "\tint sum = 0;\n\tswitch (*argv[1]) {\n"
        "\tcase 's': sum = shift(31 + argc); break;\n"
        "\tcase 'f': sum = freed(malloc(argc)); break;\n"
        "\tcase 'r': sum = *gone(argc); break;\n"
        "\tcase 'l': sum = malloc(argc) != NULL; break;\n"
        "\tcase 'm': sum = malloc((size_t)1 << 60) == NULL; break;\n"
        "\tcase 'u': sum = *(int *)(argv[1] + 1); break;\n\t}\n"
        '\tprintf("end %d\\n", sum);\n\treturn 0;\n}\n'
    )
    gcc = tools.require_compiler().path
    command = [str(gcc), "-O1", "-w", *sanitizers.FLAGS, "-o", "x", "x.c"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "x"


def ran(program: Path, fault: str, folder: Path) -> Finished:
    env = sanitizers.ENVIRONMENT
    return run([program, fault], log=folder / "log", timeout=60, env=env)


@pytest.mark.parametrize(
    ("fault", "said"),
    [("f", "heap-use-after-free"), ("r", "stack-use-after-return")],
)
def test_what_address_sanitizer_finds_is_a_crash_with_the_functions_name(
    program: Path, tmp_path: Path, fault: str, said: str
) -> None:
    done = ran(program, fault, tmp_path)
    assert done.status == -signal.SIGABRT
    assert f"ERROR: AddressSanitizer: {said} on address" in done.output
    assert " in main " in done.output


def test_what_ubsan_finds_is_told_and_the_program_goes_on(program: Path, tmp_path: Path) -> None:
    done = ran(program, "s", tmp_path)
    assert "x.c:4:37: runtime error: shift exponent 33 is too large" in done.output
    assert " in shift " in done.output
    assert done.ok and "end" in done.output


@pytest.mark.parametrize("harmless", ["l", "u"], ids=["leak", "unaligned access"])
def test_what_haproxy_does_on_purpose_is_not_told(
    program: Path, tmp_path: Path, harmless: str
) -> None:
    done = ran(program, harmless, tmp_path)
    assert done.ok
    assert len(done.output.splitlines()) == 1


def test_an_allocation_that_is_too_large_fails_as_without_a_sanitizer(
    program: Path, tmp_path: Path
) -> None:
    done = ran(program, "m", tmp_path)
    assert done.ok
    assert "end 1" in done.output
