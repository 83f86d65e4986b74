"""The make variables that a Debian package gives to HAProxy's Makefile, read from debian/rules.

Nothing of it is run. What only a run could tell, such as the output of a command, is left out.
"""

from __future__ import annotations

import platform
import re
import shlex
from collections.abc import Iterator
from pathlib import PurePosixPath

import pygit2

from bisector.build import makefile, reported
from bisector.build.makefile import UNKNOWN
from bisector.build.reported import Reported

PATH = "debian/rules"

_MAX_BYTES = 1 << 18  # of debian/rules; Debian's has 3 kB
_WORD = re.compile(r"([A-Za-z_]\w*)=(.*)", re.S)
_MAKERS = ("make", "gmake", "dh_auto_build")
_ELSEWHERE = re.compile(r"-[CDf]|install$|.*clean$|-.*directory")

# what decides the binary; the target and the compiler are this machine's
_TAKEN = re.compile(r"USE_\w+|DEFINE|DEBUG|EXTRA_OBJS")
# what is named, as the binary would differ with it
_NAMED = re.compile(r"\w*CFLAGS|\w*LDFLAGS|CC|ADDINC|ADDLIB")

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "i686": "i386", "ppc64le": "ppc64el"}


def of_tree(store: pygit2.Repository, tree: str) -> Reported | None:
    """The options that the package with the tree of this id is built with; None if it has none."""
    top = store[tree].peel(pygit2.Tree)
    try:
        rules = top[PATH].peel(pygit2.Blob)
    except (KeyError, pygit2.GitError, pygit2.InvalidSpecError):
        return None
    return options(rules.data[:_MAX_BYTES].decode("utf-8", "replace"))


def options(rules: str) -> Reported | None:
    """The options in the text of debian/*rules*; None if it gives HAProxy's Makefile none."""
    given = dict(_given(rules))
    taken = {name: text for name, text in given.items() if _TAKEN.fullmatch(name)}
    unknown = tuple(name for name, text in taken.items() if UNKNOWN in text)
    named = tuple(name for name, text in given.items() if _NAMED.fullmatch(name) and text.strip())
    known = {name: text for name, text in taken.items() if name not in unknown}
    found = reported.of_options(known)
    if not given:
        return None
    return Reported(found.features, found.variables, (*found.left_out, *unknown, *named))


def _given(rules: str) -> Iterator[tuple[str, str]]:
    """The variables that the commands of *rules* give to make, where they build."""
    variables, recipes = makefile.evaluated(rules, _machine())
    for recipe in recipes:
        try:
            lexer = shlex.shlex(
                makefile.expanded(recipe, variables), posix=True, punctuation_chars=";&|"
            )
            lexer.whitespace_split, lexer.commenters = True, ""
            words = list(lexer)
        except ValueError:  # a quote that is not closed
            continue
        yield from _of_command(words)


def _of_command(words: list[str]) -> Iterator[tuple[str, str]]:
    """The variables in *words* of a shell if they run make in HAProxy's own folder."""
    while words:
        end = next((i for i, word in enumerate(words) if word.strip(";&|") == ""), len(words))
        command, words = words[:end], words[end + 1 :]
        program = next((word for word in command if not _WORD.fullmatch(word)), "").lstrip("@-+")
        if PurePosixPath(program).name in _MAKERS and not any(map(_ELSEWHERE.match, command)):
            given = filter(None, map(_WORD.fullmatch, command))
            yield from ((match[1], match[2]) for match in given)


def _machine() -> dict[str, str]:
    """What dpkg's makefiles say of this machine, and make itself."""
    cpu = platform.machine()
    name = _ARCHITECTURES.get(cpu, cpu)
    machine = {
        "ARCH": name,
        "ARCH_CPU": name,
        "ARCH_OS": "linux",
        "ARCH_BITS": "64" if cpu.endswith("64") else "32",
        "GNU_CPU": cpu,
        "GNU_SYSTEM": "linux-gnu",
        "GNU_TYPE": f"{cpu}-linux-gnu",
        "MULTIARCH": f"{cpu}-linux-gnu",
    }
    known = {
        f"DEB_{side}_{key}": text for side in ("HOST", "BUILD") for key, text in machine.items()
    }
    return known | {"DEB_BUILD_OPTIONS": "", "DEB_BUILD_PROFILES": "", "MAKE": "make"}
