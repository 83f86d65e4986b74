"""What others need to repeat a triage: words for the command line, and the test's own files."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

from bisector.jobs.triage.revisions import Named
from bisector.probing.options import AUTO, Options
from bisector.probing.setup import DEFAULT_SCENARIO, Asked
from bisector.record.triage_events import Repeatable, TestFile
from bisector.testing import secrets

_MOST_BYTES = 20_000  # of a file whose text is told


def repeatable(asked: Asked, revisions: Iterable[Named]) -> Repeatable:
    """What others need to repeat the job on *revisions*. Raises WorkspaceProblem."""
    texts = {
        name: content.decode("utf-8", "replace")
        for name, content in asked.context.oracle.files_of_user()
        if len(content) <= _MOST_BYTES and b"\0" not in content
    }
    removed = [
        f"{name}, line {one.line}: {one.kind}"
        for name, text in texts.items()
        for one in secrets.find(text)
    ]
    return Repeatable(
        tuple(one.name for one in revisions),
        tuple(words_of(asked.options)),
        tuple(map(_named, asked.options.patches)),
        tuple(TestFile(name, secrets.without(text)) for name, text in texts.items()),
        tuple(removed),
        tuple(dict.fromkeys(filter(None, _private(asked)))),
    )


def words_of(options: Options) -> Iterator[str]:
    """The options that decide verdicts, as words of a command line; a path becomes its name."""
    named = (
        ("--scenario", (options.scenario or (None if options.own_test else DEFAULT_SCENARIO),)),
        ("--set", options.settings),
        *((f"--{name}", (value,)) for name, value in filter(None, [options.own_test])),
        *((f"--{name}", (value,)) for name, value in options.extras),
        *((f"--{name}", (value,)) for name, value in filter(None, [options.around])),
        ("--bad-if", (options.bad_if,)),
        ("--skip-if", (options.skip_if,)),
        ("--fixup", options.fixups),
        ("--like", (options.like,)),
        ("--make", options.make),
        ("--toolchain", (options.toolchain if options.toolchain != AUTO else None,)),
        ("--with", options.beside),
    )
    for option, values in named:
        for value in values:
            if value is not None:
                yield from (option, _named(value)) if value else (option,)
    if options.flaky:
        yield "--flaky"


def _named(value: str) -> str:
    """The file's name, if *value* is the path of a file or a folder here."""
    return Path(value).resolve().name if _is_path(value) else value


def _private(asked: Asked) -> Iterator[str]:
    """The paths and names of this machine that no text for others may have."""
    yield from map(str, (Path.home(), Path.cwd(), asked.workspace.root))
    yield str(asked.history.path.parent)  # of the clone's folder .git, or of a bare one
    yield str(asked.history.path).rstrip("/")
    values = (asked.options.repo, asked.options.like, *asked.options.patches)
    named = (*values, *asked.options.beside, *(asked.options.own_test or ())[1:])
    yield from (str(Path(name).resolve().parent) for name in named if name and _is_path(name))
    yield from (socket.gethostname(), _user())


def _is_path(value: str) -> bool:
    try:
        return Path(value).exists()
    except (OSError, ValueError):  # a long command, or one with a zero byte
        return False


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
