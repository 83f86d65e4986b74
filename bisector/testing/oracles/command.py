"""The oracle that runs a shell command or a script, as `git bisect run` does."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self

from bisector.errors import ScenarioProblem
from bisector.record.failure import Failure, FailureClass
from bisector.record.verdict import Ruling, Verdict
from bisector.system.files import digest
from bisector.system.process import Finished
from bisector.testing import crash, memory, output, vtest
from bisector.testing.log_text import matching, trimmed
from bisector.testing.oracle import Trial, check_patterns
from bisector.testing.own_file import OwnFile, fingerprint
from bisector.testing.vtest import INTERPRETER

SCRIPT = "test.sh"  # the name of a scenario's script
_REVISION = "BISECTOR_REVISION"
_SKIP = 125  # the exit status by which a script tells `git bisect run` to skip a revision
_NAME_LENGTH = 60  # of the test's name in reports

# What dash and bash say of a program that is not there, also if the script goes on.
_NOT_FOUND = re.compile(
    r"^\S+: (?:line )?\d+: .{1,200}: not found$|^.{1,300}: command not found$", re.M
)
# After the program in $@: wait $0 seconds. Or run it $1 times, with $0 after each $2 of them.
_LINGER = '"$@"; status=$?; sleep "$0"; exit $status'
_AGAIN = """\
times=$1 every=$2 round=1
shift 2
while [ $round -le $times ]; do
    BISECTOR_ROUND=$round "$@" || exit
    [ $((round % every)) -ne 0 ] || sh "$0"
    round=$((round + 1))
