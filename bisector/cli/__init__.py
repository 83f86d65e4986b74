"""The command line: one small file per command, which parses, calls and prints."""

from __future__ import annotations

import io
import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from typing import Any, ClassVar

from bisector.cli.command import FAILURES, Command
from bisector.errors import (
    MAKE_ROOM,
    NO_ROOM,
    BisectorError,
    MissingProgram,
    UsageProblem,
    WorkspaceProblem,
)

STATUS_INTERRUPTED = 130
STATUS_BUG = 4
# `git bisect run bisector probe`: 128 and above ends the bisection, 125 skips the revision, and any
# other status but 0 means bad
PROBE_STATUS = {UsageProblem.exit_code: 129, BisectorError.exit_code: 131, STATUS_BUG: 132}
_NO_ROOM = tuple(map(os.strerror, NO_ROOM))


class Bisector(Command):
    """Find the HAProxy commit that broke something and the one that fixed it, and prove both"""

    DESCRIPTION_MORE = "'bisector COMMAND --help' describes a command and its options."
    EXIT_STATUS: ClassVar = {
        0: "the answer is complete and proven",
        1: "it is not",
        **FAILURES,
        STATUS_BUG: "a bug in bisector",
        STATUS_INTERRUPTED: "interrupted; the same command continues",
    }
    PROGNAME = "bisector"

    def _parse_args(self, argv: list[str]) -> Any:
        # before --help is handled, which would hide a mistyped command
        if argv and not argv[0].startswith("-") and argv[0] not in COMMANDS:
            raise _no_command(argv[0])
        return super()._parse_args(argv)

    def main(self, *words: str) -> int:
        if words:
            raise _no_command(words[0])
        if not self.nested_command:
            self.help()
        return 0


COMMANDS = {
    "run": "run.Run",
    "verify": "verify.Verify",
    "backport": "backport.Backport",
    "queue": "queue.Queue",
    "triage": "triage.Triage",
    "affected": "affected.Affected",
    "sweep": "sweep.Sweep",
    "probe": "probe.Probe",
    "reduce": "reduce.Reduce",
    "build": "build.Build",
    "prebuild": "prebuild.Prebuild",
    "new": "new.New",
    "regtest": "regtest.Regtest",
    "scenarios": "scenarios.Scenarios",
    "hunts": "hunts.Hunts",
    "report": "report.Report",
    "cache": "cache.Cache",
    "doctor": "doctor.Doctor",
    "worker": "worker.Worker",
    "completions": "completions.Completions",
    "demo": "demo.Demo",
}
for _name, _class in COMMANDS.items():
    Bisector.subcommand(_name, f"bisector.cli.{_class}")


def _no_command(word: str) -> UsageProblem:
    """The error for *word*, which is no command, with the command that is most like it."""
    import difflib

    near = difflib.get_close_matches(word, COMMANDS, n=1)
    hint = f"did you mean '{near[0]}'?" if near else "'bisector --help' lists them"
    return UsageProblem(f"no command '{word}'", hint)


def main(argv: Sequence[str] | None = None) -> int:
    """Run bisector with the words *argv* (default: sys.argv) and return its exit status."""
    words = list(sys.argv if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal without Unicode gets \u2192 for →
        sys.stdout.reconfigure(errors="backslashreplace")
    # a cancelled CI job cleans up as Ctrl-C does
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _, status = Bisector.run(words, exit=False)
    except BisectorError as error:
        print(f"bisector: {error}", file=sys.stderr)
        status = error.exit_code
    except KeyboardInterrupt:
        print("bisector: stopped; the same command goes on from here", file=sys.stderr)
        return STATUS_INTERRUPTED
    except ImportError as error:
        status = _unimportable(error)
    except Exception as error:
        said = str(error)
        if no_room := next((why for why in _NO_ROOM if why in said), ""):
            # libgit2 raises it, too, and anything else that writes
            full = WorkspaceProblem(no_room, MAKE_ROOM)
            print(f"bisector: {full}", file=sys.stderr)
            status = full.exit_code
        else:
            print(f"bisector: {_bug(error)}", file=sys.stderr)
            status = STATUS_BUG
    return PROBE_STATUS.get(status, status) if words[1:2] == ["probe"] else status


def _unimportable(error: ImportError) -> int:
    """Print which import failed; the exit status of a missing package, or of a bug in bisector."""
    if (error.name or "").partition(".")[0] == "bisector":
        print(f"bisector: {_bug(error)}", file=sys.stderr)
        return STATUS_BUG
    missing = MissingProgram(
        f"a Python package cannot be imported ({error})", "'bisector doctor' says how to get it"
    )
    print(f"bisector: {missing}", file=sys.stderr)
    return missing.exit_code


def _bug(error: Exception) -> str:
    """Write the traceback of an unexpected *error* to the workspace; the line for the user."""
    said = f"a bug in bisector: {type(error).__name__}: {' '.join(str(error).split())}"
    try:
        from bisector.system import versions
        from bisector.system.workspace import Workspace

        path = Workspace.open().folder("crashes") / f"{time.time_ns()}.txt"
        details = [str(sys.argv), *versions.listed(), traceback.format_exc()]
        path.write_text("\n".join(details), encoding="utf-8", errors="backslashreplace")
    except (BisectorError, OSError):
        return said
    return f"{said}: please report it with {path}"
