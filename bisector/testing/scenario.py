"""Scenarios: a bug's test as a folder of Jinja templates with a scenario.toml.

A user's folder works like the bundled ones. Errors in it are reported with file and line.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bisector.errors import UsageProblem
from bisector.testing.oracles.command import SCRIPT, Command
from bisector.testing.oracles.vtest_case import VTestCase
from bisector.testing.own_file import OwnFile
from bisector.testing.templates import rendered

BUNDLED = Path(__file__).parent / "scenarios"

Value = str | int | bool
Parameters = Mapping[str, Value]


@dataclass(frozen=True)
class Known:
    """What a scenario knows about its bug's history; the search uses it as hints only.

    ``suspect`` and ``fix`` are commits or subjects, ``patches`` the name of a bundled series.
    ``bad`` and ``good`` are revisions at which `probe` should give these verdicts.
    """

    suspect: str = ""
    fix: str = ""
    patches: str = ""
    bad: str = ""
    good: str = ""


@dataclass(frozen=True)
class Scenario:
    """The test of a bug: templates, their parameters, and patterns for the log.

    ``files`` are template names by file name: one .vtc, or the script test.sh. ``parameters`` are
    the values of each parameter, the default first; ``exclude`` are combinations that do not exist,
    ``regtests`` those that are rendered for upstream. ``matrix`` names the parameters of which
    verify tests all combinations. ``since`` is the oldest version of HAProxy that a reg-test is for
    ('': any). ``control`` and ``bad`` are patterns, see Patterns. ``make`` are
    make variables, ``toolchain`` is the one that the scenario needs ('': any).
    """

    name: str
    title: str
    story: str
    subsystem: str
    tags: tuple[str, ...]
    folder: Path
    files: Mapping[str, str]
    parameters: Mapping[str, tuple[Value, ...]]
    exclude: tuple[Parameters, ...]
    control: str
    bad: str
    known: Known
    make: Mapping[str, str]
    toolchain: str = ""
    flaky: bool = False
    regtests: tuple[Parameters, ...] = field(default=())
    matrix: tuple[str, ...] = ()
    since: str = ""

    @property
    def vtc(self) -> str:
        """The file name of the test case. Raises UsageProblem if the test is a script."""
        if self.is_script:
            what = f"{self.name} is tested by a script: there is nothing to render for upstream"
            raise UsageProblem(what, "upstream's reg-tests are VTest cases")
        return next(name for name in self.files if name.endswith(".vtc"))

    @property
    def is_script(self) -> bool:
        """Whether the test is a script, SCRIPT, and not a VTest case."""
        return SCRIPT in self.files

    def variants(self) -> Iterator[dict[str, Value]]:
        """All combinations of parameters but the excluded ones, the default first."""
        for values in itertools.product(*self.parameters.values()):
            chosen = dict(zip(self.parameters, values, strict=True))
            if not self._excluded(chosen):
                yield chosen

    def crossed(self) -> Iterator[dict[str, Value]]:
        """One variant for each combination of the ``matrix`` parameters, the default first.

        The other parameters take their values in turn, so that each value occurs. Without a
        ``matrix``, all variants.
        """
        groups: dict[tuple[Value, ...], list[dict[str, Value]]] = {}
        for chosen in self.variants():
            crossing = tuple(chosen[name] for name in self.matrix or self.parameters)
            groups.setdefault(crossing, []).append(chosen)
        for turn, group in enumerate(groups.values()):
            yield group[(turn + turn // len(group)) % len(group)]

    def choose(self, settings: Mapping[str, str]) -> dict[str, Value]:
        """The default variant, changed by *settings* (names and values, as the user wrote them).

        Raises UsageProblem for an unknown parameter or value, or an excluded combination.
        """
        chosen = {name: values[0] for name, values in self.parameters.items()}
        for name, text in settings.items():
            if name not in self.parameters:
                names = ", ".join(self.parameters) or "none"
                raise UsageProblem(f"{self.name} has no parameter '{name}'", f"it has {names}")
            allowed = {text_of(value): value for value in self.parameters[name]}
            if text not in allowed:
                raise UsageProblem(
                    f"{self.name}: {name} cannot be '{text}'", f"one of {', '.join(allowed)}"
                )
            chosen[name] = allowed[text]
        if self._excluded(chosen):
            raise UsageProblem(f"{self.name} has no variant {label(chosen)}")
        return chosen

    def _excluded(self, chosen: Parameters) -> bool:
        return any(all(chosen[k] == v for k, v in rule.items()) for rule in self.exclude)

    def render(
        self, chosen: Parameters, companion: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """The texts of the scenario's files for one variant, by name.

        *companion* maps files to the names that they will have beside the test, if not their own.
        Raises ScenarioProblem with the template's name and line.
        """
        names = {name: name for name in self.files} | dict(companion or {})
        context = {**chosen, "title": self.title, "story": self.story, "companion": names}
        folders = (self.folder, self.folder.parent, BUNDLED)
        return {name: rendered(folders, text, context) for name, text in self.files.items()}

    def oracle(self, chosen: Parameters) -> OwnFile:
        """The oracle of one variant. Raises ScenarioProblem."""
        return self.script(chosen) if self.is_script else self.vtest_case(chosen)

    def vtest_case(self, chosen: Parameters) -> VTestCase:
        """The oracle of one variant of a VTest case."""
        files = tuple(self.render(chosen).items())
        return VTestCase.rendered(
            self.name, label(chosen), self.vtc, files, bad=self.bad, control=self.control
        )

    def script(self, chosen: Parameters) -> Command:
        """The oracle of one variant of a script."""
        texts = self.render(chosen)
        return Command.rendered(self.name, label(chosen), texts, bad=self.bad, control=self.control)


def text_of(value: Value) -> str:
    """A parameter's value as the user writes it, in TOML and with --set."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def label(chosen: Parameters) -> str:
    """A variant as one line: `record=A failure=nxdomain …`."""
    return " ".join(f"{name}={text_of(value)}" for name, value in chosen.items())
