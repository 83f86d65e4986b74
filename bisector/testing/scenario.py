"""Scenarios: what is hunted, as a folder of Jinja templates and a scenario.toml.

A user's folder works like the bundled ones. Whatever is wrong in it is said with file and line.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bisector.errors import ScenarioProblem, UsageProblem
from bisector.testing.oracles.vtest_case import VTestCase

if TYPE_CHECKING:
    import jinja2

BUNDLED = Path(__file__).parent / "scenarios"

Value = str | int | bool
Parameters = Mapping[str, Value]


@dataclass(frozen=True)
class Known:
    """What a scenario knows of its bug's history: hints for the search, never its answer."""

    suspect: str = ""
    fix: str = ""
    patches: str = ""


@dataclass(frozen=True)
class Scenario:
    """A bug to hunt: templates, the parameters they take, and how to judge a run."""

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

    @property
    def vtc(self) -> str:
        """The name of the rendered test case."""
        return next(name for name in self.files if name.endswith(".vtc"))

    def variants(self) -> Iterator[dict[str, Value]]:
        """Every combination of parameters that exists, the default one first."""
        for values in itertools.product(*self.parameters.values()):
            chosen = dict(zip(self.parameters, values, strict=True))
            if not self._excluded(chosen):
                yield chosen

    def crossed(self) -> Iterator[dict[str, Value]]:
        """Variants with every combination of the ``matrix`` parameters, the default one first.

        The values of the others take turns, so that each is met without the product of all. Where
        the scenario has no ``matrix``, all variants.
        """
        groups: dict[tuple[Value, ...], list[dict[str, Value]]] = {}
        for chosen in self.variants():
            crossing = tuple(chosen[name] for name in self.matrix or self.parameters)
            groups.setdefault(crossing, []).append(chosen)
        for turn, group in enumerate(groups.values()):
            yield group[(turn + turn // len(group)) % len(group)]

    def choose(self, settings: Mapping[str, str]) -> dict[str, Value]:
        """The default variant, changed by *settings* (names and values as the user wrote them).

        Raises UsageProblem for an unknown parameter or value, or a combination that is excluded.
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

        *companion* says under which names the files will lie beside the test, if not their own.
        Raises ScenarioProblem with the template's name and line.
        """
        names = {name: name for name in self.files} | dict(companion or {})
        context = {**chosen, "title": self.title, "story": self.story, "companion": names}
        return {name: self._render_one(template, context) for name, template in self.files.items()}

    def _render_one(self, template: str, context: Mapping[str, object]) -> str:
        import jinja2

        try:
            return _environment(self.folder).get_template(template).render(context)
        except jinja2.TemplateSyntaxError as error:
            place = f"{error.filename or self.folder / template}:{error.lineno}"
            raise ScenarioProblem(place, error.message or "syntax error") from error
        except jinja2.TemplateNotFound as error:
            raise ScenarioProblem(
                f"{self.folder / template}", f"no template '{error.name}'"
            ) from error
        except Exception as error:  # whatever a template's expressions can raise
            place = _template_line(error) or str(self.folder / template)
            raise ScenarioProblem(place, str(error)) from error

    def oracle(self, chosen: Parameters) -> VTestCase:
        """The test of one variant, ready to run."""
        files = tuple(self.render(chosen).items())
        return VTestCase.rendered(
            self.name, label(chosen), self.vtc, files, bad=self.bad, control=self.control
        )


@functools.lru_cache(maxsize=8)  # it keeps the templates that it has compiled
def _environment(folder: Path) -> jinja2.Environment:
    """Templates cannot reach Python's internals, and so no module, nor change what they are given.

    The scenario may be somebody else's, and it is rendered outside of the sandbox for tests.
    """
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader([folder, folder.parent, BUNDLED]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def text_of(value: Value) -> str:
    """A parameter's value as the user writes it, in TOML and behind --set."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def label(chosen: Parameters) -> str:
    """A variant in one line: `record=A failure=nxdomain …`."""
    return " ".join(f"{name}={text_of(value)}" for name, value in chosen.items())


def _template_line(error: Exception) -> str:
    """Where in a template *error* was raised: Jinja puts template names and lines in tracebacks."""
    place = ""
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.endswith(".j2") or trace.tb_frame.f_globals.get("__jinja_template__") is not None:
            place = f"{name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
