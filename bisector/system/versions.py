"""The versions of Python, its packages, git and the system, for `doctor` and crash reports."""

from __future__ import annotations

import importlib
import platform
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata

from bisector import __version__
from bisector.errors import EnvironmentProblem
from bisector.system import tools


def python() -> str:
    """The version of this Python and the path of its interpreter."""
    return f"{platform.python_version()}, {sys.executable}"


def package(name: str) -> str:
    """The version of the Python package *name*. Raises ImportError if it cannot be loaded."""
    module = importlib.import_module(name)
    with suppress(metadata.PackageNotFoundError):
        version = metadata.version(name)
        return f"{version} with libgit2 {module.LIBGIT2_VERSION}" if name == "pygit2" else version
    return "of unknown version"


def listed() -> Iterator[str]:
    """One line each for bisector, Python, pygit2, git and the operating system."""
    yield f"bisector {__version__}"
    yield f"Python {python()}"
    try:
        yield f"pygit2 {package('pygit2')}"
    except ImportError as error:
        yield f"pygit2 cannot be loaded: {error}"
    yield _git()
    yield _system()


def _git() -> str:
    with suppress(EnvironmentProblem):
        if git := tools.find_compiler("git"):
            return git.version
    return "git is not there, or does not run"


def _system() -> str:
    release = ""
    with suppress(OSError):
        release = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    return ", ".join(filter(None, (release, platform.platform())))