done"""
# how a file begins that the kernel can execute
_OWN_INTERPRETER = (INTERPRETER.encode(), b"\x7fELF")


@dataclass(frozen=True)
class Command(OwnFile):
    """A shell command, or a ``script``: in the user's folder, or a scenario's.

    ``text`` is a command for `sh -c`, '' if there is a script. The script is executed itself if
    ``executable``, else by sh. A scenario's has a ``control`` as well: a pattern for the output
    without which it says nothing. Where it is run several ``times``, $BISECTOR_ROUND is the number.
    ``revision`` is $BISECTOR_REVISION for a command or script that mentions it (``mentions``).
    """

    option: ClassVar[str] = "command"
    argument: ClassVar[str] = "SHELL|FILE"
    summary: ClassVar[str] = (
        "a shell command or a script, instead of a scenario: good with exit status 0, bad with 1 "
        "to 124, as for 'git bisect run'"
    )

    text: str = ""
    script: str = ""
    executable: bool = False
    control: str | None = None
    mentions: bool = False
    revision: str = ""

    @classmethod
    def rendered(
        cls, name: str, variant: str, files: Mapping[str, str], *, bad: str, control: str
    ) -> Self:
        """The SCRIPT of a scenario's variant, with its files' texts by name and its patterns."""
        parts = (part for pair in files.items() for part in pair)
        return cls(
            name,
            digest(cls.option, *parts, bad, control),
            script=SCRIPT,
            executable=files[SCRIPT].startswith(INTERPRETER),
            files=tuple(files.items()),
            bad=bad,
            control=control,
            variant=variant,
            mentions=_REVISION in "".join(files.values()),
        )

    @property
    def file(self) -> str:
        return self.script

    @classmethod
    def of_option(cls, text: str, *, bad_if: str | None, skip_if: str | None) -> Self:
        """The script with the path *text*, else the shell command *text*.

        Raises ScenarioProblem if a script cannot be read, if there is none, or if a pattern is no
        regular expression.
        """
        check_patterns(bad_if, skip_if)
        if not _names_file(text):
            name = trimmed(text)[:_NAME_LENGTH]
            key = digest(cls.option, text, repr((bad_if, skip_if)))
            mentions = _REVISION in text
            return cls(name, key, text=text, bad=bad_if, skip=skip_if, mentions=mentions)
        path = Path(text)
        files = cls.load(path)
        executable = os.access(path, os.X_OK) and files[0][1].startswith(_OWN_INTERPRETER)
        return cls(
            path.name,
            fingerprint(files, cls.option, executable, bad_if, skip_if),
            folder=str(path.absolute().parent),
            script=path.name,
            executable=executable,
            bad=bad_if,
            skip=skip_if,
            mentions=any(_REVISION.encode() in content for _, content in files),
        )

    def at(self, revision: str) -> Self:
        """Binaries that are the same share a verdict, but not if the test is told the revision."""
        if not self.mentions:
            return self
        return replace(self, revision=revision, digest=digest(self.digest, revision))

    def texts(self) -> list[str]:
        """Those of the command, the script and its companions."""
        return [self.text, *super().texts()]

    def conditions(self) -> tuple[str, ...]:
        """$HAPROXY_ARGS, which the command may use."""
        return (vtest.haproxy_args(),)

    def run(self, trial: Trial) -> Ruling:
        """Run the command once, in a folder of its own, with two free ports."""
        with self.place(trial) as place:
            words = self._around(self._words(place.case))
            done = self.execute(words, place, trial, place.scratch, self._variables(place.case))
        return output.rule(done, self.bad, self.skip, _by_status, self.control)

    def _variables(self, script: Path) -> Mapping[str, str]:
        of_script = {"BISECTOR_TEST_DIR": str(script.parent)} if self.script else {}
        of_revision = {_REVISION: self.revision} if self.revision else {}
        return {**of_script, **of_revision, **_ports()}

    def _words(self, script: Path) -> Sequence[str | Path]:
        if not self.script:
            return ("sh", "-c", self.text)
        return (script,) if self.executable else ("sh", script)

    def _around(self, words: Sequence[str | Path]) -> Sequence[str | Path]:
        """*words*, with what is to be done after them or again."""
        if self.times:
            every = str(memory.interval(self.times))
            return ("sh", "-c", _AGAIN, str(memory.SCRIPT), str(self.times), every, *words)
        if self.linger:
            return ("sh", "-c", _LINGER, f"{self.linger:g}", *words)
        return words


def _names_file(text: str) -> bool:
    """Whether *text* is the path of a file. Raises ScenarioProblem if it can only be one."""
    if not text.strip():
        raise ScenarioProblem("--command: an empty command does nothing", "name a command or file")
    try:
        if Path(text).is_file():
            return True
    except (OSError, ValueError):  # too long for a path, or with a NUL
        return False
    if re.fullmatch(r"[\w.+-]*/[\w./+-]+", text) and not os.access(text, os.X_OK):
        raise ScenarioProblem(f"--command: cannot read {text}", "there is no such file")
    return False


def _ports() -> Mapping[str, str]:
    """Two ports that nobody uses now, as variables; in a sandbox all others are free, too."""
    with ExitStack() as open_:
        sockets = [open_.enter_context(socket.socket()) for _ in range(2)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return {f"BISECTOR_PORT{n}": str(one.getsockname()[1]) for n, one in enumerate(sockets, 1)}


def _by_status(done: Finished) -> Ruling:
    if ruling := output.unfinished(done, "the command"):
        return ruling
    lines, status = output.last_lines(done.output), output.exit_status(done.status or 0)
    said = lines[-1] if lines else "it printed nothing"
    if status == 0:
        return Ruling(Verdict.GOOD, "exit status 0", lines)
    if missing := "".join(matching(done.output, _NOT_FOUND.pattern)[:1]):
        failure = Failure(FailureClass.MISSING, output.constant(missing))
        return Ruling(
            Verdict.UNTESTABLE, f"a program is missing: {missing}", lines, failure=failure
        )
    judged = Verdict.UNTESTABLE if status >= _SKIP else Verdict.BAD
    if status < _SKIP and (died := crash.find(done.output)):
        reason = f"exit status {status}, {died.reason()}"
        return Ruling(judged, reason, died.lines, failure=died.failure)
    if output.refuses(done.output):
        alerts = output.alerts(done.output)
        reason = f"exit status {status}, HAProxy refuses the configuration: {alerts[0]}"
        return Ruling(judged, reason, alerts, failure=output.refusal(done.output))
    if why := output.unusable(status, done.output):
        failure = Failure(FailureClass.UNUSABLE, f"exit status {status}: {output.constant(said)}")
        reason = f"the command itself failed, {why} (exit status {status}): {said}"
        return Ruling(Verdict.UNTESTABLE, reason, lines, failure=failure)
    kind = FailureClass.EXPECTATION if status < _SKIP else FailureClass.HARNESS
    if status == _SKIP:
        kind = FailureClass.SKIPPED
    failure = Failure(kind, f"exit status {status}: {output.constant(said)}")
    return Ruling(judged, f"exit status {status}: {said}", lines, failure=failure)
