"""The oracle that runs a VTest case: one rendered from a scenario, or any .vtc file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self

from bisector.errors import ScenarioProblem
from bisector.record.verdict import Ruling, Verdict
from bisector.system import tools
from bisector.system.files import digest, explained
from bisector.system.process import Finished
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace
from bisector.testing import guards, vtest
from bisector.testing.companions import companions
from bisector.testing.oracle import Oracle, Trial, check_pattern
from bisector.testing.vtest_log import SKIPPED, Patterns, classify

# A scenario's test takes 0.3 s, and waits at most 3 s for one state.
SCENARIO_SECONDS = 10.0

# How the reason for a skipped test begins: by comments (run-regtests.sh), by guards (VTest).
BY_COMMENT, BY_GUARD = "skipped, as run-regtests.sh does", "VTest skipped it: it needs"


@dataclass(frozen=True)
class VTestCase(Oracle):
    """A VTest case, with patterns for VTest's log.

    ``vtc`` is the file's name. A scenario's case is rendered: ``files`` holds the texts by name.
    A user's own case is in ``folder``, its ${testdir}. The patterns ``bad``, ``control`` and
    ``skip`` are those of Patterns; without ``bad``, a failed expectation makes a binary bad.
    """

    option: ClassVar[str] = "vtc"
    summary: ClassVar[str] = "any VTest case, instead of a scenario"

    vtc: str
    files: tuple[tuple[str, str], ...] = ()
    folder: str = ""
    bad: str | None = None
    control: str | None = None
    skip: str | None = None

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
            files,
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
        for option, pattern in (("--bad-if", bad_if), ("--skip-if", skip_if)):
            check_pattern(pattern, option)
        path = Path(text)
        folder = path.absolute().parent
        try:
            content = path.read_bytes()
            beside = companions(folder, content.decode("utf-8", "replace"))
        except OSError as error:
            what = f"cannot read {error.filename or path}"
            raise ScenarioProblem(what, error.strerror or str(error)) from error
        if b"varnishtest" not in content and b"vtest" not in content:
            raise ScenarioProblem(f"{path} is no VTest case", 'one begins with: vtest "title"')
        key = digest(path.name.encode(), content, repr((bad_if, skip_if)).encode(), *beside)
        return cls(path.stem, key, path.name, folder=str(folder), bad=bad_if, skip=skip_if)

    @classmethod
    def find_tools(cls, workspace: Workspace) -> tuple[Tool, ...]:
        """VTest, or its predecessor varnishtest. Raises MissingProgram."""
        return (tools.require_vtest(workspace),)

    def conditions(self) -> tuple[str, ...]:
        """The arguments of every HAProxy in the test."""
        return (vtest.haproxy_args(),)

    @property
    def knows_its_bug(self) -> bool:
        """Whether there is a pattern for the bug's signature."""
        return self.bad is not None

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
            return Ruling(Verdict.UNTESTABLE, f"{BY_COMMENT}: {', '.join(unmet)}", unmet)
        buffer = vtest.LOG_BUFFER if self.folder else vtest.SCENARIO_BUFFER
        with vtest.place(self.vtc, self.files, self.folder, trial) as place:
            ran = vtest.run_test(place, trial, buffer)
        done = ran.finished
        ruling = classify(done, self.patterns, ran.deaths)
        if done.status == SKIPPED and (needed := guards.failed_guard(text, shell)):
            ruling = replace(ruling, reason=f"{BY_GUARD} {needed}")
        return replace(ruling, seconds=done.seconds)

    def files_of_user(self) -> tuple[tuple[str, bytes], ...]:
        """The .vtc file and its companions. Raises WorkspaceProblem if one cannot be read."""
        if not self.folder:
            return ()
        folder = Path(self.folder)
        with explained(f"cannot read {folder / self.vtc}"):
            content = (folder / self.vtc).read_bytes()
            found = companions(folder, content.decode("utf-8", "replace"))
        names = (name.decode() for name in found[::2])
        return ((self.vtc, content), *zip(names, found[1::2], strict=True))

    def moved_to(self, folder: Path) -> Self:
        return replace(self, folder=str(folder)) if self.folder else self

    def _text(self) -> str:
        """The case's text; '' if it cannot be read, which VTest reports, too."""
        if not self.folder:
            return dict(self.files).get(self.vtc, "")
        try:
            return Path(self.folder, self.vtc).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def _shell(self, trial: Trial) -> Callable[[str], Finished]:
        """A function that runs a shell command as VTest runs those of this case."""

        def run(command: str) -> Finished:
            with vtest.place(self.vtc, self.files, self.folder, trial) as place:
                return vtest.run_shell(place, trial, command)

        return run
