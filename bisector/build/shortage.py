"""Headers, libraries and programs that a build did not find because the machine lacks them.

A compiler's message is the same for a header that is missing in the revision. The source tree
decides: HAProxy includes its own headers from its own folders or in quotes.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pygit2

from bisector.errors import EnvironmentProblem, MissingLibrary, MissingProgram
from bisector.git.object_store import NOT_BUILT
from bisector.system import packages, tools
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
# GNU ld and gold: cannot find -lpcre; lld: unable to find library -lpcre; mold and tcc: without -l
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

# Folders of HAProxy's headers in any version: a revision may include from one that it lacks.
_OWN_FOLDERS = frozenset({"haproxy", "import", "types", "proto", "common"})
_QUOTED = re.compile(rb'\s*#\s*include\s*"')


@dataclass(frozen=True)
class Missing:
    """A header or library that a build did not find.

    A header is included at ``path``:``line``. The ``name`` of a ``library`` is without `lib`.
    """

    name: str
    path: str = ""
    line: int = 0
    library: bool = False

    def __str__(self) -> str:
        return f"-l{self.name}" if self.library else self.name

    @property
    def origin(self) -> str:
        """The library that it belongs to, as `packages` knows it; '' if that is not known."""
        return (packages.of_library if self.library else packages.of_header)(self.name)

    @property
    def packages(self) -> tuple[str, ...]:
        """The distribution's packages that have it, none if they are not known."""
        return packages.packages_of(self.origin) if self.origin else ()


def missing(output: str) -> Iterator[Missing]:
    """The headers and libraries not found, by the *output* of gcc, clang, tcc or a linker."""
    for path, line, *names in _HEADER.findall(output):
        yield Missing("".join(names), path, int(line))
    for names in _LIBRARY.findall(output):
        yield Missing("".join(names), library=True)


def is_haproxys(item: Missing, tree: pygit2.Tree) -> bool:
    """Whether *item* is a header of HAProxy's own, so that the revision with *tree* is at fault."""
    if item.library or item.origin:
        return False
    folder, slash, _ = item.name.partition("/")
    if slash and folder in _OWN_FOLDERS:
        return True
    paths = [f"/{path}" for path in _paths(tree)]
    misplaced = any(path.endswith(f"/{item.name}") for path in paths)
    beside_others = slash and any(f"/include/{folder}/" in path for path in paths)
    return misplaced or bool(beside_others) or _is_quoted(item, tree)


def raise_if_missing(
    output: str, tree: pygit2.Tree, log: Path, is_present: Callable[[Missing], bool] | None = None
) -> None:
    """Raise MissingLibrary or MissingProgram if the build of *tree* failed because of one.

    *output* is what make printed, and *log* where it is. *is_present* says whether the machine has
    a header or library that this compiler does not find.
    """
    items = {
        str(item): item
        for item in missing(output)
        if not is_haproxys(item, tree) and not (is_present and is_present(item))
    }
    if items:
        hint = f"{_remedy(items.values())} (log: {log})"
        raise MissingLibrary(f"no {', '.join(items)} on this machine", hint)
    failed = _NO_PROGRAM.search(output)
    if failed and (programs := _PROGRAM.findall(output, 0, failed.start())):
        raise MissingProgram(f"no {programs[-1]} on this machine", f"install it (log: {log})")


def _remedy(items: Iterable[Missing]) -> str:
    """How to get *items*: the command that installs them, and what no known package has."""
    known = dict.fromkeys(name for item in items for name in item.packages)
    others = [f"install the package that has {item}" for item in items if not item.packages]
    return ", and ".join([*([packages.advice(known)] if known else []), *others])


def gcc_finds(item: Missing) -> bool:
    """Whether gcc finds *item* in its default folders, such as its own <stdatomic.h>.

    See gcc(1), -print-file-name and -v. Raises EnvironmentProblem if gcc fails.
    """
    gcc = tools.find_compiler()
    if gcc is None:
        return False
    if item.library:
        names = [f"lib{item.name}.{suffix}" for suffix in ("so", "a")]
        return any("/" in _output(gcc.path, f"-print-file-name={name}") for name in names)
    output = _output(gcc.path, "-E", "-v", "-x", "c", "/dev/null")
    folders = re.findall(r"^ (/.*)$", output.partition("search starts here:")[2], re.M)
    return any(Path(folder, item.name).is_file() for folder in folders)


def _output(*argv: str | Path) -> str:
    with short_scratch() as scratch:
        done = run(argv, log=scratch / "log", timeout=_SECONDS, cwd=scratch)
    if not done.ok:
        raise EnvironmentProblem(f"{argv[0]} {argv[1]} fails", "run it in a shell to see why")
    return done.output.strip()


def _paths(tree: pygit2.Tree, folder: str = "") -> Iterator[str]:
    """The paths of the files that a build of *tree* may read.

    Folders called `dummy` are left out: they replace a vendor's library only if a build option
    selects them.
    """
    for entry in tree:
        path = f"{folder}{entry.name}"
        if isinstance(entry, pygit2.Tree):
            if path not in NOT_BUILT and entry.name != "dummy":
                yield from _paths(entry, f"{path}/")
        else:
            yield path


def _is_quoted(item: Missing, tree: pygit2.Tree) -> bool:
    """Whether *item* is included with quotes, in a file of *tree*."""
    try:
        source = tree[posixpath.normpath(item.path)].peel(pygit2.Blob)
    except (KeyError, ValueError):  # a header of the machine, or a folder
        return False
    lines = source.data.splitlines()
    directive = lines[item.line - 1 : item.line] if item.line else []
    return any(map(_QUOTED.match, directive))
