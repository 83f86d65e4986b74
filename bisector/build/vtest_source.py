"""VTest's source as the user names it: a folder, an archive, or a git repository.

Each becomes an archive first, so that there is one way into the tree that is built: no link in it
leads out, and nothing in it was built elsewhere.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bisector.errors import MissingProgram, UsageProblem
from bisector.system import archives
from bisector.system.files import digest
from bisector.system.process import Finished, run

KINDS = "FOLDER|ARCHIVE|GIT-URL"
SCRIPT = "scripts/build-vtest.sh"  # in HAProxy's source: downloads VTest's source and builds it
PROGRAM = "vtest"  # the target in the source's Makefile, and the program that it makes

_SECONDS = 600.0  # for a clone over a slow network
_SHOWN = 12  # digits of a commit or a digest
_ADVICE = f"name VTest's source: {KINDS}"
_URL = re.compile(r"(https|ssh|file)://|[\w.-]+@[\w.-]+:")
_ANY_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.I)
_TARGET = re.compile(rb"^vtest\s*:(?!=)", re.M)
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_KEYS = ("HOME", "SSH_AUTH_SOCK")  # for git only: it is the user's, and runs nothing of the source


@dataclass(frozen=True)
class SourceTree:
    """VTest's source in a folder that may be written, and what it is, such as `commit 11ee91`."""

    path: Path
    origin: str


def fetch(named: str, scratch: Path) -> SourceTree:
    """The source that the user *named*, in a new folder in *scratch*.

    Of a git repository it is the commit that is checked out. Raises UsageProblem if it is no
    source of VTest or cannot be had, MissingProgram without git.
    """
    archive, commit = scratch / "source.tar", ""
    if _is_repository(named):
        commit = _clone(named, scratch, archive)
    elif _ANY_URL.match(named):
        raise UsageProblem(f"{named} is no URL for https, ssh or file", _ADVICE)
    elif (folder := Path(named)).is_dir():
        _require_target(folder, named)  # before a large folder is read for nothing
        archives.pack(folder, archive, _is_source)
    elif folder.is_file():
        archive = folder
    else:
        raise UsageProblem(f"{named} is neither a folder nor a file nor a URL", _ADVICE)
    unpacked = scratch / "source"
    unpacked.mkdir()
    archives.unpack(archive, unpacked, named)
    tree = _top(unpacked)
    _require_target(tree, named)
    content = digest(*_contents(tree))
    return SourceTree(tree, f"{'commit' if commit else 'source'} {(commit or content)[:_SHOWN]}")


def proxies() -> dict[str, str]:
    """The settings of this process for programs that use the network."""
    return _of_environment(*_PROXIES, *(name.upper() for name in _PROXIES))


def _of_environment(*names: str) -> dict[str, str]:
    return {name: os.environ[name] for name in names if name in os.environ}


def _is_repository(named: str) -> bool:
    folder = Path(named)
    return bool(_URL.match(named)) or (
        (folder / ".git").exists()
        or ((folder / "HEAD").is_file() and (folder / "objects").is_dir())
    )


def _clone(named: str, scratch: Path, archive: Path) -> str:
    """Write the tree of the repository's HEAD to *archive*; its commit.

    The clone has no work tree, so no hook and no filter is run for one.
    """
    home = scratch / "clone.git"
    url = named if _URL.match(named) else str(Path(named).absolute())
    _git(named, scratch, "clone", "--bare", "--depth", "1", "--no-local", "--", url, str(home))
    commit = _git(named, scratch, "-C", str(home), "rev-parse", "--verify", "HEAD").output.strip()
    _git(named, scratch, "-C", str(home), "archive", "--format=tar", f"--output={archive}", commit)
    return commit


def _git(named: str, scratch: Path, *words: str) -> Finished:
    if not shutil.which("git"):
        raise MissingProgram("no git on this machine", "install it, or name an archive")
    env = {
        **proxies(),
        **_of_environment(*_KEYS),
        "GIT_ALLOW_PROTOCOL": "https:ssh:file",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
    }
    done = run(["git", *words], log=scratch / "git.log", timeout=_SECONDS, env=env)
    if not done.ok:
        said = re.findall(r"^(?:fatal|error): (.+)$", done.output, re.M)
        why = said[0] if said else f"git {words[0]} ended with {done.status}"
        raise UsageProblem(f"git cannot read {named}: {why}", _ADVICE)
    return done


def _is_source(path: Path) -> bool:
    """Whether *path*, relative to a plain folder, is not what an earlier build left there."""
    return path.suffix != ".o" and path != Path(PROGRAM)


def _top(unpacked: Path) -> Path:
    """The folder with the Makefile: archives often have one folder that has all."""
    inner = list(unpacked.iterdir())
    alone = len(inner) == 1 and inner[0].is_dir()
    return inner[0] if alone else unpacked


def _require_target(folder: Path, named: str) -> None:
    makefile = folder / "Makefile"
    if not makefile.is_file() or not _TARGET.search(makefile.read_bytes()):
        raise UsageProblem(f"{named} has no Makefile that makes {PROGRAM}", _ADVICE)


def _contents(tree: Path) -> Iterator[str | bytes]:
    for path in sorted(path for path in tree.rglob("*") if path.is_file()):
        yield path.relative_to(tree).as_posix()
        yield path.read_bytes()
