"""The oracle that runs a VTest case: one rendered from a scenario, or any .vtc file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self

from bisector.errors import ScenarioProblem
from bisector.record.failure import Failure, FailureClass
from bisector.record.verdict import Ruling, Verdict
from bisector.system import tools
from bisector.system.files import digest
from bisector.system.process import Finished
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace
from bisector.testing import guards, memory, minimal, vtc_text, vtest, vtest_lacks
from bisector.testing.oracle import Trial, check_patterns
from bisector.testing.own_file import OwnFile, fingerprint
from bisector.testing.vtest_log import SKIPPED, Patterns, classify

# A scenario's test takes 0.3 s, and waits at most 3 s for one state.
SCENARIO_SECONDS = 10.0

# How the reason for a skipped test begins: by comments (run-regtests.sh), by guards (VTest).
BY_COMMENT, BY_GUARD = "skipped, as run-regtests.sh does", "VTest skipped it: it needs"


@dataclass(frozen=True)
class VTestCase(OwnFile):
    """A VTest case, with patterns for VTest's log.

    ``vtc`` is the file's name. A user's own case is in ``folder``, its ${testdir}. The patterns
    ``bad``, ``control`` and ``skip`` are those of Patterns; without ``bad``, a failed expectation
    makes a binary bad. What comes after HAProxy's start is what is repeated ``times`` times.
    """

    option: ClassVar[str] = "vtc"
    summary: ClassVar[str] = "any VTest case, instead of a scenario"

    vtc: str
    control: str | None = None

    @property
    def file(self) -> str:
        return self.vtc

    @classmethod
    def rendered(
        cls,
        name: str,
        variant: str,
        vtc: str,
        files: tuple[tuple[str, str], ...],
        *,
        bad: str,
        control: str,
    ) -> Self:
        """The case of a scenario's variant, with its files' texts by name and its patterns."""
        key = digest(vtc, *(part for pair in files for part in pair), bad, control)
        return cls(
            name,
            key,
            vtc,
            files=files,
            bad=bad,
            control=control,
            seconds=SCENARIO_SECONDS,
            variant=variant,
        )

    @classmethod
    def of_option(cls, text: str, *, bad_if: str | None, skip_if: str | None) -> Self:
        """The .vtc file with the path *text*; its folder is its ${testdir}.

        Raises ScenarioProblem if it cannot be read or a pattern is no regular expression.
        """
        check_patterns(bad_if, skip_if)
        path = Path(text)
        files = cls.load(path)
        content = files[0][1]
        if b"varnishtest" not in content and b"vtest" not in content:
            raise ScenarioProblem(f"{path} is no VTest case", 'one begins with: vtest "title"')
        key, folder = fingerprint(files, bad_if, skip_if), str(path.absolute().parent)
        return cls(path.stem, key, path.name, folder=folder, bad=bad_if, skip=skip_if)

    def repeated(self, times: int) -> Self:
        again = super().repeated(times)
        again._changed(self._text())  # raises what a run would raise
        return again

    @property
    def needs_vtest(self) -> bool:
        """True."""
        return True

    def find_tools(self, workspace: Workspace) -> tuple[Tool, ...]:
        """VTest, or its predecessor varnishtest, first. Raises MissingProgram."""
        return (tools.require_vtest(workspace), *super().find_tools(workspace))

    def conditions(self) -> tuple[str, ...]:
        """The arguments of every HAProxy in the test."""
        return (vtest.haproxy_args(),)

    @property
    def patterns(self) -> Patterns:
        """The patterns for VTest's log."""
        return Patterns(self.bad, self.control, self.skip)

    def may_differ(self, ruling: Ruling) -> bool:
        """Also true of a scenario: to run its test again takes half a second."""
        return self.control is not None or super().may_differ(ruling)

    def run(self, trial: Trial) -> Ruling:
        """Run VTest once, unless the binary fails the requirements in the case's comments."""
        text, shell = self._text(), self._shell(trial)
        if unmet := guards.unmet(text, shell):
            trial.log.write_text("".join(f"not met: {comment}\n" for comment in unmet))
            reason = f"{BY_COMMENT}: {', '.join(unmet)}"
            return Ruling(Verdict.UNTESTABLE, reason, unmet, failure=_skipped(", ".join(unmet)))
        if names := vtest_lacks.unknown(text, trial.tools[0]):
            return _not_known(names, text, trial, shell)
        buffer = vtest.LOG_BUFFER if self.folder else vtest.SCENARIO_BUFFER
        with self.place(trial, self._changed(text)) as place:
            done = vtest.run_test(place, trial, buffer)
        ruling = classify(done, self.patterns)
        unexplained = not (self.knows_its_bug and ruling.verdict.tested)
        if unexplained and _may_be_broken(ruling) and not minimal.starts(trial):
            ruling = minimal.broken(ruling)
        if done.status == SKIPPED and (needed := guards.failed_guard(text, shell)):
            ruling = replace(ruling, reason=f"{BY_GUARD} {needed}", failure=_skipped(needed))
        elif ruling.failure and ruling.failure.kind is FailureClass.HARNESS:
            more = vtest_lacks.hint(trial.tools[0], ruling.reason)
            ruling = replace(ruling, reason=ruling.reason + more)
        return replace(ruling, seconds=done.seconds)

    def _changed(self, text: str) -> str:
        """The case's *text*, changed for ``linger`` and ``times``; '' if its file has that text.

        Raises ScenarioProblem if there is nothing to repeat.
        """
        if not self.times and not self.linger and text == self._own_text():
            return ""
        if self.times:
            measure = f'shell {{sh "{memory.SCRIPT}"}}'
            text = vtc_text.repeated(text, self.times, memory.interval(self.times), measure)
        if self.linger:
            text = vtc_text.lingering(text, self.linger)
        return vtc_text.moved(text, self.folder) if self.folder else text

    def _text(self) -> str:
        """The case's text with the files that it includes, which older VTests do not know."""
        text = self._own_text()
        return vtc_text.inlined(text, Path(self.folder)) if self.folder else text

    def _own_text(self) -> str:
        """The text of the case's file; '' if it cannot be read, which VTest reports, too."""
        if not self.folder:
            return dict(self.files).get(self.vtc, "")
        return vtest.case_text(Path(self.folder, self.vtc))

    def _shell(self, trial: Trial) -> Callable[[str], Finished]:
        """A function that runs a shell command as VTest runs those of this case."""

        def run(command: str) -> Finished:
            with self.place(trial) as place:
                return vtest.run_shell(place, trial, command)

        return run


def _not_known(
    names: tuple[str, ...], text: str, trial: Trial, shell: Callable[[str], Finished]
) -> Ruling:
    """The ruling on a case with constructs of these *names*, which VTest does not know.

    A guard that fails comes first, as it would in VTest: without that the case says nothing.
    """
    reason = vtest_lacks.reason(trial.tools[0], names)
    failure = Failure(FailureClass.UNSUPPORTED, ", ".join(names))
    if needed := guards.failed_guard(text, shell):
        reason, failure = f"{BY_GUARD} {needed}", _skipped(needed)
    trial.log.write_text(f"not run: {reason}\n")
    return Ruling(Verdict.UNTESTABLE, reason, failure=failure)


def _skipped(needed: str) -> Failure:
    return Failure(FailureClass.SKIPPED, needed)


def _may_be_broken(ruling: Ruling) -> bool:
    """Whether a HAProxy that does not start at all would fail in this way, too."""
    failure = ruling.failure
    return (
        failure is not None
        and failure.kind.learnable
        and failure.kind is not FailureClass.EXPECTATION
    )
