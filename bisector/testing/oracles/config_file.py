"""The oracle that lets HAProxy check a configuration: `haproxy -c -f FILE`."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self

from bisector.errors import UsageProblem
from bisector.record.failure import Failure, FailureClass
from bisector.record.verdict import Ruling, Verdict
from bisector.system.files import digest
from bisector.system.process import NOT_EXECUTED, Finished
from bisector.testing import output, vtest
from bisector.testing.oracle import Extra, Trial, check_patterns
from bisector.testing.own_file import OwnFile, fingerprint

ACCEPTED, REFUSED = "accepted", "refused"  # the values of --expect

_NOTHING_TO_DO = "Configuration file has no error but will not start"

# Keywords with a path that may be a folder, or the name of a certificate with files beside it.
_FOLDERS = re.compile(r'\b(?:crt|(?:crt|ca|key)-base|ca-file|errorfiles)[ \t]+"?([\w.+-][\w./+-]*)')
_BESIDE_CERTIFICATE = ("key", "ocsp", "issuer", "sctl")


@dataclass(frozen=True)
class ConfigFile(OwnFile):
    """A configuration ``config`` in the user's folder, where HAProxy checks it.

    A binary is bad if it refuses the configuration, or, if ``refused`` is expected, if it accepts
    it.
    """

    option: ClassVar[str] = "config"
    summary: ClassVar[str] = (
        "a configuration, instead of a scenario: good if 'haproxy -c' accepts it, bad if it "
        "refuses it"
    )
    extras: ClassVar[tuple[Extra, ...]] = (
        Extra(
            "expect",
            f"{ACCEPTED}|{REFUSED}",
            f"with --config: what is good; {REFUSED}: bad if it is accepted (default: {ACCEPTED})",
        ),
    )

    stays: ClassVar[bool] = False

    config: str = ""
    refused: bool = False

    @property
    def file(self) -> str:
        return self.config

    @classmethod
    def of_option(cls, text: str, *, bad_if: str | None, skip_if: str | None) -> Self:
        """The configuration with the path *text*.

        Raises ScenarioProblem if it cannot be read or a pattern is no regular expression.
        """
        check_patterns(bad_if, skip_if)
        path = Path(text)
        return cls(
            path.name,
            fingerprint(cls.load(path), cls.option, bad_if, skip_if),
            folder=str(path.absolute().parent),
            config=path.name,
            bad=bad_if,
            skip=skip_if,
        )

    def with_extra(self, name: str, value: str) -> Self:
        """With --expect: the same with what is good."""
        if value not in (ACCEPTED, REFUSED):
            raise UsageProblem(f"--{name} {value}", f"{ACCEPTED} or {REFUSED}")
        if value == ACCEPTED:
            return self
        return replace(self, refused=True, digest=digest(self.digest, value))

    @classmethod
    def searchable(cls, text: str) -> str:
        """The configuration's *text*, with the files that HAProxy finds without their names."""
        found = [name for name in _FOLDERS.findall(text) if ".." not in name]
        found += [f"{name}.{end}" for name in found for end in _BESIDE_CERTIFICATE]
        return "\n".join((text, *(f"${{testdir}}/{name.removeprefix('./')}" for name in found)))

    def lingering(self, seconds: float) -> Self:
        """The same: HAProxy ends when it has checked the configuration."""
        return self

    def repeated(self, times: int) -> Self:
        raise UsageProblem(
            "a check of a configuration cannot be repeated", "use --vtc or --command"
        )

    def conditions(self) -> tuple[str, ...]:
        """The arguments of every HAProxy in a test."""
        return (vtest.haproxy_args(),)

    def run(self, trial: Trial) -> Ruling:
        """Let the binary check the configuration once, in the configuration's folder."""
        with self.place(trial) as place:
            args = shlex.split(vtest.haproxy_args())
            words: list[str | Path] = [trial.binary, *args, "-c", "-f", self.config]
            done = self.execute(words, place, trial, Path(self.folder), {})
        return output.rule(done, self.bad, self.skip, self._by_status)

    def _by_status(self, done: Finished) -> Ruling:
        if ruling := output.unfinished(done, "HAProxy"):
            return ruling
        lines = output.alerts(done.output) or output.last_lines(done.output)
        said = lines[0] if lines else "it printed nothing"
        if done.ok:
            return self._accepted(output.warnings(done.output) or output.last_lines(done.output))
        if done.status in NOT_EXECUTED:
            failure = Failure(FailureClass.BROKEN, output.constant(said))
            return Ruling(Verdict.UNTESTABLE, f"HAProxy does not run: {said}", lines, 0.0, failure)
        if not output.alerts(done.output) and _NOTHING_TO_DO not in done.output:
            # such as its usage, if it does not know an argument
            reason = f"exit status {done.status} without an alert: {said}"
            failure = Failure(FailureClass.HARNESS, output.constant(reason))
            return Ruling(Verdict.UNTESTABLE, reason, lines, 0.0, failure)
        if self.refused:
            return Ruling(Verdict.GOOD, f"HAProxy refuses the configuration: {said}", lines)
        reason, failure = f"HAProxy refuses the configuration: {said}", output.refusal(done.output)
        return Ruling(Verdict.BAD, reason, lines, failure=failure)

    def _accepted(self, lines: tuple[str, ...]) -> Ruling:
        reason = "HAProxy accepts the configuration"
        if self.refused:
            failure = Failure(FailureClass.EXPECTATION, reason)
            return Ruling(Verdict.BAD, reason, lines, failure=failure)
        return Ruling(Verdict.GOOD, reason, lines)
