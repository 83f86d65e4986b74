"""The command line: one small file per command, which parses, calls and prints."""

from __future__ import annotations

import io
import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from typing import Any

from bisector.cli.command import Command
from bisector.errors import (
    MAKE_ROOM,
    NO_ROOM,
    BisectorError,
    MissingProgram,
    UsageProblem,
    WorkspaceProblem,
)
from bisector.system.workspace import Workspace

STATUS_INTERRUPTED = 130
STATUS_BUG = 4
# `git bisect run bisector probe`: from 128 on a status ends the bisection, 125 skips the revision,
# and whatever else is not 0 would make it bad
PROBE_STATUS = {UsageProblem.exit_code: 129, BisectorError.exit_code: 131, STATUS_BUG: 132}
_NO_ROOM = tuple(map(os.strerror, NO_ROOM))


class Bisector(Command):
    """Finds the HAProxy commit that broke something and the one that fixed it, and proves both."""

    PROGNAME = "bisector"

    def _parse_args(self, argv: list[str]) -> Any:
        # before --help is looked for, which would hide a mistyped command
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
    "affected": "affected.Affected",
    "sweep": "sweep.Sweep",
    "probe": "probe.Probe",
    "build": "build.Build",
    "regtest": "regtest.Regtest",
    "scenarios": "scenarios.Scenarios",
    "hunts": "hunts.Hunts",
    "report": "report.Report",
    "cache": "cache.Cache",
    "doctor": "doctor.Doctor",
    "worker": "worker.Worker",
    "demo": "demo.Demo",
}
for _name, _class in COMMANDS.items():
    Bisector.subcommand(_name, f"bisector.cli.{_class}")


def _no_command(word: str) -> UsageProblem:
    """That *word* is no command, with the one that comes nearest."""
    import difflib

    near = difflib.get_close_matches(word, COMMANDS, n=1)
    hint = f"did you mean '{near[0]}'?" if near else "'bisector --help' lists them"
    return UsageProblem(f"no command '{word}'", hint)


def main(argv: Sequence[str] | None = None) -> int:
    """Run bisector with these words (default: the process's own) and give its exit status."""
    words = list(sys.argv if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal that knows no arrows gets \u2192
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
            # it can strike anywhere, inside libgit2, too
            full = WorkspaceProblem(no_room, MAKE_ROOM)
            print(f"bisector: {full}", file=sys.stderr)
            status = full.exit_code
        else:
            print(f"bisector: {_bug(error)}", file=sys.stderr)
            status = STATUS_BUG
    return PROBE_STATUS.get(status, status) if words[1:2] == ["probe"] else status


def _unimportable(error: ImportError) -> int:
    """Say what cannot be imported, and whose fault that is; the exit status."""
    if (error.name or "").partition(".")[0] == "bisector":
        print(f"bisector: {_bug(error)}", file=sys.stderr)
        return STATUS_BUG
    missing = MissingProgram(
        f"a Python package cannot be imported ({error})", "'bisector doctor' says how to get it"
    )
    print(f"bisector: {missing}", file=sys.stderr)
    return missing.exit_code


def _bug(error: Exception) -> str:
    """Keep the details of what nobody expected, and say where."""
    said = f"a bug in bisector: {type(error).__name__}: {' '.join(str(error).split())}"
    try:
        from bisector.system import versions

        path = Workspace.open().folder("crashes") / f"{time.time_ns()}.txt"
        details = [str(sys.argv), *versions.listed(), traceback.format_exc()]
        path.write_text("\n".join(details), encoding="utf-8", errors="backslashreplace")
    except (BisectorError, OSError):
        return said
    return f"{said}: please report it with {path}"
