"""What a build did not find on this machine: headers, libraries and programs not of HAProxy's tree.

A compiler says the same of a header that the revision forgot and of one that the machine lacks. The
source tree tells them apart: HAProxy includes its own headers from its own folders or in quotes.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pygit2

from bisector.errors import EnvironmentProblem, MissingLibrary, MissingProgram
from bisector.git.object_store import NOT_BUILT
from bisector.system import tools
from bisector.system.process import run
from bisector.system.workspace import short_scratch

_SECONDS = 30.0  # for one call of gcc; it takes some milliseconds

# gcc: x.c:1:10: fatal error: pcre.h: No such file or directory
# clang: x.c:1:10: fatal error: 'pcre.h' file not found
# tcc: x.c:1: error: include file 'pcre.h' not found
_HEADER = re.compile(
    r"^(\S{1,300}?):(\d{1,9}):(?:\d{1,9}:)? (?:fatal )?error: (?:"
    r"([^\s':]{1,200}): No such file or directory"
    r"|'([^\s']{1,200})' file not found.*"
    r"|include file '([^\s']{1,200})' not found)$",
    re.M,
)
# GNU ld and gold: cannot find -lpcre; lld: unable to find library -lpcre; mold and tcc have no -l
_LIBRARY = re.compile(
    r"^\S{0,300}?\bld(?:\.\w{1,9})?: (?:error: )?(?:cannot find|unable to find library) "
    r"-l([^\s:]{1,99})(?::.*)?$"
    r"|^mold: (?:fatal|error): library not found: (\S{1,99})$"
    r"|^tcc: error: library '([^\s']{1,99})' not found$",
    re.M,
)
_PROGRAM = re.compile(
    r"^(?:g?make(?:\[\d+\])?|(?:/bin/)?sh): (?:(?:line )?\d+: )?([\w.+-]{1,99}): "
    r"(?:No such file or directory|[Cc]ommand not found|not found)$",
    re.M,
)
_NO_PROGRAM = re.compile(r"^g?make(?:\[\d+\])?: \*\*\* .*\bError 127$", re.M)

# Debian's packages for what HAProxy's build options ask for.
_HEADERS: Mapping[str, str] = {
    **dict.fromkeys(("pcre.h", "pcreposix.h"), "libpcre3-dev"),
    **dict.fromkeys(("pcre2.h", "pcre2posix.h"), "libpcre2-dev"),
    **dict.fromkeys(("lua.h", "lauxlib.h", "lualib.h"), "liblua5.4-dev"),
    "openssl/": "libssl-dev",
    "wolfssl/": "libwolfssl-dev",
    "systemd/": "libsystemd-dev",
    "zlib.h": "zlib1g-dev",
    "slz.h": "libslz-dev",
    "crypt.h": "libcrypt-dev",
}
_LIBRARIES: Mapping[str, str] = {
    **dict.fromkeys(("pcre", "pcreposix"), "libpcre3-dev"),
    **dict.fromkeys(("pcre2-8", "pcre2-16", "pcre2-32", "pcre2-posix"), "libpcre2-dev"),
    **dict.fromkeys(("ssl", "crypto"), "libssl-dev"),
    **{f"lua{version}": f"liblua{version}-dev" for version in ("5.3", "5.4")},
    **dict.fromkeys(("c", "dl", "m", "pthread", "rt"), "libc6-dev"),
    "wolfssl": "libwolfssl-dev",
    "systemd": "libsystemd-dev",
    "z": "zlib1g-dev",
    "slz": "libslz-dev",
    "crypt": "libcrypt-dev",
    "lua": "liblua5.4-dev",
    "atomic": "gcc",
}

# Folders of HAProxy's headers at one time or another; a revision may use one that it does not have.
_OWN_FOLDERS = frozenset({"haproxy", "import", "types", "proto", "common"})
_QUOTED = re.compile(rb'\s*#\s*include\s*"')


@dataclass(frozen=True)
class Missing:
    """A header, included at ``path``:``line``, or a ``library`` that a build did not find."""

    name: str
    path: str = ""
    line: int = 0
    library: bool = False

    def __str__(self) -> str:
        return f"-l{self.name}" if self.library else self.name

    @property
    def package(self) -> str:
        """Debian's package that has it, or '' where none is known."""
        if self.library:
            return _LIBRARIES.get(self.name, "")
        folder = f"{self.name.partition('/')[0]}/"
        return _HEADERS.get(self.name) or _HEADERS.get(folder, "")


