"""Missing headers, libraries and programs are attributed to the machine or to the revision."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pygit2
import pytest

from bisector.build import shortage
from bisector.build.shortage import Missing
from bisector.errors import EnvironmentProblem, MissingLibrary, MissingProgram
from bisector.system import packages
from tests.support.clone import Clone

LOG = Path("/log")
FORMS = {
    "gcc": "src/x.c:2:10: fatal error: {}: No such file or directory",
    "clang": "src/x.c:2:10: fatal error: '{}' file not found",
    "tcc": "src/x.c:2: error: include file '{}' not found",
}
LINKERS = {
    "ld": "/usr/bin/ld: cannot find -l{}: No such file or directory",
    "ld before 2.38": "/usr/bin/ld: cannot find -l{}",
    "gold": "/usr/bin/ld.gold: error: cannot find -l{}",
    "lld": "ld.lld: error: unable to find library -l{}",
    "mold": "mold: fatal: library not found: {}",
    "tcc": "tcc: error: library '{}' not found",
}
SOURCE = '#include <a.h>\n{}\n#include "b.h"\n'


@pytest.fixture(autouse=True)
def _root_on_debian(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "os_release", lambda: {"ID": "debian"})
    monkeypatch.setattr(os, "geteuid", lambda: 0)


@pytest.fixture
def tree(clone: Clone) -> pygit2.Tree:
    files = {
        "include/haproxy/regex.h": "",
        "include/import/eb32tree.h": "",
        "addons/promex/include/promex/promex.h": "",
        "addons/wurfl/dummy/wurfl/wurfl.h": "",
        "admin/systemd/x.h": "",
        "tests/unit/only.h": "",
        "src/x.c": SOURCE.format("#include <x.h>"),
    }
    return clone.git[clone.commit(files)].peel(pygit2.Tree)


def said(compiler: str, header: str) -> str:
    line = FORMS[compiler].format(header)
    return f"  CC      src/x.o\nIn file included from src/y.c:1:\n{line}\nmake: *** [x] Error 1\n"


def refusal(output: str, tree: pygit2.Tree) -> EnvironmentProblem | None:
    try:
        shortage.raise_if_missing(output, tree, LOG)
    except EnvironmentProblem as problem:
        return problem
    return None


@pytest.mark.parametrize("compiler", FORMS)
@pytest.mark.parametrize(
    ("header", "remedy"),
    [
        ("pcre.h", "run: apt-get install -y libpcre3-dev"),
        ("pcre2.h", "run: apt-get install -y libpcre2-dev"),
        ("openssl/ssl.h", "run: apt-get install -y libssl-dev"),
        ("zlib.h", "run: apt-get install -y zlib1g-dev"),
        ("lua.h", "run: apt-get install -y liblua5.4-dev"),
        ("systemd/sd-daemon.h", "run: apt-get install -y libsystemd-dev"),
        ("crypt.h", "run: apt-get install -y libcrypt-dev"),
        ("slz.h", "install the package that has slz.h"),
        ("wurfl/wurfl.h", "install the package that has wurfl/wurfl.h"),
        ("netlink/cache.h", "install the package that has netlink/cache.h"),
        ("only.h", "install the package that has only.h"),
    ],
)
def test_a_header_that_is_not_haproxys_is_missing_on_the_machine(
    tree: pygit2.Tree, compiler: str, header: str, remedy: str
) -> None:
    with pytest.raises(MissingLibrary) as caught:
        shortage.raise_if_missing(said(compiler, header), tree, LOG)
    assert str(caught.value) == f"no {header} on this machine: {remedy} (log: /log)"
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("system", [{"ID": "alpine"}, {"ID": "nixos"}, {}])
def test_whose_fault_it_is_does_not_depend_on_the_names_of_packages(
    tree: pygit2.Tree, monkeypatch: pytest.MonkeyPatch, system: dict[str, str]
) -> None:
    monkeypatch.setattr(packages, "os_release", lambda: system)
    for header in ("systemd/sd-daemon.h", "slz.h", "zlib.h"):
        assert refusal(said("gcc", header), tree), header
    assert refusal(said("gcc", "haproxy/quic_token.h"), tree) is None


def test_on_another_system_its_own_command_is_named(
    tree: pygit2.Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "os_release", lambda: {"ID": "fedora"})
    problem = refusal(said("gcc", "pcre2.h") + said("gcc", "wurfl/wurfl.h"), tree)
    assert problem
    assert problem.hint == (
        "run: dnf install -y pcre2-devel, and install the package that has wurfl/wurfl.h"
        " (log: /log)"
    )


@pytest.mark.parametrize("compiler", FORMS)
@pytest.mark.parametrize(
    "header",
    [
        "haproxy/quic_token.h",  # forgotten, or of a later revision
        "import/nothing.h",
        "types/server.h",  # of an earlier one
        "promex/more.h",
        "eb32tree.h",  # at another place
    ],
)
def test_a_missing_header_of_haproxys_is_the_revisions_fault(
    tree: pygit2.Tree, compiler: str, header: str
) -> None:
    assert refusal(said(compiler, header), tree) is None


@pytest.mark.parametrize("compiler", FORMS)
def test_a_missing_header_in_quotes_is_the_revisions_fault(clone: Clone, compiler: str) -> None:
    quoted = clone.commit({"src/x.c": SOURCE.format('# include  "y.h"')})
    angled = clone.commit({"src/x.c": SOURCE.format("#include <y.h>")})
    output = said(compiler, "y.h")
    assert refusal(output, clone.git[quoted].peel(pygit2.Tree)) is None
    assert refusal(output, clone.git[angled].peel(pygit2.Tree))
    assert refusal(output.replace("src/x.c:2", "src/x.c:9"), clone.git[quoted].peel(pygit2.Tree))
    for elsewhere in ("/usr/z.h", "src"):
        there = output.replace("src/x.c", elsewhere)
        assert refusal(there, clone.git[quoted].peel(pygit2.Tree)), elsewhere


@pytest.mark.parametrize("linker", LINKERS)
def test_a_missing_library_is_missing_on_the_machine(tree: pygit2.Tree, linker: str) -> None:
    for name, remedy in (
        ("pcre", "run: apt-get install -y libpcre3-dev"),
        ("foo", "install the package that has -lfoo"),
    ):
        problem = refusal(f"  LD  haproxy\n{LINKERS[linker].format(name)}\n", tree)
        assert str(problem) == f"no -l{name} on this machine: {remedy} (log: /log)"


def test_everything_missing_is_named_once_with_its_packages(tree: pygit2.Tree) -> None:
    names = ("pcre.h", "zlib.h", "pcreposix.h", "pcre.h")
    problem = refusal("".join(said("gcc", name) for name in names), tree)
    assert problem
    assert problem.what == "no pcre.h, zlib.h, pcreposix.h on this machine"
    assert problem.hint == "run: apt-get install -y libpcre3-dev zlib1g-dev (log: /log)"


@pytest.mark.parametrize(
    "output",
    [
        "",
        "src/x.c:2:10: error: too few arguments to function 'pcre_exec'\n",
        "src/x.c:2:10: fatal error: too many errors: No such file or directory\n",
        "haproxy.c:(.text+0x9): undefined reference to `pcre_exec'\n",
        '   2 | #error "cannot find -lpcre"\n',
        "make: *** No rule to make target 'pcre.h', needed by 'haproxy'.  Stop.\n",
        "make: pcre-config: No such file or directory\nmake: *** [Makefile:4: src/x.o] Error 1\n",
    ],
)
def test_other_failures_are_not_about_missing_files(tree: pygit2.Tree, output: str) -> None:
    assert refusal(output, tree) is None


@pytest.mark.parametrize(
    "words",
    [
        "make: clang-99: No such file or directory",
        "/bin/sh: 1: clang-99: not found",
        "sh: line 1: clang-99: command not found",
    ],
)
def test_a_missing_program_that_makes_make_fail_is_named(tree: pygit2.Tree, words: str) -> None:
    output = f"make: pcre-config: No such file or directory\n{words}\n"
    with pytest.raises(MissingProgram, match=r"^no clang-99 on this machine: install it"):
        shortage.raise_if_missing(f"{output}make: *** [Makefile:9: src/x.o] Error 127\n", tree, LOG)
    assert refusal(f"{output}make: *** [Makefile:9: src/x.o] Error 1\n", tree) is None


def test_a_missing_program_of_the_source_tree_is_the_revisions_fault(tree: pygit2.Tree) -> None:
    output = "/bin/sh: 1: ./scripts/x.sh: not found\nmake: *** [Makefile:9: x] Error 127\n"
    assert refusal(output, tree) is None


def test_a_file_that_another_compiler_finds_is_not_missing(tree: pygit2.Tree) -> None:
    output = said("tcc", "stdatomic.h") + said("tcc", "pcre.h")
    asked: list[Missing] = []

    def is_present(item: Missing) -> bool:
        asked.append(item)
        return item.name == "stdatomic.h"

    with pytest.raises(MissingLibrary, match=r"^no pcre\.h on this machine"):
        shortage.raise_if_missing(output + said("tcc", "haproxy/x.h"), tree, LOG, is_present)
    assert [item.name for item in asked] == ["stdatomic.h", "pcre.h"]


def test_gcc_finds_only_its_own_and_the_systems_headers_and_libraries() -> None:
    if not shutil.which("gcc"):
        pytest.skip("no gcc on this machine")
    for name in ("stdatomic.h", "stdio.h", "sys/epoll.h"):
        assert shortage.gcc_finds(Missing(name)), name
    for name in ("gcc", "c"):
        assert shortage.gcc_finds(Missing(name, library=True)), name
    for library in (False, True):
        assert not shortage.gcc_finds(Missing("no-such-thing.h", library=library))


def test_a_hostile_log_is_searched_in_time(tree: pygit2.Tree) -> None:
    for place in ("a\0b:2", "..:2", ":2", "src/x.c:0", "/:999999999"):
        refusal(f"{place}:1: fatal error: y.h: No such file or directory\n", tree)
    for text in ("x" * 10**7, "ld" * 10**6 + ": cannot find -l", "1:" * 10**6, "a:1:1: " * 10**6):
        assert refusal(text, tree) is None
