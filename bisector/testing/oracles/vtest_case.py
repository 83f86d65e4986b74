"""A VTest case: a scenario's, rendered from its templates, or any .vtc file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self

from bisector.errors import ScenarioProblem
from bisector.record.verdict import Ruling, Verdict
from bisector.system import tools
from bisector.system.process import Finished
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace, digest, explained
from bisector.testing import guards, vtest
from bisector.testing.companions import companions
from bisector.testing.oracle import Oracle, Trial, check_pattern
from bisector.testing.vtest_log import SKIPPED, Patterns, classify

# A scenario takes 0.3 s, and waits for a state for 3 s at most.
SCENARIO_SECONDS = 10.0

# How a skipped test's reason begins: upstream's run-regtests.sh reads comments, VTest guards.
BY_COMMENT, BY_GUARD = "skipped, as run-regtests.sh does", "VTest skipped it: it needs"


@dataclass(frozen=True)
class VTestCase(Oracle):
    """A VTest case with the patterns that judge it.

    ``vtc`` is the file's name. A scenario's case is rendered: ``files`` holds the texts by name.
    A user's own case lies in ``folder``, which is its ${testdir}. The patterns are regular
    expressions for VTest's log (MULTILINE): without ``bad``, a failed expectation is what makes a
    binary bad.
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
        """The case of a scenario's variant: its files by name, its signature, its control."""
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
        """Any .vtc file, by its path; its folder is its ${testdir}.

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
        """VTest, or varnishtest, its ancestor."""
        return (tools.require_vtest(workspace),)

    def conditions(self) -> tuple[str, ...]:
        """What every HAProxy in the test is started with."""
        return (vtest.haproxy_args(),)

    @property
    def knows_its_bug(self) -> bool:
        """Whether the bug's signature is given."""
        return self.bad is not None

    @property
    def patterns(self) -> Patterns:
        """What judges VTest's log."""
        return Patterns(self.bad, self.control, self.skip)

    def may_differ(self, ruling: Ruling) -> bool:
        """A scenario's test works, or tells that it does not in half a second."""
        return self.control is not None or super().may_differ(ruling)

    def run(self, trial: Trial) -> Ruling:
        """Run VTest once, unless the case's comments say that this binary cannot pass."""
        text, shell = self._text(), self._shell(trial)
        if unmet := guards.unmet(text, shell):
            trial.log.write_text("".join(f"does not hold: {comment}\n" for comment in unmet))
            return Ruling(Verdict.UNTESTABLE, f"{BY_COMMENT}: {', '.join(unmet)}", unmet)
        buffer = vtest.LOG_BUFFER if self.folder else vtest.SCENARIO_BUFFER
        with vtest.place(self.vtc, self.files, self.folder, trial) as place:
            done = vtest.run_test(place, trial, buffer)
        ruling = classify(done, self.patterns)
        if done.status == SKIPPED and (needed := guards.failed_guard(text, shell)):
            ruling = replace(ruling, reason=f"{BY_GUARD} {needed}")
        return replace(ruling, seconds=done.seconds)

    def files_of_user(self) -> tuple[tuple[str, bytes], ...]:
        """The .vtc file with its companions. Raises WorkspaceProblem if one cannot be read."""
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
        """The case's text; empty if it cannot be read, which VTest then says, too."""
        if not self.folder:
            return dict(self.files).get(self.vtc, "")
        try:
            return Path(self.folder, self.vtc).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def _shell(self, trial: Trial) -> Callable[[str], Finished]:
        """Runs a shell command where and as VTest runs those of this case."""

        def run(command: str) -> Finished:
            with vtest.place(self.vtc, self.files, self.folder, trial) as place:
                return vtest.run_shell(place, trial, command)

        return run