def missing(output: str) -> Iterator[Missing]:
    """What a build did not find, by its *output*, in the words of gcc, clang, tcc or a linker."""
    for path, line, *names in _HEADER.findall(output):
        yield Missing("".join(names), path, int(line))
    for names in _LIBRARY.findall(output):
        yield Missing("".join(names), library=True)


def is_haproxys(wanted: Missing, tree: pygit2.Tree) -> bool:
    """Whether it is the fault of the revision with this *tree* that *wanted* is not there."""
    if wanted.library or wanted.package:
        return False
    folder, slash, _ = wanted.name.partition("/")
    if slash and folder in _OWN_FOLDERS:
        return True
    paths = [f"/{path}" for path in _paths(tree)]
    misplaced = any(path.endswith(f"/{wanted.name}") for path in paths)
    beside_others = slash and any(f"/include/{folder}/" in path for path in paths)
    return misplaced or bool(beside_others) or _is_quoted(wanted, tree)


def require(
    output: str, tree: pygit2.Tree, log: Path, is_here: Callable[[Missing], bool] | None = None
) -> None:
    """Raise MissingLibrary or MissingProgram if the build of *tree* failed for want of such.

    *is_here* tells what the machine does have, though this compiler does not find it.
    """
    lacking = {
        str(one): one
        for one in missing(output)
        if not is_haproxys(one, tree) and not (is_here and is_here(one))
    }
    if lacking:
        packages = dict.fromkeys(
            f"Debian's {one.package}" if one.package else f"the package that has {one}"
            for one in lacking.values()
        )
        hint = f"install {', '.join(packages)} (log: {log})"
        raise MissingLibrary(f"no {', '.join(lacking)} on this machine", hint)
    failed = _NO_PROGRAM.search(output)
    if failed and (programs := _PROGRAM.findall(output, 0, failed.start())):
        raise MissingProgram(f"no {programs[-1]} on this machine", f"install it (log: {log})")


def gcc_finds(wanted: Missing) -> bool:
    """Whether gcc finds *wanted* where it looks by itself, as it does its own <stdatomic.h>.

    Raises EnvironmentProblem if gcc cannot be asked.
    """
    gcc = tools.find_compiler()
    if gcc is None:
        return False
    if wanted.library:
        names = [f"lib{wanted.name}.{ending}" for ending in ("so", "a")]
        return any("/" in _said(gcc.path, f"-print-file-name={name}") for name in names)
    said = _said(gcc.path, "-E", "-v", "-x", "c", "/dev/null")
    folders = re.findall(r"^ (/.*)$", said.partition("search starts here:")[2], re.M)
    return any(Path(folder, wanted.name).is_file() for folder in folders)


def _said(*argv: str | Path) -> str:
    with short_scratch() as scratch:
        done = run(argv, log=scratch / "log", timeout=_SECONDS, cwd=scratch)
    if not done.ok:
        raise EnvironmentProblem(f"{argv[0]} {argv[1]} fails", "try it by hand")
    return done.output.strip()


def _paths(tree: pygit2.Tree, folder: str = "") -> Iterator[str]:
    """The files that a build of *tree* may read.

    Those below `dummy` are left out: they stand in for a vendor's library only where asked to.
    """
    for entry in tree:
        path = f"{folder}{entry.name}"
        if isinstance(entry, pygit2.Tree):
            if path not in NOT_BUILT and entry.name != "dummy":
                yield from _paths(entry, f"{path}/")
        else:
            yield path


def _is_quoted(wanted: Missing, tree: pygit2.Tree) -> bool:
    """Whether the line that includes *wanted* does so in quotes."""
    try:
        source = tree[posixpath.normpath(wanted.path)].peel(pygit2.Blob)
    except (KeyError, ValueError):  # the machine's own header, or a folder
        return False
    lines = source.data.splitlines()
    included = lines[wanted.line - 1 : wanted.line] if wanted.line else []
    return any(map(_QUOTED.match, included))
